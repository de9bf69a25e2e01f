"""Any order of samples, commands, time, bad disks, bad clocks and restarts: what must hold all the same.

The model beside the judge keeps only what the contract speaks of: what the journal durably says of phase and switches
(by its own reading of the entries), which samples arrived since the start, and when we were last unwell.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from daemon.inbox import Ordered, Recorded
from daemon.orders import Order
from gates.gate import GateState
from gates.rules.consecutive import Consecutive
from gates.rules.failures import Failures
from gates.rules.reading import Rule
from gates.spec import Clause
from probes import clock
from probes.sample import NS_PER_S, Moment, Origin, Outcome, ProbeResult
from reverters.entries import Body, Closed, Halted, Planned
from tests.daemon.desk import Desk, Hands, gate_spec
from tests.daemon.known import Known
from tests.gates.bench import CODES, ERROR, NEW, OLD, PASS, SILENCE, failed, plans

COMMANDS = (
    "open", "open", "arm", "arm", "disarm", "commit", "trip", "halt", "resume", "resume", "retry", "abandon", "reset", "reset",
    "hold", "release",
)  # fmt: skip
OTHERS = ("second", "third")
MAX_AGE_NS = 17 * NS_PER_S


@dataclass
class Eye:
    """What arrived of each needed probe since the start, in the order of sending, and when we were last unwell."""

    sent_ns: dict[str, int] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    unwell_ns: int = -1

    def since_unwell(self) -> list[int]:
        return [sent_ns for sent_ns in self.sent_ns.values() if sent_ns > self.unwell_ns]


class AnyNight(RuleBasedStateMachine):
    """`need` of the probes must be bad, by any of the rules."""

    compares = False
    needed: tuple[str, ...] = (NEW,)
    need = 1
    judged_by: tuple[Rule[Any], ...] = (Consecutive(3, CODES),)

    @initialize()
    def begin(self) -> None:
        made = gate_spec(compares=self.compares, on_trip=plans(rollback=0, other=2_000))
        clauses = tuple(Clause(each, self.needed, self.need) for each in self.judged_by)
        self.desk = Desk(replace(made, clauses=clauses), plans=("rollback", "other"))
        self.known, self.eye = Known(), Eye()
        self.generation = self.desk.cutover.generation
        self.lost_notes = False
        self.impaired = False
        self.halting: list[Ordered] = []
        self.read = clock.read
        clock.read = lambda: self.desk.now
        self.watch()

    def teardown(self) -> None:
        if hasattr(self, "read"):
            clock.read = self.read

    def watch(self) -> None:
        """Look at each order at the moment in which it is handed over."""
        hands: Hands = self.desk.hands
        commit = hands.commit

        def look(order: Order) -> None:
            assert not any(isinstance(item, Order) for item in hands.queue), "two orders on their way"
            if any(isinstance(body, Planned) for body in order.bodies):
                assert not self.desk.board.leases["inbound"].may_be_ok, "handed over before DEGRADED was on the board"
            if order.actor.startswith("gate "):
                self.may_start()
            commit(order)

        hands.commit = look  # type: ignore[method-assign]

    def may_start(self) -> None:
        known = self.known
        assert known.armed
        assert known.phase in ("open", "reverted")
        blocked = known.halted or self.desk.cutover.halted or known.run or self.impaired
        assert not blocked
        assert not self.held()
        assert self.desk.gate.state is GateState.TRIPPED
        assert len(self.eye.since_unwell()) >= self.need, "too few failures since we were unwell"

    def held(self) -> tuple[bool, int] | None:
        hold = self.known.hold
        return hold if hold and self.desk.now.utc_ns < hold[1] else None

    # what happens

    def turn(self, *messages: Any, ms: float = 100) -> None:
        if ms > 1_000:
            self.eye.unwell_ns = self.desk.now.mono_ns + round(ms * 1e6)
        self.desk.turn(*messages, ms=ms)

    @rule(
        results=st.lists(st.sampled_from([PASS, PASS, failed(), failed(), failed(500), SILENCE, ERROR]), min_size=1, max_size=6),
        asked_ms_ago=st.sampled_from([0, 0, 50, 1_500]),
        probe=st.sampled_from([NEW, NEW, OLD, *OTHERS]),
    )
    def samples_arrive(self, results: list[ProbeResult], asked_ms_ago: int, probe: str) -> None:
        for result in results:
            now = self.desk.now
            ns = asked_ms_ago * 1_000_000
            sample = self.desk.sample(result, probe, sent=Moment(now.utc_ns - ns, now.mono_ns - ns))
            slept = result.origin is Origin.TIMEOUT and sample.sent.mono_ns <= self.eye.unwell_ns
            if probe in self.needed and result.outcome is not Outcome.ERROR and not slept:
                self.eye.sent_ns[probe] = sample.sent.mono_ns
                self.eye.passed |= {probe} if result.outcome is Outcome.PASS else set()
            self.turn(sample)

    @rule(count=st.integers(3, 6))
    def the_new_path_fails(self, count: int) -> None:
        for probe in self.needed:
            self.samples_arrive([failed()] * count, 0, probe)
        self.samples_arrive([PASS], 0, OLD)

    @rule()
    def both_paths_pass(self) -> None:
        for probe in self.needed:
            self.samples_arrive([PASS] * 5, 0, probe)
        self.samples_arrive([PASS], 0, OLD)

    @rule(command=st.sampled_from(COMMANDS), settled=st.booleans(), ok=st.booleans())
    def an_operator_says_anything(self, command: str, settled: bool, ok: bool) -> None:
        self.an_operator_speaks(command, settled=settled, ok=ok)

    @rule(settled=st.booleans())
    def an_operator_halts(self, settled: bool) -> None:
        self.an_operator_speaks("halt", settled=settled)

    @rule(command=st.sampled_from(["resume", "retry", "abandon", "reset"]), settled=st.booleans())
    def an_operator_goes_on(self, command: str, settled: bool) -> None:
        self.an_operator_speaks(command, settled=settled)

    @rule(ok=st.booleans())
    def an_operator_holds(self, ok: bool) -> None:
        self.an_operator_speaks("hold", ok=ok)

    @rule(settled=st.booleans())
    def an_operator_trips(self, settled: bool) -> None:
        self.an_operator_speaks("trip", settled=settled)

    def an_operator_speaks(self, command: str, *, settled: bool = True, ok: bool = True) -> None:
        carried: dict[str, Any] = {
            "arm": {"plan": self.desk.digests},
            "commit": {"plan": self.desk.digests},
            "trip": {"plan": self.desk.digest, "reason": "x"},
            "hold": {"gate": "inbound", "answer": "OK" if ok else "DEGRADED", "for_ns": 5 * NS_PER_S, "reason": "x"},
            "release": {"gate": "inbound"},
        }
        ordered = self.desk.ordered(command, **carried.get(command, {}))
        if command == "halt":
            self.halting.append(ordered)
        self.turn(ordered)
        if command == "halt":
            assert self.desk.cutover.halted
            assert self.desk.hands.moving == ""
        if settled:
            self.the_disk_answers()

    @rule(seconds=st.sampled_from([0.25, 1, 3, 18]))
    def time_passes(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.turn(ms=250)

    @rule(ms=st.sampled_from([1_001, 5_000]))
    def the_loop_stands_still(self, ms: int) -> None:
        self.turn(ms=ms)

    @rule(seconds=st.sampled_from([-5, 5]))
    def the_clock_jumps(self, seconds: int) -> None:
        now = self.desk.now
        self.desk.now = Moment(now.utc_ns + seconds * NS_PER_S, now.mono_ns)
        self.turn()
        self.eye.unwell_ns = self.desk.now.mono_ns

    @rule()
    def the_inbox_overflows(self) -> None:
        self.desk.inbox.dropped += 1
        self.turn()
        self.eye.unwell_ns = self.desk.now.mono_ns

    @rule()
    def the_disk_answers(self) -> None:
        while self.desk.hands.queue:
            for message in self.desk.flush():
                if isinstance(message, Recorded):
                    self.known.read(message.entry.body)
                self.turn(message)

    @rule()
    def the_disk_is_full(self) -> None:
        self.desk.judge.impair("the disk is full")
        self.impaired = True
        self.lost_notes = self.lost_notes or bool(self.desk.hands.queue)
        self.turn(*self.desk.flush(trouble="the disk is full"))
        self.halting = [ordered for ordered in self.halting if not ordered.answer.done()]

    @precondition(lambda self: self.impaired)
    @rule()
    def the_disk_is_well_again(self) -> None:
        self.desk.judge.impair("")
        self.impaired = False

    @precondition(lambda self: not self.impaired and self.desk.hands.moving)
    @rule(ends=st.sampled_from(["halted", "restored"]))
    def the_runner_writes(self, ends: str) -> None:
        body: Body = Halted("rollback/dns/it/a", "refused", "") if ends == "halted" else Closed("restored", 1)
        run = self.desk.cutover.run
        assert run is not None
        entry = self.desk.write(body, "runner", run.id)
        self.known.read(body)
        self.turn(Recorded(entry))

    @rule(durable=st.booleans())
    def the_daemon_is_killed(self, durable: bool) -> None:
        """What is on its way reaches the disk or does not; nobody hears of it either way."""
        lost = self.lost_notes or self.impaired or (bool(self.desk.hands.queue) and not durable)
        for message in self.desk.flush() if durable and not self.impaired else []:
            if isinstance(message, Recorded):
                self.known.read(message.entry.body)
        self.desk.restart()
        self.eye, self.halting, self.impaired, self.lost_notes = Eye(), [], False, False
        if lost:  # of what could not be written down, a restart knows nothing: only then may a generation come again
            self.generation = self.desk.cutover.generation
        self.watch()

    @rule()
    def a_night_begins(self) -> None:
        """What random commands seldom bring about: open and armed, with healthy gates."""
        self.the_disk_answers()
        if self.known.run or self.known.halted or self.impaired or self.desk.cutover.halted:
            return
        for command in ("reset", "open"):
            self.an_operator_speaks(command)
        self.both_paths_pass()
        self.an_operator_speaks("arm")

    @rule(settled=st.booleans())
    def a_night_goes_wrong(self, settled: bool) -> None:
        self.a_night_begins()
        self.the_new_path_fails(3)
        if settled:
            self.the_disk_answers()

    # what holds

    @invariant()
    def ok_is_earned(self) -> None:
        if not self.desk.is_ok:
            return
        known, now, held = self.known, self.desk.now, self.held()
        if known.phase == "committed":
            assert not held or held[0]
            return
        assert known.phase == "open"
        assert not known.latched
        assert not self.desk.gate.latched
        assert not self.impaired
        fresh = [sent_ns for sent_ns in self.eye.since_unwell() if now.mono_ns - sent_ns <= MAX_AGE_NS]
        assert len(fresh) > len(self.needed) - self.need, "so many are silent that they alone could be bad enough"
        assert self.eye.passed == set(self.needed)
        assert (held and held[0]) or self.desk.gate.state is not GateState.TRIPPED
        assert held is None or held[0]

    @invariant()
    def the_judge_agrees_with_the_journal(self) -> None:
        cutover, known = self.desk.cutover, self.known
        assert (str(cutover.phase), bool(cutover.armed), "inbound" in cutover.latched) == (
            known.phase,
            known.armed,
            known.latched,
        )
        assert (cutover.run is not None, bool(cutover.run and cutover.run.stopped)) == (known.run, known.stopped)
        assert cutover.halted or not known.halted
        assert self.desk.gate.latched or not known.latched, "a latch left without a reset"

    @invariant()
    def a_halt_holds_until_it_is_taken_back(self) -> None:
        self.halting = [ordered for ordered in self.halting if not ordered.answer.done()]
        if self.halting or self.desk.cutover.halted:
            assert self.desk.cutover.halted
            assert self.desk.hands.moving == ""

    @invariant()
    def generations_only_grow(self) -> None:
        assert self.desk.board.cutover.generation >= self.generation
        self.generation = self.desk.board.cutover.generation


class AnyComparedNight(AnyNight):
    compares = True


class AnyNightOfSeveralRules(AnyNight):
    judged_by = (Consecutive(3, CODES), Failures(4, 8, CODES), Consecutive(2, (500,)))


class AnyNightOfAQuorum(AnyNight):
    needed = (NEW, *OTHERS)
    need = 2


TestAnyNight = AnyNight.TestCase
TestAnyNight.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)
TestAnyComparedNight = AnyComparedNight.TestCase
TestAnyComparedNight.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)
TestAnyNightOfSeveralRules = AnyNightOfSeveralRules.TestCase
TestAnyNightOfSeveralRules.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
TestAnyNightOfAQuorum = AnyNightOfAQuorum.TestCase
TestAnyNightOfAQuorum.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
