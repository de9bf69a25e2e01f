"""A request as it goes onto the wire, with what its answer is known by."""

from __future__ import annotations

from dataclasses import field

from probes.sip.engine.likeness import Likeness
from probes.sip.messages.headers import CSeq
from probes.sip.messages.message import Request, serialise
from probes.values import fast_dataclass


@fast_dataclass(frozen=True, slots=True)
class Outgoing:
    """`likeness` remembers how requests of the same series were answered, `unique` is what tells this one from the others."""

    data: bytes = field(repr=False)
    branch: str
    call_id: str
    cseq: CSeq
    unique: bytes = b""
    likeness: Likeness | None = None


def outgoing(request: Request) -> Outgoing:
    """Raises UnsafeMessage where a value would break out of its place, ValueError where there is no branch."""
    branch = request.vias[0].branch
    if branch is None:
        raise ValueError("a request needs a branch of its own")
    return Outgoing(serialise(request), branch, request.call_id, request.cseq)
