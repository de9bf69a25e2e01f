"""Streams cut by the framer in one go and in pieces."""

from __future__ import annotations

from collections.abc import Iterable

from probes.sip.engine.framing import Framer, KeepAlive
from probes.sip.messages.malformed import Malformation, MalformedMessage

Frame = bytes | KeepAlive | Malformation


def frames(*pieces: bytes) -> list[Frame]:
    """What comes of the pieces, added one after another; an unusable stream ends with its reason."""
    return cut(Framer(), pieces)


def cut(framer: Framer, pieces: Iterable[bytes]) -> list[Frame]:
    found: list[Frame] = []
    for piece in pieces:
        framer.add(piece)
        try:
            while (frame := framer.next_frame()) is not None:
                found.append(frame)
        except MalformedMessage as fault:
            return [*found, fault.reason]
    return found
