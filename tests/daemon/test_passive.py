"""What ties probes that are told to the webhook that tells them."""

from __future__ import annotations

import random
from typing import Any, cast

from config.probing import AlertmanagerProbe, WebhookSilenceProbe
from daemon.metrics.standing import Webhook
from daemon.web.tally import Tally
from probes import registry
from probes.passive.notification import parse
from probes.registry import Means
from probes.sample import Outcome, ProbeResult
from tests.daemon.web.world import World
from tests.probes.passive.alerting import alert, payload

ALERTS = AlertmanagerProbe(kind="alertmanager", path="new", labels={"alertname": "TrunkDown"})
OTHER = AlertmanagerProbe(kind="alertmanager", path="new", labels={"alertname": "Other"})


def means(tally: Tally) -> Means:
    nothing = cast(Any, None)
    return Means(sip=nothing, resolver=nothing, rng=random.Random(1), apis=nothing, callers=tally.callers)


def asked(probe: registry.Probe) -> ProbeResult:
    told: list[ProbeResult] = []
    probe.begin(lambda result, last=True: told.append(result))
    return told[0]


def answered(tally: Tally, region: str, answer: str = "OK") -> None:
    tally.answered("inbound", answer, "ivr", began_ns=0, ended_ns=1, region=region)


def test_callers_are_those_who_were_answered_whatever_they_were_answered() -> None:
    tally = Tally()
    answered(tally, "emea")
    answered(tally, "amer", "DEGRADED")
    tally.absent("inbound", "late")
    tally.refused("unauthorized")
    tally.checked("inbound", "up")
    assert [tally.callers("inbound"), tally.callers("inbound", "amer"), tally.callers("inbound", "apac")] == [2, 1, 0]
    assert tally.callers("outbound") == 0


def test_asking_for_callers_invents_no_series() -> None:
    tally = Tally()
    tally.callers("inbound", "emea")
    assert not tally.answers
    assert not tally.regions


def test_a_silence_probe_counts_its_gate_and_region() -> None:
    settings = WebhookSilenceProbe(kind="webhook_silence", path="new", gate="inbound", region="emea", window=1)
    tally = Tally()
    probe = registry.build("callers", settings, means(tally))
    assert asked(probe).reason == "silence"
    answered(tally, "emea")
    assert asked(probe).outcome is Outcome.PASS


def test_an_alert_reaches_the_probe_by_its_name() -> None:
    shared = means(Tally())
    probe = registry.build("crm", ALERTS, shared)
    assert asked(probe).outcome is Outcome.PASS
    shared.alerts["crm"].hear(parse(payload(alert())), now=World().now)
    assert asked(probe).outcome is Outcome.FAIL


def test_a_reload_keeps_what_is_known_of_alerts_and_drops_that_of_probes_that_go() -> None:
    shared = means(Tally())
    for name in ("stays", "changes", "goes"):
        registry.build(name, ALERTS, shared)
    before = {"stays": ALERTS, "changes": ALERTS, "goes": ALERTS}
    after = {"stays": ALERTS, "changes": OTHER}
    next_ = shared.successor(before, after, apis=cast(Any, None), passwords={})
    registry.build("changes", OTHER, next_)
    assert set(next_.alerts) == {"stays", "changes"}
    assert next_.alerts["stays"] is shared.alerts["stays"]
    assert next_.alerts["changes"] is not shared.alerts["changes"]
    assert set(shared.alerts) == set(before)  # the reload may yet be refused


def test_notifications_are_counted_by_probe_and_result() -> None:
    tally = Tally()
    for how in ("taken", "taken", "malformed"):
        tally.heard("crm", how)
    families = Webhook(tally, clock=World().clock).collect()
    found = {tuple(s.labels.values()): s.value for f in families for s in f.samples if s.name == "cutoverd_webhook_alerts_total"}
    assert found == {("crm", "taken"): 2, ("crm", "malformed"): 1}
