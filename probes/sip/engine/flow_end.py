"""Why a connection is no more, told once for all who were waiting on it."""

from __future__ import annotations

from dataclasses import dataclass

from probes.sip.engine.exchanged import Break, Broken, Refused, SelfTrouble
from probes.sip.engine.target import Endpoint
from probes.sip.engine.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Unconnected:
    """The peer, or somebody on the way, would not have it: the name of the errno that connecting ended with."""

    errno: str


@dataclass(frozen=True, slots=True)
class FlowEnd:
    """`how` says whose doing it was: the peer's or the way's (Unconnected, Break) or our own (Trouble; CLOSED is `close()`).

    `detail` is for people, short, printable, and never holds what a key file holds.
    """

    how: Break | Trouble | Unconnected
    detail: str = ""


def as_exchanged(end: FlowEnd, elapsed_ns: int, peer: Endpoint) -> Refused | Broken | SelfTrouble:
    """What the end means for one exchange that waited on the connection."""
    match end.how:
        case Unconnected(errno=errno):
            return Refused(errno, elapsed_ns, peer, None)
        case Break() as how:
            return Broken(how, elapsed_ns, peer, end.detail)
        case Trouble() as reason:
            return SelfTrouble(reason, elapsed_ns, end.detail)
