"""How an exchange ended: the values that `probes.sip.transport` gives and a probe judges by."""

from __future__ import annotations

from dataclasses import dataclass

from probes.sip.message import Response
from probes.sip.route import Trouble
from probes.sip.udp import Endpoint


@dataclass(frozen=True, slots=True)
class Answered:
    """A final response. `copies` counts the request and its retransmissions; with more than one, `rtt_ns` is from the first."""

    response: Response
    rtt_ns: int
    peer: Endpoint
    copies: int


@dataclass(frozen=True, slots=True)
class Silent:
    """No final response in time; `provisional` is the last 1xx status seen."""

    elapsed_ns: int
    peer: Endpoint
    copies: int
    provisional: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """An ICMP error about our request came back; `offender` is the host that reported it.

    `elapsed_ns` is the whole of the time allowed where the error quoted too little of the request to be believed at once.
    """

    errno: str
    elapsed_ns: int
    peer: Endpoint
    offender: str | None


@dataclass(frozen=True, slots=True)
class SelfTrouble:
    """We could not ask, or could not hear."""

    reason: Trouble
    elapsed_ns: int
    detail: str = ""


Exchanged = Answered | Silent | Refused | SelfTrouble
