"""What the judge publishes on each turn and everybody else only reads: no locks, one loop, values replaced whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon.oversight import Oversight
from daemon.unasked import Kept
from gates.cutover import Cutover
from gates.doubt import Control
from gates.gate import Gate
from gates.lease import Lease


@dataclass(slots=True)
class Board:
    """`turned_ns` is the monotonic nanosecond of the judge's last turn; `impaired` names what is wrong with ourselves."""

    cutover: Cutover = field(default_factory=Cutover)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    leases: Mapping[str, Lease] = field(default_factory=dict)
    turned_ns: int = 0
    impaired: str = ""
    oversight: Oversight = field(default_factory=Oversight)
    control: Control = field(default_factory=Control)
    kept: tuple[Kept, ...] = ()
    """Runs that are due and that an interlock keeps from starting."""
