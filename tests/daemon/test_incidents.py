"""Incidents that the lab's scenarios made and the daemon recorded: what the gate did then, it does in each replay.

`cutoverd replay --export FILE` made the files; `tests/data/incidents/lab.yaml` is the configuration of then.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from daemon import oversight
from daemon.compose import compose
from daemon.recording.reading import exported
from daemon.recording.turn import Seen, Turn
from daemon.replay.course import End, Incident
from daemon.replay.replay import transitions
from daemon.replay.study import Study
from daemon.replay.variants import variants
from gates.gate import Transition
from probes.sample import NS_PER_S

FOLDER = Path(__file__).parents[1] / "data" / "incidents"
SETTINGS = load(FOLDER / "lab.yaml").settings

EXPECTED = {
    "trunk-503": ["UNKNOWN → HEALTHY", "HEALTHY → SUSPECT", "SUSPECT → TRIPPED", "TRIPPED → TRIPPED"],
    "silent-trunk": ["UNKNOWN → HEALTHY", "HEALTHY → SUSPECT", "SUSPECT → TRIPPED", "TRIPPED → TRIPPED"],
    "switch-over": ["UNKNOWN → HEALTHY", "HEALTHY → SUSPECT", "SUSPECT → TRIPPED", "TRIPPED → HEALTHY"],
    "both-paths-bad": ["UNKNOWN → HEALTHY", "HEALTHY → SUSPECT", "SUSPECT → INCONCLUSIVE"],
}


def _turns(name: str) -> list[Turn]:
    return list(exported(FOLDER / f"{name}.jsonl"))


def _moved(transition: Transition) -> str:
    return f"{transition.before} → {transition.after}"


def _study(name: str) -> Study:
    study = Study(compose.gates(SETTINGS), oversight.of(SETTINGS), variants(SETTINGS, "inbound"), as_it_was=True)
    for turn in _turns(name):
        study.turn(turn)
    return study


def _trip(name: str) -> Incident:
    (trip,) = _study(name).trips("inbound")
    return trip


def test_each_incident_that_is_kept_has_its_expected_transitions() -> None:
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_replay_gives_the_transitions_that_were_live(name: str) -> None:
    turns = _turns(name)
    replayed = transitions(turns, compose.gates(SETTINGS), oversight.of(SETTINGS))
    live = [event.transition for turn in turns for event in turn.events if isinstance(event, Seen)]
    assert [_moved(each) for each in replayed] == EXPECTED[name]
    assert [(each.before, each.after, each.cause, each.at) for each in replayed] == [
        (each.before, each.after, each.cause, each.at) for each in live
    ]
    assert _study(name).differs() is None


@pytest.mark.parametrize("name", ["trunk-503", "silent-trunk"])
def test_a_broken_trunk_trips_on_the_third_failure_and_a_run_is_due_a_second_later(name: str) -> None:
    trip = _trip(name)
    assert trip.end is End.RUN
    assert trip.degraded == trip.tripped
    assert trip.due is not None
    assert trip.tripped is not None
    assert trip.due.mono_ns - trip.tripped.mono_ns >= NS_PER_S


def test_a_switch_over_recovers_by_itself_and_counts_as_a_false_trip() -> None:
    trip = _trip("switch-over")
    assert trip.end is End.RECOVERED
    assert trip.is_false(60 * NS_PER_S)
    assert not trip.is_false(NS_PER_S)


def test_two_bad_paths_never_trip_whatever_the_threshold() -> None:
    study = _study("both-paths-bad")
    rows = study.outcomes("inbound", false_within_ns=60 * NS_PER_S)
    assert study.trips("inbound") == []
    assert [(row.variant.written, row.trips) for row in rows[2:]] == [(str(n), 0) for n in range(3, 11)]


def test_a_higher_threshold_takes_longer_to_notice_a_broken_trunk() -> None:
    rows = _study("trunk-503").outcomes("inbound", false_within_ns=60 * NS_PER_S)
    took = [row.detected_ns[0] for row in rows if row.trips]
    assert len(took) == 6
    assert took == sorted(took)
    assert [row.variant.written for row in rows if row.variant.present] == ["3"]
