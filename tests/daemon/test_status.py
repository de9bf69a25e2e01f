"""The document of `status`, made of boards that the real gate machine and the real lease wrote; no clock, no socket."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from daemon.board import Board
from daemon.reply import Exit
from daemon.status import Standing, document, exit_code, instant
from gates import lease, machine
from gates.cutover import Cutover, Hold, Phase, Run
from gates.gate import Clause, Gate, GateSpec, GateState, Input, fresh
from gates.rules.consecutive import Consecutive
from probes.sample import NS_PER_S, Moment, Origin, Outcome, ProbeResult, Sample

OPENS = 1_796_508_000 * NS_PER_S  # 2026-12-05T22:00:00Z
NOW = Moment(utc_ns=OPENS + 3600 * NS_PER_S, mono_ns=1_000 * NS_PER_S)
DIGEST = "ab" * 32
STANDING = Standing("acme-emea", OPENS, OPENS + 8 * 3600 * NS_PER_S, {"inbound-rollback": DIGEST}, baseline="cd" * 32)
SPEC = GateSpec("inbound", (Clause(Consecutive(3, (503,)), ("trunk-new",)),), 1, ("trunk-old",), 5, 17 * NS_PER_S)
RUN = Run("inbound-rollback@20261205T230000.000Z", "inbound-rollback", DIGEST)


def ago(seconds: float) -> Moment:
    ns = round(seconds * 1000) * 1_000_000
    return Moment(NOW.utc_ns - ns, NOW.mono_ns - ns)


def heard(gate: Gate, *codes: int, probe: str = "trunk-new", last_ago: float = 0.4) -> Gate:
    """The gate after these answers of `probe`, one second apart."""
    for index, code in enumerate(codes):
        at = ago(last_ago + len(codes) - 1 - index)
        outcome = Outcome.PASS if code == 200 else Outcome.FAIL
        sample = Sample(probe, "here", index, at, at, ProbeResult(outcome, code, Origin.WIRE, "status", 0))
        gate, _ = machine.advance(gate, sample, now=at)
    return gate


HEALTHY = heard(heard(fresh(SPEC), 200, probe="trunk-old"), 200)
SUSPECT = heard(heard(fresh(SPEC), 200, probe="trunk-old"), 200, 503, 503)


def board(*gates: Gate, cutover: Cutover | None = None, impaired: str = "", turned_ago: float = 0.01) -> Board:
    cutover = cutover or Cutover(phase=Phase.OPEN)
    leases = {gate.spec.name: lease.lease(gate, cutover, impaired=impaired, now=NOW) for gate in gates}
    return Board(cutover, {gate.spec.name: gate for gate in gates}, leases, ago(turned_ago).mono_ns, impaired)


def code(shown: Board) -> Exit:
    return exit_code(document(shown, STANDING, now=NOW))


def in_state(state: GateState, *, degraded: bool = True) -> Gate:
    return replace(HEALTHY, state=state, degraded=degraded)


def test_a_healthy_open_cutover_is_told_whole() -> None:
    told = document(board(HEALTHY, cutover=Cutover(Phase.OPEN, armed=(DIGEST,), generation=17)), STANDING, now=NOW)

    assert told == {
        "verdict": "OK",
        "name": "acme-emea",
        "phase": "open",
        "armed": [DIGEST],
        "halted": False,
        "run": None,
        "window": {"opens": "2026-12-05T22:00:00.000Z", "closes": "2026-12-06T06:00:00.000Z", "inside": True},
        "generation": 17,
        "impaired": "",
        "configuration": {},
        "control_failing": [],
        "interlocked": [],
        "gates": [
            {
                "gate": "inbound",
                "state": "HEALTHY",
                "answer": "OK",
                "reason": "",
                "age_ms": 400,
                "valid_for_ms": 16600,
                "latched": False,
                "shadow": False,
                "admitted": 10_000,
                "ran": [],
                "hold": None,
                "tripped": None,
                "distance": "0/3",
                "inputs": [
                    {"probe": "trunk-new", "path": "new", "age_ms": 400, "fresh": True, "counted": 0, "failing": 0,
                     "passes": 1, "streak": [], "codes": {}, "targets": []},
                    {"probe": "trunk-old", "path": "baseline", "age_ms": 400, "fresh": True, "counted": 0, "failing": 0,
                     "passes": 1, "streak": [], "codes": {}, "targets": []},
                ],
            }
        ],
        "plans": [{"name": "inbound-rollback", "digest": DIGEST}],
        "baseline": "cd" * 32,
        "problem": "",
        "at": "2026-12-05T23:00:00.000Z",
    }  # fmt: skip


def test_the_document_is_plain_json() -> None:
    cutover = Cutover(Phase.OPEN, (DIGEST,), True, {"inbound": Hold(True, "drill", OPENS + 7200 * NS_PER_S)}, run=RUN)
    latched, _ = machine.advance(SUSPECT, machine.Latch("inbound-rollback", "alice"), now=NOW)
    told = document(board(latched, cutover=cutover), STANDING, now=NOW)

    assert json.loads(json.dumps(told)) == told


def test_distance_and_inputs_count_towards_the_trip() -> None:
    (gate,) = document(board(SUSPECT), STANDING, now=NOW)["gates"]

    assert (gate["state"], gate["answer"], gate["distance"]) == ("SUSPECT", "OK", "503: 2/3")
    assert gate["inputs"][0]["streak"] == ["503", "503"]
    assert (gate["inputs"][0]["counted"], gate["inputs"][0]["failing"], gate["inputs"][0]["passes"]) == (2, 2, 0)


def test_an_input_that_never_spoke_has_no_age() -> None:
    (gate,) = document(board(fresh(SPEC)), STANDING, now=NOW)["gates"]

    assert (gate["age_ms"], gate["inputs"][0]["age_ms"], gate["inputs"][0]["fresh"]) == (-1, -1, False)


def test_a_hold_is_shown_until_it_expires() -> None:
    until = NOW.utc_ns + NS_PER_S
    held = board(HEALTHY, cutover=Cutover(Phase.OPEN, holds={"inbound": Hold(False, "drill", until)}))
    later = Moment(until, NOW.mono_ns + NS_PER_S)

    assert document(held, STANDING, now=NOW)["gates"][0]["hold"] == {
        "answer": "DEGRADED",
        "reason": "drill",
        "until": "2026-12-05T23:00:01.000Z",
    }
    assert document(held, STANDING, now=later)["gates"][0]["hold"] is None


def test_the_moment_of_a_trip_is_told_in_utc() -> None:
    tripped = heard(heard(fresh(SPEC), 200, 503, 503, 503, last_ago=2), 200, probe="trunk-old", last_ago=1)
    (gate,) = document(board(tripped), STANDING, now=NOW)["gates"]

    assert (gate["state"], gate["tripped"]) == ("TRIPPED", "2026-12-05T22:59:59.000Z")


def test_the_window_ends_at_closes() -> None:
    def inside(utc_ns: int) -> bool:
        told = document(board(HEALTHY), STANDING, now=Moment(utc_ns, NOW.mono_ns))
        return bool(told["window"]["inside"])

    closes = STANDING.closes_utc_ns
    assert [inside(OPENS - 1), inside(OPENS), inside(closes - 1), inside(closes)] == [False, True, True, False]


def test_a_run_is_told_with_what_stopped_it() -> None:
    stopped = replace(RUN, stopped=True, halted_at="inbound-rollback/dns/dns/sip", detail="BADKEY")

    assert document(board(HEALTHY, cutover=Cutover(Phase.OPEN, run=stopped)), STANDING, now=NOW)["run"] == {
        "id": RUN.id,
        "plan": "inbound-rollback",
        "digest": DIGEST,
        "stopped": True,
        "halted_at": "inbound-rollback/dns/dns/sip",
        "detail": "BADKEY",
    }


def test_what_is_wrong_with_ourselves_makes_every_answer_degraded() -> None:
    told = document(board(HEALTHY, impaired="journal"), STANDING, now=NOW)

    assert told["impaired"] == "journal"
    assert (told["gates"][0]["answer"], told["gates"][0]["reason"]) == ("DEGRADED", "journal")
    assert exit_code(told) is Exit.DEGRADED


def test_a_gate_without_a_lease_is_not_ok() -> None:
    shown = board(HEALTHY)
    shown.leases = {}

    assert document(shown, STANDING, now=NOW)["gates"][0]["answer"] == "DEGRADED"


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        (HEALTHY, Exit.OK),
        (SUSPECT, Exit.OK),
        (in_state(GateState.SUSPECT), Exit.DEGRADED),
        (fresh(SPEC), Exit.UNKNOWN),
        (in_state(GateState.INCONCLUSIVE, degraded=False), Exit.UNKNOWN),
        (in_state(GateState.INCONCLUSIVE), Exit.UNKNOWN),
        (in_state(GateState.TRIPPED), Exit.TRIPPED),
        (replace(HEALTHY, latched=True), Exit.TRIPPED),
    ],
)
def test_the_exit_code_is_that_of_the_gate(gate: Gate, expected: Exit) -> None:
    assert code(board(gate)) is expected


def test_the_worst_gate_decides() -> None:
    other = replace(in_state(GateState.TRIPPED), spec=replace(SPEC, name="outbound"))

    assert code(board(HEALTHY, other)) is Exit.TRIPPED
    assert code(board(other, HEALTHY)) is Exit.TRIPPED


@pytest.mark.parametrize("phase", [Phase.PREPARED, Phase.REVERTED])
def test_a_phase_that_answers_degraded_is_degraded(phase: Phase) -> None:
    assert code(board(HEALTHY, cutover=Cutover(phase))) is Exit.DEGRADED


def test_a_run_in_progress_is_reverting() -> None:
    assert code(board(HEALTHY, cutover=Cutover(Phase.OPEN, run=RUN))) is Exit.TRIPPED


def test_a_stopped_run_is_halted() -> None:
    assert code(board(HEALTHY, cutover=Cutover(Phase.OPEN, run=replace(RUN, stopped=True)))) is Exit.HALTED


def test_an_operators_halt_stands_above_every_gate() -> None:
    assert code(board(in_state(GateState.TRIPPED), cutover=Cutover(Phase.OPEN, halted=True))) is Exit.HALTED


def test_inputs_older_than_max_age_are_unknown_before_the_judge_says_so() -> None:
    old = replace(HEALTHY, inputs={name: Input(sent=ago(18), passes=1) for name in HEALTHY.inputs})

    assert code(board(old)) is Exit.UNKNOWN


def test_a_judge_that_stands_still_is_unknown() -> None:
    assert code(board(HEALTHY, turned_ago=1.1)) is Exit.UNKNOWN


def test_a_committed_cutover_is_ok_without_fresh_results() -> None:
    old = replace(HEALTHY, inputs={name: Input(sent=ago(18), passes=1) for name in HEALTHY.inputs})

    assert code(board(old, cutover=Cutover(Phase.COMMITTED))) is Exit.OK


def test_a_board_nobody_has_written_yet_is_unknown() -> None:
    assert code(Board()) is Exit.UNKNOWN


def test_the_verdict_names_the_exit_code() -> None:
    assert document(board(in_state(GateState.TRIPPED)), STANDING, now=NOW)["verdict"] == "TRIPPED"


def test_an_instant_keeps_its_milliseconds() -> None:
    assert instant(OPENS + 7_999_999) == "2026-12-05T22:00:00.007Z"


# a name that leads to several targets


def of_targets(gate: Gate, probe: str, *beats: tuple[int, int]) -> Gate:
    """The gate after these answers of two targets, one second apart, the last at 0.4 s ago."""
    for index, codes in enumerate(beats):
        at = ago(0.4 + len(beats) - 1 - index)
        for target, code in zip("ab", codes, strict=True):
            outcome = Outcome.PASS if code == 200 else Outcome.FAIL
            result = ProbeResult(outcome, code, Origin.WIRE, "status", 0, target=target, among=("a", "b"))
            gate, _ = machine.advance(gate, Sample(probe, "here", index, at, at, result), now=at)
    return gate


def test_each_target_stands_beside_what_the_path_makes_of_them() -> None:
    gate = of_targets(fresh(SPEC), "trunk-new", (200, 200), (503, 200), (503, 503))
    [new, old] = document(board(gate), STANDING, now=NOW)["gates"][0]["inputs"]
    assert (new["counted"], new["failing"], new["passes"], new["streak"], old["targets"]) == (1, 1, 0, ["503"], [])
    assert new["targets"] == [
        {"target": "a", "age_ms": 400, "fresh": True, "counted": 2, "failing": 2, "passes": 0, "streak": ["503", "503"],
         "codes": {"503": 2}},
        {"target": "b", "age_ms": 400, "fresh": True, "counted": 1, "failing": 1, "passes": 0, "streak": ["503"],
         "codes": {"503": 1}},
    ]  # fmt: skip


def test_a_name_that_leads_to_one_target_is_told_like_a_fixed_one() -> None:
    at = ago(0.4)
    result = ProbeResult(Outcome.PASS, 200, Origin.WIRE, "status", 0, target="a", among=("a",))
    gate, _ = machine.advance(fresh(SPEC), Sample("trunk-new", "here", 0, at, at, result), now=at)
    assert document(board(gate), STANDING, now=NOW)["gates"][0]["inputs"][0]["targets"] == []
