"""A name that leads to several targets, from the samples to the run."""

from __future__ import annotations

from probes.sample import ProbeResult
from reverters.entries import Planned
from tests.daemon.desk import Desk
from tests.gates.bench import PASS, failed, of


def beat(desk: Desk, **results: ProbeResult) -> None:
    desk.hear(*(of(target, result, "".join(results)) for target, result in results.items()))


def planned(desk: Desk) -> list[Planned]:
    desk.settle()
    return [entry.body for entry in desk.journal if isinstance(entry.body, Planned)]


def armed() -> Desk:
    desk = Desk()
    beat(desk, a=PASS, b=PASS)
    assert desk.do("open").ok
    assert desk.do("arm", plan=desk.digests).ok
    return desk


def test_one_dead_target_turns_no_caller_away_and_starts_nothing() -> None:
    desk = armed()
    for _ in range(5):
        beat(desk, a=failed(), b=PASS)
    assert desk.is_ok
    assert planned(desk) == []


def test_the_run_starts_when_each_target_has_failed_the_rule_and_says_so() -> None:
    desk = armed()
    beat(desk, a=failed(), b=PASS)
    for _ in range(3):
        beat(desk, a=failed(), b=failed())
    (run,) = planned(desk)
    assert run.evidence.startswith("trunk-new: 503, 503, 503: 3 consecutive ≥ 3 on each of 2 targets (a 4, b 3); last PASS")
    assert not desk.is_ok


def test_recovery_time_runs_from_the_failure_of_the_last_target_to_fail() -> None:
    desk = armed()
    beat(desk, a=failed(), b=PASS)
    for _ in range(3):
        beat(desk, a=failed(), b=failed())
    (run,) = planned(desk)
    assert run.tripped_utc_ns - run.first_failure_utc_ns == 400_000_000


def test_a_latch_says_who_and_until_when() -> None:
    desk = armed()
    for _ in range(3):
        beat(desk, a=failed(), b=failed())
    latched = [each for each in desk.hands.transitions if each.evidence.startswith("latched")]
    assert [(each.cause, each.evidence) for each in latched] == [
        ("run of rollback started by gate inbound", "latched until `reset`")
    ]
