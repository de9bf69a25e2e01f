"""The two literal tables, cell by cell, against a copy written down independently; and every cell reached by real samples."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gates import verdict
from gates.compare import COMPARE, Comparison, Side, baseline_side, compare, new_side
from gates.gate import GateState
from gates.machine import TRANSITIONS, Finding, Latch, Reset, find
from tests.gates.bench import ERROR, NEW, OLD, PASS, Bench, failed, s, spec

COLUMNS = ("stale", "passing", "recovering", "failing", "undecided", "failed", "worse", "both-bad", "latched", "reset")
ROWS = {
    "UNKNOWN": "UNKNOWN HEALTHY UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN TRIPPED UNKNOWN",
    "HEALTHY": "UNKNOWN HEALTHY HEALTHY SUSPECT HEALTHY SUSPECT TRIPPED INCONCLUSIVE TRIPPED UNKNOWN",
    "SUSPECT": "UNKNOWN HEALTHY SUSPECT SUSPECT SUSPECT SUSPECT TRIPPED INCONCLUSIVE TRIPPED UNKNOWN",
    "TRIPPED": "UNKNOWN HEALTHY TRIPPED TRIPPED TRIPPED TRIPPED TRIPPED INCONCLUSIVE TRIPPED UNKNOWN",
    "INCONCLUSIVE": "UNKNOWN HEALTHY INCONCLUSIVE INCONCLUSIVE INCONCLUSIVE SUSPECT TRIPPED INCONCLUSIVE TRIPPED UNKNOWN",
}
CELLS = [(state, finding, after) for state, row in ROWS.items() for finding, after in zip(COLUMNS, row.split(), strict=True)]

COMPARED = {
    ("good", "good"): "fine",
    ("good", "bad"): "fine",
    ("good", "unknown"): "fine",
    ("bad", "good"): "worse",
    ("bad", "bad"): "both-bad",
    ("bad", "unknown"): "uncompared",
    ("unknown", "good"): "stale",
    ("unknown", "bad"): "stale",
    ("unknown", "unknown"): "stale",
}


@pytest.mark.parametrize(("state", "finding", "after"), CELLS)
def test_every_state_and_finding_lead_where_the_table_says(state: str, finding: str, after: str) -> None:
    assert TRANSITIONS[GateState(state)][Finding(finding)] is GateState(after)


def test_every_state_has_every_finding() -> None:
    assert set(TRANSITIONS) == set(GateState)
    assert all(set(row) == set(Finding) for row in TRANSITIONS.values())
    assert len(CELLS) == len(GateState) * len(Finding)


@pytest.mark.parametrize(("sides", "comparison"), COMPARED.items())
def test_every_pair_of_sides_compares_as_the_table_says(sides: tuple[str, str], comparison: str) -> None:
    assert COMPARE[Side(sides[0]), Side(sides[1])] is Comparison(comparison)


def test_every_pair_of_sides_is_in_the_table() -> None:
    assert set(COMPARE) == {(new, old) for new in Side for old in Side}


LONG_AGO, RECENT = 0.0, 20.0
NOW = 30.0


def _new(bench: Bench, side: str) -> None:
    start = LONG_AGO if side == "unknown" else RECENT
    bench.run(NEW, [failed()] * 3 if side == "bad" else [PASS], start)
    bench.tick(RECENT + 4)


def _old(bench: Bench, side: str) -> None:
    start = LONG_AGO if side == "unknown" else RECENT + 5
    bench.run(OLD, [failed(500)] * 3 if side == "bad" else [PASS], start)


@pytest.mark.parametrize(("sides", "comparison"), COMPARED.items())
def test_real_samples_reach_every_cell_of_the_comparison(sides: tuple[str, str], comparison: str) -> None:
    bench = Bench(spec(baseline=(OLD,), max_age_ms=15_000))
    _new(bench, sides[0])
    _old(bench, sides[1])
    now = s(NOW)
    level = verdict.level(bench.gate, now=now)
    assert (new_side(level), baseline_side(bench.gate, now=now)) == (Side(sides[0]), Side(sides[1]))
    assert compare(bench.gate, level, now=now) is Comparison(comparison)


# Every cell of the transitions that samples, time and commands can reach, reached by them.


def _start() -> Bench:
    return Bench(spec(baseline=(OLD,), threshold=3, recover=3, max_age_ms=15_000))


def _unknown() -> tuple[Bench, float]:
    return _start(), 0.0


def _healthy() -> tuple[Bench, float]:
    bench = _start()
    return bench, max(bench.run(NEW, [PASS], 0), bench.run(OLD, [PASS], 0))


def _suspect() -> tuple[Bench, float]:
    bench, now = _healthy()
    return bench, bench.run(NEW, [failed()], now)


def _tripped() -> tuple[Bench, float]:
    bench, now = _suspect()
    now = bench.run(OLD, [PASS], now)
    return bench, bench.run(NEW, [failed()] * 2, now)


def _inconclusive() -> tuple[Bench, float]:
    bench, now = _suspect()
    now = bench.run(OLD, [failed()] * 3, now)
    return bench, bench.run(NEW, [failed()] * 2, now)


IN_STATE = {"UNKNOWN": _unknown, "HEALTHY": _healthy, "SUSPECT": _suspect, "TRIPPED": _tripped, "INCONCLUSIVE": _inconclusive}


def _becomes_stale(bench: Bench, now: float) -> float:
    bench.tick(now + 16)
    return now + 16


def _passes(bench: Bench, now: float) -> float:
    return bench.run(NEW, [PASS] * 3, now)


def _passes_once(bench: Bench, now: float) -> float:
    return bench.run(NEW, [PASS], now)


def _fails_once(bench: Bench, now: float) -> float:
    return bench.run(NEW, [PASS, failed()], now, every=0.5)


def _fails_by_other_codes(bench: Bench, now: float) -> float:
    return bench.run(NEW, [failed(500)] * 3, bench.run(NEW, [PASS], now))


def _fails_with_baseline_good(bench: Bench, now: float) -> float:
    return bench.run(OLD, [PASS], bench.run(NEW, [failed()] * 3, now))


def _fails_with_baseline_bad(bench: Bench, now: float) -> float:
    return bench.run(NEW, [failed()] * 3, bench.run(OLD, [failed()] * 3, now, every=0.5))


def _is_latched(bench: Bench, now: float) -> float:
    bench.do(Latch("inbound-rollback", "an operator"), s(now))
    return now


def _is_reset(bench: Bench, now: float) -> float:
    bench.do(Reset("an operator"), s(now))
    return now


def test_each_bench_is_in_the_state_it_is_named_for() -> None:
    for state, make in IN_STATE.items():
        assert make()[0].state is GateState(state)


REACHED: list[tuple[str, Callable[[Bench, float], float], str]] = [
    # from UNKNOWN only passes and latches lead out
    ("UNKNOWN", _becomes_stale, "UNKNOWN"),
    ("UNKNOWN", _passes_once, "HEALTHY"),
    ("UNKNOWN", _fails_with_baseline_good, "UNKNOWN"),
    ("UNKNOWN", _fails_with_baseline_bad, "UNKNOWN"),
    ("UNKNOWN", _is_latched, "TRIPPED"),
    ("UNKNOWN", _is_reset, "UNKNOWN"),
    ("HEALTHY", _becomes_stale, "UNKNOWN"),
    ("HEALTHY", _passes, "HEALTHY"),
    ("HEALTHY", _fails_once, "SUSPECT"),
    ("HEALTHY", _fails_by_other_codes, "SUSPECT"),
    ("HEALTHY", _fails_with_baseline_good, "TRIPPED"),
    ("HEALTHY", _fails_with_baseline_bad, "INCONCLUSIVE"),
    ("HEALTHY", _is_latched, "TRIPPED"),
    ("HEALTHY", _is_reset, "UNKNOWN"),
    ("SUSPECT", _becomes_stale, "UNKNOWN"),
    ("SUSPECT", _passes_once, "HEALTHY"),
    ("SUSPECT", _fails_once, "SUSPECT"),
    ("SUSPECT", _fails_by_other_codes, "SUSPECT"),
    ("SUSPECT", _fails_with_baseline_good, "TRIPPED"),
    ("SUSPECT", _fails_with_baseline_bad, "INCONCLUSIVE"),
    ("SUSPECT", _is_latched, "TRIPPED"),
    ("SUSPECT", _is_reset, "UNKNOWN"),
    ("TRIPPED", _becomes_stale, "UNKNOWN"),
    ("TRIPPED", _passes, "HEALTHY"),
    ("TRIPPED", _passes_once, "TRIPPED"),
    ("TRIPPED", _fails_once, "TRIPPED"),
    ("TRIPPED", _fails_by_other_codes, "TRIPPED"),
    ("TRIPPED", _fails_with_baseline_bad, "INCONCLUSIVE"),
    ("TRIPPED", _is_latched, "TRIPPED"),
    ("TRIPPED", _is_reset, "UNKNOWN"),
    ("INCONCLUSIVE", _becomes_stale, "UNKNOWN"),
    ("INCONCLUSIVE", _passes, "HEALTHY"),
    ("INCONCLUSIVE", _passes_once, "INCONCLUSIVE"),
    ("INCONCLUSIVE", _fails_once, "INCONCLUSIVE"),
    ("INCONCLUSIVE", _fails_by_other_codes, "SUSPECT"),
    ("INCONCLUSIVE", _fails_with_baseline_good, "TRIPPED"),
    ("INCONCLUSIVE", _is_latched, "TRIPPED"),
    ("INCONCLUSIVE", _is_reset, "UNKNOWN"),
]


@pytest.mark.parametrize(("state", "happens", "after"), REACHED, ids=lambda each: getattr(each, "__name__", str(each)).strip("_"))
def test_samples_time_and_commands_move_a_gate_as_the_table_says(
    state: str, happens: Callable[[Bench, float], float], after: str
) -> None:
    bench, now = IN_STATE[state]()
    happens(bench, now)
    assert bench.state is GateState(after)


@pytest.mark.parametrize("state", IN_STATE)
def test_an_error_moves_no_gate_anywhere(state: str) -> None:
    bench, now = IN_STATE[state]()
    before = bench.gate
    assert bench.hear(NEW, ERROR, now) is None
    assert bench.hear(OLD, ERROR, now) is None
    assert bench.gate == before


def test_a_gate_that_knows_nothing_is_stale() -> None:
    assert find(_start().gate, now=s(0)) is Finding.STALE


def test_passes_that_are_not_yet_enough_are_a_recovery_and_no_failure() -> None:
    bench, now = _tripped()
    bench.run(NEW, [PASS] * 2, now)
    assert find(bench.gate, now=s(now + 1)) is Finding.RECOVERING
