"""What a query's results say of the bindings of its AOR."""

from __future__ import annotations

import pytest

from daemon.held import HOLDS_NONE, Held
from probes.sample import NS_PER_S, Moment, Origin, Outcome, ProbeResult, Sample

ONE, TWO = "192.0.2.1:5060/udp", "192.0.2.2:5060/udp"


def at(second: int) -> Moment:
    return Moment(0, second * NS_PER_S)


def heard(*results: ProbeResult) -> Held:
    """One a second."""
    held = Held()
    for second, result in enumerate(results):
        held.hear(Sample("sbc", "here", second, at(second), at(second), result))
    return held


def says(outcome: Outcome, reason: str, expires_s: int | None = None, target: str = "", *among: str) -> ProbeResult:
    facts = {} if expires_s is None else {"expires_s": expires_s}
    return ProbeResult(outcome, None, Origin.WIRE, reason, 1, facts, target, among or ((target,) if target else ()))


HOLDS = says(Outcome.PASS, "registered", 100)
BUSY, DEFERRED = says(Outcome.FAIL, "not-accepted"), says(Outcome.ERROR, "deferred")


def seen(held: Held, second: int = 1) -> tuple[bool | None, int | None]:
    ends_ns = held.ends_ns(now_ns=second * NS_PER_S)
    return held.registered(), None if ends_ns is None else ends_ns // NS_PER_S


def test_nothing_is_known_before_the_first_answer() -> None:
    assert seen(heard()) == (None, None)


def test_a_binding_is_held_until_its_end() -> None:
    assert seen(heard(HOLDS)) == (True, 100)
    assert seen(heard(HOLDS), 100) == (True, None)


@pytest.mark.parametrize("reason", sorted(HOLDS_NONE))
def test_the_registrars_word_that_it_holds_none_ends_it(reason: str) -> None:
    assert seen(heard(HOLDS, says(Outcome.FAIL, reason))) == (False, None)


@pytest.mark.parametrize("result", [BUSY, DEFERRED, says(Outcome.FAIL, "silent"), says(Outcome.FAIL, "rejected")])
def test_any_other_failure_leaves_open_what_is_held_and_the_binding_runs_on(result: ProbeResult) -> None:
    assert seen(heard(HOLDS, result)) == (None, 100)
    assert seen(heard(result)) == (None, None)


def test_one_registrar_of_several_is_enough_and_all_must_deny() -> None:
    holds, none = says(Outcome.PASS, "registered", 50, ONE, ONE, TWO), says(Outcome.FAIL, "not-registered", None, TWO, ONE, TWO)
    assert seen(heard(holds, none)) == (True, 50)
    denied = says(Outcome.FAIL, "not-registered", None, ONE, ONE, TWO)
    assert seen(heard(holds, none, denied)) == (False, None)
    assert seen(heard(none, says(Outcome.FAIL, "silent", None, ONE, ONE, TWO))) == (None, None)


def test_what_the_name_no_longer_leads_to_counts_no_more() -> None:
    assert seen(heard(says(Outcome.PASS, "registered", 50, ONE), says(Outcome.FAIL, "lost", None, TWO))) == (False, None)


def test_a_look_up_that_fails_leaves_what_is_held() -> None:
    held = heard(says(Outcome.PASS, "registered", 50, ONE), says(Outcome.ERROR, "dns-timeout"))
    assert seen(held) == (True, 50)
