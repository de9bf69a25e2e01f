"""A desk whose judge is recorded, and the proof that a replay of the recording is what happened."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from typing import Any, cast

from daemon.inbox import Reload
from daemon.orders import Order
from daemon.oversight import Oversight
from daemon.recording.block import Block, decode
from daemon.recording.tape import Tape
from daemon.recording.text import read, write
from daemon.recording.turn import Turn, follow
from daemon.replay.replay import Replay, transitions
from daemon.reply import Reply
from daemon.terms import Terms
from gates.doubt import Period
from gates.gate import Transition
from reverters.entries import Operated
from tests.daemon.desk import WINDOW, Desk, Hands, gate_spec
from tests.gates.bench import NEW, OLD, PASS, at, failed, plans

CONTROL = "someone-else"
OVERSIGHT = Oversight(
    periods=(Period(at(60_000).utc_ns, at(90_000).utc_ns, "the carrier works", frozenset({NEW})),), control=frozenset({CONTROL})
)


SPECS = (
    gate_spec(compares=True, on_trip=plans(rollback=0, other=2_000)),
    gate_spec("second", on_trip=plans(other=500), threshold=2, recover=2, max_age_ms=6_000),
)


class RecordedDesk(Desk):
    """Every turn of every start goes to the tape, and every transition is kept."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.live: list[Transition] = []
        super().__init__(*SPECS, oversight=OVERSIGHT, plans=("rollback", "other"))

    def start(self) -> None:
        super().start()
        hands: Hands = self.hands
        hands.transitions = self.live
        tape = Tape(self.turns.append)
        tape.began(self.judge.gates, now=self.now)
        self.judge._tape = tape

    def goes_wrong(self) -> None:
        """Open, armed and healthy; then the new path fails, and a run begins that is not yet in the journal."""
        for command in ("resume", "abandon", "reset", "open"):
            self.order(command)
            self.settle()
        for probe in (NEW, OLD, CONTROL):
            self.hear(*[PASS] * 5, probe=probe)
        self.order("arm", plan=self.digests)
        self.settle()
        self.hear(failed(), failed(), failed())
        self.hear(PASS, probe=CONTROL)
        self.hear(PASS, probe=OLD)

    def reload(self, *, kept: Collection[str], afresh: Collection[str]) -> None:
        order = Order((Operated("reload", {}),), "op", "reloaded")
        other = Terms(self.specs, WINDOW, OVERSIGHT, frozenset(kept), frozenset(afresh))
        self.turn(Reload(lambda cutover: order, lambda: other, cast(Any, Future[Reply]())))


def same_as_live(desk: RecordedDesk) -> None:
    """Through blocks of any size, and through text: the same transitions, and in the end the same gates to the last figure."""
    desk.turn()
    for turns in (desk.turns, folded(desk.turns, every=7), folded(desk.turns, every=10_000), written(desk.turns)):
        assert transitions(turns, desk.specs, OVERSIGHT) == desk.live
    replay = Replay(desk.specs, OVERSIGHT, lambda label, gate, transition: None, as_it_was=True)
    for turn in desk.turns:
        replay.turn(turn)
    assert replay.gates == desk.judge.gates


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
