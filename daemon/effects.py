"""What a turn of the judge sets in motion: the contract between `daemon.judge` and `daemon.hands`."""

from __future__ import annotations

from typing import Protocol

from daemon.orders import Order
from gates.cutover import Cutover
from gates.gate import Gate, Transition
from probes.sample import Sample
from reverters.entries import Body


class Effects(Protocol):
    """What a turn sets in motion. None of these may block."""

    def note(self, body: Body, actor: str) -> None:
        """Journal it when possible; nobody waits."""

    def commit(self, order: Order) -> None:
        """Journal it; `Committed` comes back to the inbox."""

    def steer(self, cutover: Cutover, *, impaired: bool) -> None:
        """Let the run, if any, go on or stop."""

    def pace(self, suspect: frozenset[str], at_once: frozenset[str]) -> None: ...

    def turned(self, *, lag_ns: int) -> None: ...
    def counted(self, gate: Gate, sample: Sample) -> None: ...
    def transited(self, transition: Transition, gate: Gate) -> None: ...
