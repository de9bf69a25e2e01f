"""Replay of a recording gives exactly the live transitions: the real judge on a clock that is told, any night at all.

What is replayed has been through bytes: folded into blocks of any size and back, or written as the text of an export.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from daemon.inbox import Reload
from daemon.orders import Order
from daemon.oversight import Oversight
from daemon.recording.block import Block, decode
from daemon.recording.tape import Tape
from daemon.recording.text import read, write
from daemon.recording.turn import Turn, follow
from daemon.replay import Replay, transitions
from daemon.reply import Reply
from daemon.terms import Terms
from gates.doubt import Period
from gates.gate import Transition
from probes import clock
from probes.sample import NS_PER_S, Moment, ProbeResult, Sample
from reverters.entries import Body, Closed, Halted, Operated
from tests.daemon.desk import WINDOW, Desk, Hands, gate_spec
from tests.gates.bench import ERROR, NEW, OLD, PASS, SILENCE, at, failed, of, plans

CONTROL = "someone-else"
OVERSIGHT = Oversight(
    periods=(Period(at(60_000).utc_ns, at(90_000).utc_ns, "the carrier works", frozenset({NEW})),), control=frozenset({CONTROL})
)
RESULTS = [PASS, PASS, PASS, failed(), failed(), failed(500), SILENCE, ERROR]
COMMANDS = ["open", "arm", "arm", "disarm", "trip", "halt", "resume", "abandon", "reset", "reset"]


class RecordedDesk(Desk):
    """Every turn of every start goes to the tape, and every transition is kept."""

    def __init__(self, *specs: Any, **named: Any) -> None:
        self.turns: list[Turn] = []
        self.live: list[Transition] = []
        super().__init__(*specs, oversight=OVERSIGHT, **named)

    def start(self) -> None:
        super().start()
        hands: Hands = self.hands
        hands.transitions = self.live
        tape = Tape(self.turns.append)
        tape.began(self.judge.gates, now=self.now)
        self.judge._tape = tape


class AnyRecordedNight(RuleBasedStateMachine):
    compares = True

    @initialize()
    def begin(self) -> None:
        specs = (
            gate_spec(compares=self.compares, on_trip=plans(rollback=0, other=2_000)),
            gate_spec("second", on_trip=plans(other=500), threshold=2, recover=2, max_age_ms=6_000),
        )
        self.desk = RecordedDesk(*specs, plans=("rollback", "other"))
        self.read = clock.read
        clock.read = lambda: self.desk.now

    def teardown(self) -> None:
        if not hasattr(self, "read"):
            return
        clock.read = self.read
        self.as_it_was()

    def as_it_was(self) -> None:
        desk = self.desk
        desk.turn()
        for turns in (desk.turns, folded(desk.turns, every=7), folded(desk.turns, every=10_000), written(desk.turns)):
            assert transitions(turns, desk.specs, OVERSIGHT) == desk.live
        replay = Replay(desk.specs, OVERSIGHT, lambda label, gate, transition: None, as_it_was=True)
        for turn in desk.turns:
            replay.turn(turn)
        assert replay.gates == desk.judge.gates

    # what happens

    def sample(self, result: ProbeResult, probe: str, ago_ms: int, skipped: int = 0) -> Sample:
        self.desk.sequence += skipped
        ns = ago_ms * 1_000_000 + 12_345
        now = self.desk.now
        return self.desk.sample(result, probe, sent=Moment(now.utc_ns - ns, now.mono_ns - ns))

    @rule(
        results=st.lists(st.tuples(st.sampled_from(RESULTS), st.sampled_from([NEW, NEW, OLD, CONTROL, "nobody's"])), max_size=6),
        ago_ms=st.sampled_from([0, 50, 1_500]),
        skipped=st.sampled_from([0, 0, 3, -4]),
        ms=st.sampled_from([0.001, 100, 250]),
    )
    def samples_come_in_one_turn(self, results: list[tuple[ProbeResult, str]], ago_ms: int, skipped: int, ms: float) -> None:
        self.desk.turn(*(self.sample(result, probe, ago_ms, skipped) for result, probe in results), ms=ms)

    @rule(result=st.sampled_from(RESULTS), count=st.integers(2, 6), probe=st.sampled_from([NEW, OLD, CONTROL]))
    def a_probe_says_the_same(self, result: ProbeResult, count: int, probe: str) -> None:
        for _ in range(count):
            self.desk.turn(self.sample(result, probe, 40))

    @rule(told=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(RESULTS)), min_size=1, max_size=4))
    def targets_of_a_name_answer(self, told: list[tuple[str, ProbeResult]]) -> None:
        self.desk.sequence += 1
        sequence = self.desk.sequence
        for target, result in told:
            sample = self.sample(of(target, result, "abc"), NEW, 20)
            self.desk.turn(Sample(NEW, "local", sequence, sample.sent, sample.at, sample.result), ms=5)

    @rule()
    def all_is_well(self) -> None:
        for probe in (NEW, OLD, CONTROL):
            self.desk.hear(*[PASS] * 5, probe=probe)

    @rule(seconds=st.sampled_from([0.5, 3, 7, 20]))
    def time_passes(self, seconds: float) -> None:
        self.desk.idle(seconds)

    @rule(ms=st.sampled_from([1_200, 3_000]))
    def the_loop_stands_still(self, ms: float) -> None:
        self.desk.turn(ms=ms)

    @rule(seconds=st.sampled_from([-3, 5]))
    def a_clock_jumps(self, seconds: int) -> None:
        now = self.desk.now
        self.desk.now = Moment(now.utc_ns + seconds * NS_PER_S, now.mono_ns)
        self.desk.turn()

    @rule(command=st.sampled_from(COMMANDS), settled=st.booleans())
    def an_operator_speaks(self, command: str, settled: bool) -> None:
        carried = {"arm": {"plan": self.desk.digests}, "trip": {"plan": self.desk.digest, "reason": "x"}}
        self.desk.order(command, **carried.get(command, {}))
        if settled:
            self.desk.settle()

    @rule(trouble=st.sampled_from(["", "the disk is full"]))
    def the_disk_answers(self, trouble: str) -> None:
        self.desk.settle(trouble=trouble)

    @rule()
    def a_night_goes_wrong(self) -> None:
        self.desk.settle()
        for command in ("resume", "abandon", "reset", "open"):
            self.an_operator_speaks(command, True)
        self.all_is_well()
        self.an_operator_speaks("arm", True)
        self.desk.hear(failed(), failed(), failed())
        self.desk.hear(PASS, probe=OLD)

    @rule(ends=st.sampled_from(["halted", "restored"]))
    def the_runner_writes(self, ends: str) -> None:
        body: Body = Halted("rollback/dns/it/a", "refused", "") if ends == "halted" else Closed("restored", 1)
        if self.desk.cutover.run:
            self.desk.append(body)

    @rule(
        kept=st.sets(st.sampled_from(["inbound", "second"])),
        afresh=st.sets(st.sampled_from([NEW, OLD, CONTROL])),
        settled=st.booleans(),
    )
    def the_configuration_is_read_again(self, kept: set[str], afresh: set[str], settled: bool) -> None:
        order = Order((Operated("reload", {}),), "op", "reloaded")
        other = Terms(self.desk.specs, WINDOW, OVERSIGHT, frozenset(kept), frozenset(afresh))
        self.desk.turn(Reload(lambda cutover: order, lambda: other, cast(Any, Future[Reply]())))
        if settled:
            self.desk.settle()

    @rule()
    def the_daemon_starts_again(self) -> None:
        self.desk.restart()


def folded(turns: list[Turn], *, every: int) -> list[Turn]:
    """Into blocks of so many turns, and back."""
    standing: dict[str, frozenset[str]] = {}
    back: list[Turn] = []
    for start in range(0, len(turns), every):
        block = Block(standing)
        for turn in turns[start : start + every]:
            block.add(turn)
            for mark in turn.marks:
                follow(standing, mark)
        back += decode(block.encode()).turns
    assert back == turns
    return back


def written(turns: list[Turn]) -> list[Turn]:
    back = list(read(write(turns)))
    assert back == turns
    return back


TestAnyRecordedNight = AnyRecordedNight.TestCase
TestAnyRecordedNight.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
