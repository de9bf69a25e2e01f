"""A firing alert with the wanted labels is a failing sample, until it is resolved."""

from __future__ import annotations

from typing import Any

import pytest

from probes.passive.alerts import MOST, AlertmanagerProbe, Alerts, Wanted
from probes.passive.notification import parse
from probes.sample import NS_PER_S, Moment, Origin, Outcome, ProbeResult
from tests.probes.passive.alerting import alert, payload

UTC_NS = 1_796_511_600 * NS_PER_S  # 2026-12-05T23:00:00Z
DOWN = {"alertname": "TrunkDown"}
WATCHDOG = {"alertname": "Watchdog"}


class Told:
    def __init__(self, *, alive: dict[str, str] | None = None) -> None:
        self.alerts = Alerts(Wanted(DOWN, alive or {}, 60 * NS_PER_S))
        self.s = 0

    @property
    def now(self) -> Moment:
        return Moment(UTC_NS + self.s * NS_PER_S, 7 + self.s * NS_PER_S)

    def hears(self, *alerts: dict[str, Any], **more: Any) -> Told:
        self.alerts.hear(parse(payload(*alerts, **more)), now=self.now)
        return self

    def later(self, seconds: int) -> Told:
        self.s += seconds
        return self

    @property
    def result(self) -> ProbeResult:
        told: list[ProbeResult] = []
        AlertmanagerProbe(self.alerts, clock=lambda: self.now).begin(lambda result, last=True: told.append(result))()
        return told[0]

    @property
    def outcome(self) -> Outcome:
        return self.result.outcome


def test_before_anything_was_heard_nothing_fires() -> None:
    assert (Told().outcome, dict(Told().result.facts)) == (Outcome.PASS, {})


def test_a_firing_alert_with_the_labels_fails() -> None:
    told = Told().hears(alert(trunk="new")).later(5).result
    assert (told.outcome, told.code, told.origin, told.reason) == (Outcome.FAIL, 503, Origin.WIRE, "firing")
    assert dict(told.facts) == {"firing": 1, "alert": "TrunkDown", "since_s": 5}


def test_it_fails_on_until_the_alert_is_resolved() -> None:
    told = Told().hears(alert()).later(100_000)
    assert told.outcome is Outcome.FAIL
    assert told.hears(alert(status="resolved", ends="2026-12-05T23:30:00Z")).outcome is Outcome.PASS
    assert dict(told.later(3).result.facts) == {"heard_s": 3}


@pytest.mark.parametrize("labels", [{"name": "Other"}, {"name": ""}])
def test_an_alert_with_other_labels_says_nothing(labels: dict[str, str]) -> None:
    assert Told().hears(alert(**labels)).outcome is Outcome.PASS


def test_several_alerts_are_told_apart_by_fingerprint_and_all_must_end() -> None:
    one, two = alert(trunk="one"), alert(trunk="two")
    told = Told().hears(one, group="1").hears(two, group="2")
    assert told.result.facts["firing"] == 2
    assert told.hears({**one, "status": "resolved"}, group="1").outcome is Outcome.FAIL
    assert told.hears({**two, "status": "resolved"}, group="2").outcome is Outcome.PASS


def test_heard_again_it_is_the_same_alert() -> None:
    told = Told().hears(alert()).later(9).hears(alert()).result
    assert (told.facts["firing"], told.facts["since_s"]) == (1, 9)


def test_what_a_group_does_not_name_any_more_has_ended() -> None:
    told = Told().hears(alert(trunk="one"), alert(trunk="two")).hears(alert(trunk="two"))
    assert told.result.facts["firing"] == 1
    assert told.hears(alert("Other")).outcome is Outcome.PASS


def test_a_truncated_group_ends_nothing_that_it_leaves_out() -> None:
    told = Told().hears(alert(trunk="one")).hears(alert(trunk="two"), truncatedAlerts=1)
    assert told.result.facts["firing"] == 2


def test_another_group_ends_nothing() -> None:
    assert Told().hears(alert(), group="1").hears(alert("Other"), group="2").outcome is Outcome.FAIL


def test_an_alert_with_an_end_ends_by_itself() -> None:
    told = Told().hears(alert(ends="2026-12-05T23:01:00Z"))
    assert told.later(59).outcome is Outcome.FAIL
    assert told.later(1).outcome is Outcome.PASS


def test_without_its_sign_of_life_alertmanager_was_not_heard() -> None:
    told = Told(alive=WATCHDOG)
    assert (told.result.outcome, told.result.reason, told.result.origin) == (Outcome.ERROR, "alertmanager-silent", Origin.SELF)
    assert told.hears(alert("Watchdog")).outcome is Outcome.PASS
    assert told.later(60).outcome is Outcome.PASS
    assert told.later(1).outcome is Outcome.ERROR
    assert dict(told.result.facts) == {"heard_s": 61}


def test_a_notification_without_the_sign_of_life_is_none() -> None:
    assert Told(alive=WATCHDOG).hears(alert("Other")).outcome is Outcome.ERROR


def test_a_sign_of_life_that_is_resolved_is_none() -> None:
    assert Told(alive=WATCHDOG).hears(alert("Watchdog")).hears(alert("Watchdog", status="resolved")).outcome is Outcome.ERROR


def test_a_firing_alert_fails_even_when_alertmanager_has_become_silent() -> None:
    assert Told(alive=WATCHDOG).hears(alert("Watchdog"), alert()).later(1_000).outcome is Outcome.FAIL


def test_only_so_many_are_remembered() -> None:
    told = Told().hears(*(alert(n=str(n)) for n in range(MOST // 2)), group="1")
    told.hears(*(alert(m=str(n)) for n in range(MOST)), group="2")
    assert told.result.facts["firing"] == MOST


def test_what_is_shown_of_an_alert_is_short_and_printable() -> None:
    told = Alerts(Wanted({"severity": "critical"}, {}, 1))
    told.hear(parse(payload(alert("a\x1b[2J\n" + "b" * 500, severity="critical"))), now=Moment(0, 0))
    assert told.standing(now=Moment(0, 0)).facts["alert"] == "a[2J" + "b" * 60
