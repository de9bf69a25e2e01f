"""So many failures in a row: what it reads from the probe's Input, for it keeps no memory."""

from __future__ import annotations

import pytest

from gates.rules.consecutive import Consecutive
from gates.rules.reading import Level
from probes.sample import ProbeResult
from tests.gates.rules.bench import PASS, SILENCE, RuleBench, fail, s

RULE = Consecutive(3, (503, 408))


@pytest.mark.parametrize(
    ("results", "level", "distance"),
    [
        ([], Level.FINE, "0/3"),
        ([PASS], Level.FINE, "0/3"),
        ([PASS, fail(), fail()], Level.FAILING, "503: 2/3"),
        ([PASS, fail(486)], Level.FAILING, "failing: 0/3"),
        ([PASS, fail(486), fail(), fail()], Level.DOUBTFUL, "503: 2/3"),
        ([PASS, fail(), SILENCE, fail()], Level.BAD, "503, 408 timeout: 3/3"),
        ([PASS, fail(), fail(), fail(), PASS], Level.FINE, "0/3"),
    ],
)
def test_it_reads_levels_from_rows_of_failures(results: list[ProbeResult], level: Level, distance: str) -> None:
    reading = RuleBench(RULE).run(results)
    assert (reading.level, reading.distance) == (level, distance)


def test_the_sum_is_told_with_the_last_pass() -> None:
    bench = RuleBench(RULE)
    assert bench.read(0).arithmetic == "no failure; no PASS yet"
    bench.run([PASS, fail(), fail()])
    assert bench.read(7.2).arithmetic == "503, 503: 2 consecutive < 3; last PASS 7.2 s ago"


def test_it_rests_on_the_first_counted_failure_and_a_pass_restarts_what_waits_for_it() -> None:
    reading = RuleBench(RULE).run([PASS, fail(486), fail(), fail(), fail()])
    assert (reading.since, reading.restarts) == (s(2), s(0))


def test_it_says_what_is_missing_and_what_mends_it() -> None:
    bench = RuleBench(RULE)
    assert (bench.run([PASS]).to_bad, bench.run([PASS]).to_fine) == ("3 503/408 without a PASS between", "")
    reading = bench.run([fail()])
    assert (reading.to_bad, reading.to_fine) == ("2 more 503/408 without a PASS between", "1 PASS")
    assert bench.run([fail(), fail()]).to_bad == ""


def test_it_describes_itself_with_its_codes_in_order() -> None:
    assert RULE.describe() == {"rule": "consecutive", "threshold": 3, "codes": [503, 408]}
