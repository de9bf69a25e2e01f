"""One attempt at a name: each target by itself within one time, and what is said where there is none."""

from __future__ import annotations

import pytest

from probes.clock import mono_ns
from probes.probe import Cancel
from probes.records import Fault
from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.engine.target import Target
from probes.sip.locating.candidates import Lost
from probes.sip.locating.each import Tell, ask_each
from probes.sip.locating.location import Known
from probes.sip.registering.result import unasked
from tests.probes.sip.registrar import S
from tests.probes.sip.test_register_located import ONE, TWO, Leads


class Asking:
    """Notes who is asked, who is cancelled, and what is reported with whether it was the last."""

    def __init__(self) -> None:
        self.tells: list[Tell] = []
        self.cancelled: list[Target] = []
        self.results: list[tuple[ProbeResult, bool]] = []

    def ask(self, target: Target, tell: Tell) -> Cancel:
        self.tells.append(tell)
        return lambda: self.cancelled.append(target)

    def report(self, result: ProbeResult, *, last: bool = True) -> None:
        self.results.append((result, last))

    def begin(self, way: Leads, *, seconds: float = 1) -> Cancel:
        return ask_each(way, self.ask, self.report, deadline_ns=mono_ns() + int(seconds * S))


async def test_the_attempt_is_over_with_the_last_answer_whichever_that_is() -> None:
    asking = Asking()
    asking.begin(Leads((ONE, TWO)))
    for tell in reversed(asking.tells):
        tell(unasked("pending", 0))
    assert [(result.target, last) for result, last in asking.results] == [(str(TWO), False), (str(ONE), True)]
    assert {result.among for result, _ in asking.results} == {(str(ONE), str(TWO))}


async def test_a_cancel_reaches_everybody_who_was_asked() -> None:
    asking = Asking()
    asking.begin(Leads((ONE, TWO)))()
    assert (asking.cancelled, asking.results) == ([ONE, TWO], [])


async def test_where_nothing_is_found_the_name_and_the_detail_are_told() -> None:
    asking = Asking()
    lost = Lost(Fault.UNREACHABLE, None, "resolver 127.0.0.1 port 9: Connection refused")
    asking.begin(Leads(lost))
    ((result, last),) = asking.results
    assert (result.outcome, result.code, result.origin, result.reason, last) == (
        Outcome.ERROR,
        None,
        Origin.DNS,
        "dns-unreachable",
        True,
    )
    assert result.facts == {"host": "example.net", "detail": "resolver 127.0.0.1 port 9: Connection refused"}


async def test_after_the_deadline_nobody_is_asked_any_more() -> None:
    asking = Asking()
    asking.begin(Leads((ONE,)), seconds=-1)
    ((result, _),) = asking.results
    assert (asking.tells, result.reason, result.outcome) == ([], "dns-timeout", Outcome.ERROR)


def silent(reason: str = "silent") -> ProbeResult:
    return ProbeResult(Outcome.FAIL, 408, Origin.TIMEOUT, reason, 49_000_000)


class Late(Leads):
    """Answers when the test says so."""

    def ask(self, known: Known) -> Cancel:
        self.known = known
        return lambda: None


@pytest.mark.parametrize("reason", ["silent", "not-connected"])
async def test_silence_after_a_look_up_that_took_most_of_the_time_is_charged_to_dns(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, way = Asking(), Late((ONE,))
    moments = iter((0, 950_000_000))
    monkeypatch.setattr("probes.sip.locating.each.mono_ns", lambda: next(moments))
    ask_each(way, asking.ask, asking.report, deadline_ns=S)
    way.known((ONE,))
    asking.tells[0](silent(reason))
    ((result, last),) = asking.results
    assert (result.outcome, result.code, result.origin, result.reason) == (Outcome.ERROR, None, Origin.DNS, "dns-slow")
    assert (result.facts["host"], result.target, last) == ("example.net", str(ONE), True)


async def test_silence_after_a_quick_look_up_is_the_targets() -> None:
    asking = Asking()
    asking.begin(Leads((ONE,)))
    asking.tells[0](silent())
    assert asking.results[0][0].reason == "silent"
