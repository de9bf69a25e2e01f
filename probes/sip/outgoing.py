"""A request as it goes onto the wire, with what its answer is known by."""

from __future__ import annotations

from dataclasses import dataclass

from probes.sip.headers import CSeq
from probes.sip.message import Request, serialise


@dataclass(frozen=True, slots=True)
class Outgoing:
    data: bytes
    branch: str
    call_id: str
    cseq: CSeq


def outgoing(request: Request) -> Outgoing:
    """Raises UnsafeMessage where a value would break out of its place, ValueError where there is no branch."""
    branch = request.vias[0].branch
    if branch is None:
        raise ValueError("a request needs a branch of its own")
    return Outgoing(serialise(request), branch, request.call_id, request.cseq)
