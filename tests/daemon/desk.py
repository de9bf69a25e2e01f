"""A judge at a desk: time is told, the journal is a list, and what would be set in motion is written down."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, cast

from daemon import recall
from daemon.board import Board
from daemon.inbox import Committed, Inbox, Message, Ordered, Recorded
from daemon.judge import Judge
from daemon.moments import Window
from daemon.orders import Order
from daemon.oversight import Oversight
from daemon.planbook import PlanBook
from daemon.reply import Reply
from gates.cutover import Command, Cutover
from gates.gate import Gate, GateSpec, OnTrip, Transition
from gates.lease import Answer, Lease, answer
from probes.sample import NS_PER_MS, NS_PER_S, Moment, ProbeResult, Sample
from reverters.baseline import Baseline
from reverters.entries import Body
from reverters.journal import JournalEntry
from reverters.planner import PlanSpec, StageSpec, StepSpec
from tests.gates.bench import NEW, OLD, PASS, at, spec
from tests.reverters.world import sealed

WINDOW = Window(at(-3_600_000).utc_ns, at(8 * 3_600_000).utc_ns)


def plan_spec(name: str) -> PlanSpec:
    return PlanSpec(name, (StageSpec("dns", (StepSpec("it", "memory", "a", "memory:a", {"name": "a"}),)),))


def baseline(value: str = "192.0.2.1") -> Baseline:
    return Baseline.of(captured_utc_ns=at(-1_000).utc_ns, actor="op", objects={"memory:a": {"values": [value]}})


def gate_spec(
    name: str = "inbound", *, compares: bool = False, on_trip: tuple[OnTrip, ...] | None = None, **rule: Any
) -> GateSpec:
    """By default a trip starts `rollback` at once."""
    made = spec(baseline=(OLD,) if compares else (), **rule)
    return replace(made, name=name, on_trip=(OnTrip("rollback", 0),) if on_trip is None else on_trip)


@dataclass
class Hands:
    """`daemon.judge.Effects`, writing everything down. `told` is what the board said when an order was handed over."""

    board: Board
    queue: list[tuple[Body, str] | Order] = field(default_factory=list)
    told: list[tuple[Order, Mapping[str, Lease]]] = field(default_factory=list)
    moving: str = ""
    steered: list[str] = field(default_factory=list)
    paced: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)
    lags: list[int] = field(default_factory=list)
    counts: list[Sample] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)

    def note(self, body: Body, actor: str) -> None:
        self.queue.append((body, actor))

    def commit(self, order: Order) -> None:
        self.queue.append(order)
        self.told.append((order, dict(self.board.leases)))

    def steer(self, cutover: Cutover, *, impaired: bool) -> None:
        run = cutover.run
        self.moving = run.id if run and not (run.stopped or cutover.halted or impaired) else ""
        if not self.steered or self.steered[-1] != self.moving:
            self.steered.append(self.moving)

    def pace(self, suspect: frozenset[str], at_once: frozenset[str]) -> None:
        self.paced.append((suspect, at_once))

    def turned(self, *, lag_ns: int) -> None:
        self.lags.append(lag_ns)

    def counted(self, gate: Gate, sample: Sample) -> None:
        self.counts.append(sample)

    def transited(self, transition: Transition, gate: Gate) -> None:
        self.transitions.append(transition)


class Desk:
    def __init__(
        self,
        *specs: GateSpec,
        plans: tuple[str, ...] = ("rollback",),
        captured: bool = True,
        oversight: Oversight | None = None,
    ) -> None:
        self.oversight = oversight or Oversight()
        self.specs = {each.name: each for each in specs or (gate_spec(),)}
        self.book = PlanBook({name: plan_spec(name) for name in plans})
        self.book.use(baseline() if captured else None)
        self.journal: list[JournalEntry] = []
        self.now = at(0)
        self.sequence = 0
        self.start()

    def start(self) -> None:
        """A start of the daemon, from nothing but the journal."""
        cutover = Cutover()
        for entry in self.journal:
            cutover = recall.follow(cutover, entry)
        self.board, self.inbox = Board(), Inbox()
        self.hands = Hands(self.board)
        self.judge = Judge(
            self.specs,
            cutover,
            window=WINDOW,
            book=self.book,
            board=self.board,
            inbox=self.inbox,
            effects=self.hands,
            now=self.now,
            oversight=self.oversight,
        )

    def restart(self, *, after_ms: int = 500) -> None:
        """What was not durable is forgotten."""
        self._pass(after_ms)
        self.start()

    def _pass(self, ms: float) -> None:
        ns = round(ms * NS_PER_MS)
        self.now = Moment(self.now.utc_ns + ns, self.now.mono_ns + ns)

    def turn(self, *messages: Message, ms: float = 100) -> None:
        self._pass(ms)
        self.judge.turn(list(messages), now=self.now)

    def idle(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.turn(ms=250)

    def sample(self, result: ProbeResult, probe: str = NEW, *, sent: Moment | None = None) -> Sample:
        self.sequence += 1
        return Sample(probe, "local", self.sequence, sent or self.now, self.now, result)

    def hear(self, *results: ProbeResult, probe: str = NEW) -> None:
        """Each result in a turn of its own, 100 ms after the one before."""
        for result in results:
            self._pass(100)
            self.judge.turn([self.sample(result, probe)], now=self.now)

    def healthy(self) -> None:
        for each in self.specs.values():
            for probe in (*each.needed, *each.baseline):
                self.hear(PASS, probe=probe)

    # commands

    def ordered(self, command: str, **arguments: Any) -> Ordered:
        future: Future[Reply] = Future()
        return Ordered(Command(command), arguments, "op", cast(Any, future))

    def order(self, command: str, **arguments: Any) -> Ordered:
        """Given to the judge, and not yet durable."""
        ordered = self.ordered(command, **arguments)
        self.turn(ordered)
        return ordered

    def do(self, command: str, **arguments: Any) -> Reply:
        """From the request to the answer."""
        ordered = self.order(command, **arguments)
        self.settle()
        assert ordered.answer.done()
        return ordered.answer.result()

    # the journal

    def write(self, body: Body, actor: str, run: str) -> JournalEntry:
        self.journal.append(sealed(body, self.journal, run=run, at_utc_ns=self.now.utc_ns))
        self.journal[-1] = replace(self.journal[-1], actor=actor)
        return self.journal[-1]

    def flush(self, *, trouble: str = "") -> list[Message]:
        """What the writer makes of the queue: the messages that come back to the inbox."""
        back: list[Message] = []
        queue, self.hands.queue = self.hands.queue, []
        for item in queue:
            bodies, actor, run = (item.bodies, item.actor, item.run) if isinstance(item, Order) else (item[:1], item[1], "")
            if not trouble:
                back += [Recorded(self.write(body, actor, run)) for body in bodies]
            if isinstance(item, Order):
                back.append(Committed(trouble))
        return back

    def settle(self, *, trouble: str = "") -> None:
        """Until nothing is on its way to the journal any more."""
        while self.hands.queue:
            self.turn(*self.flush(trouble=trouble))

    def append(self, body: Body) -> None:
        """The runner writes an entry of the run in progress."""
        run = self.judge.cutover.run
        entry = self.write(body, "runner", run.id if run else "rollback@gone")
        self.turn(Recorded(entry))

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.journal]

    @property
    def commands(self) -> list[str]:
        return [entry.body.command for entry in self.journal if entry.kind == "operated"]  # type: ignore[union-attr]

    # what callers are told

    def answer(self, gate: str = "inbound", *, ticket: int | None = None) -> Answer:
        return answer(self.board.leases[gate], now_ns=self.now.mono_ns, turned_ns=self.board.turned_ns, ticket=ticket)

    @property
    def is_ok(self) -> bool:
        return self.answer().ok

    @property
    def reason(self) -> str:
        return self.answer().reason

    @property
    def gate(self) -> Gate:
        return self.judge.gates["inbound"]

    @property
    def cutover(self) -> Cutover:
        return self.judge.cutover

    @property
    def digest(self) -> str:
        return self.book.plans["rollback"].digest

    @property
    def digests(self) -> list[str]:
        return [plan.digest for plan in self.book.plans.values()]

    def opened(self) -> None:
        self.healthy()
        assert self.do("open").ok

    def armed(self) -> None:
        self.opened()
        assert self.do("arm", plan=self.digests).ok


HOUR_NS = 3_600 * NS_PER_S
