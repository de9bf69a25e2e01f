"""How long what a look-up found is held."""

from __future__ import annotations

import pytest

from probes.records import Fault
from probes.sample import NS_PER_S
from probes.sip.engine.target import Transport
from probes.sip.locating.candidates import Candidate, Flaw, Located, Lost
from probes.sip.locating.freshness import Held, hold

NOW = 1_000 * NS_PER_S
FLAW = Flaw("b.example.net. A", Fault.TIMEOUT)


def found(ttl_s: int | None, *flaws: Flaw) -> Located:
    return Located((Candidate(Transport.UDP, "a", "192.0.2.1", 5060, ttl_s=ttl_s),), ttl_s, flaws)


def lasting_s(held: Held) -> float | None:
    return None if held.ends_ns is None else (held.ends_ns - NOW) / NS_PER_S


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (found(300), 300),
        (found(0), 1),
        (found(86_400), 3_600),
        (found(None), None),
        (found(300, FLAW), 5),
        (found(2, FLAW), 2),
        (found(300, Flaw("c", Fault.NXDOMAIN)), 300),
        (Lost(Fault.NXDOMAIN, 900), 30),
        (Lost(Fault.NXDOMAIN, 10), 10),
        (Lost(Fault.NXDOMAIN, 0), 1),
        (Lost(Fault.TIMEOUT), 1),
    ],
)
def test_an_outcome_holds_for_its_time_to_live_within_limits(outcome: Located | Lost, seconds: int | None) -> None:
    assert lasting_s(hold(outcome, now_ns=NOW)) == seconds


def test_fresh_means_before_the_end_and_not_at_it() -> None:
    held = hold(found(10), now_ns=NOW)
    assert held.is_fresh(now_ns=NOW + 10 * NS_PER_S - 1)
    assert not held.is_fresh(now_ns=NOW + 10 * NS_PER_S)


@pytest.mark.parametrize(("ttl_s", "due_s"), [(300, 298.0), (5, 4.0), (1, 0.8)])
def test_what_was_found_is_due_for_renewal_shortly_before_its_end(ttl_s: int, due_s: float) -> None:
    held = hold(found(ttl_s), now_ns=NOW)
    due = NOW + int(due_s * NS_PER_S)
    assert (held.is_due(now_ns=due - 1), held.is_due(now_ns=due)) == (False, True)


def test_a_failure_is_not_asked_about_again_before_its_time_is_over() -> None:
    held = hold(Lost(Fault.NXDOMAIN, 10), now_ns=NOW)
    assert not held.is_due(now_ns=NOW + 10 * NS_PER_S - 1)


def test_what_never_ends_is_never_due() -> None:
    held = hold(found(None), now_ns=NOW)
    assert (held.is_fresh(now_ns=NOW * 10**6), held.is_due(now_ns=NOW * 10**6)) == (True, False)


@pytest.mark.parametrize("trouble", [Lost(Fault.TIMEOUT), Lost(Fault.SERVFAIL), found(300, FLAW)])
def test_trouble_with_a_renewal_leaves_what_is_still_fresh_and_is_tried_again_after_a_second(trouble: Located | Lost) -> None:
    held = hold(found(300), now_ns=NOW)
    later = NOW + 299 * NS_PER_S
    after = held.after(trouble, now_ns=later)
    assert (after.outcome, after.ends_ns) == (held.outcome, held.ends_ns)
    assert (after.is_due(now_ns=later + NS_PER_S - 1), after.is_due(now_ns=later + NS_PER_S)) == (False, True)


def test_trouble_with_a_renewal_counts_once_the_old_answer_has_ended() -> None:
    trouble = Lost(Fault.TIMEOUT)
    assert hold(found(300), now_ns=NOW).after(trouble, now_ns=NOW + 300 * NS_PER_S).outcome is trouble


def test_the_owners_word_that_the_name_is_gone_counts_at_once() -> None:
    gone = Lost(Fault.NXDOMAIN, 60)
    assert hold(found(300), now_ns=NOW).after(gone, now_ns=NOW + 1).outcome is gone


def test_after_a_failure_any_outcome_counts() -> None:
    trouble = Lost(Fault.SERVFAIL)
    assert hold(Lost(Fault.NXDOMAIN, 30), now_ns=NOW).after(trouble, now_ns=NOW + 1).outcome is trouble
