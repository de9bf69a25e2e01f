"""The webhook as it is when it fails, on request of a reserved key: the proof that the IVR takes the baseline path then.

`GET /v1/gates/{gate}?answer=late|500|garbage|silence`. Whatever is asked, OK is never said: a late answer is DEGRADED.
These requests are no callers: they are counted apart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from aiohttp import web

from daemon.web.responses import document, encoded, failure

KEY: Final = "(absence)"
"""The reserved key's name among the others. Parentheses cannot stand in a name of the configuration."""
MAX_HELD = 32
"""Requests that are held back at once: whoever has the key cannot take all connections with it."""
GARBAGE = b'{"cutoverStatus":"DEGR\xff\xfe<html>'

logger = logging.getLogger("cutoverd.web")


class Absence(StrEnum):
    """How the webhook fails."""

    LATE = "late"
    """A good answer, after the IVR has stopped waiting."""
    ERROR = "500"
    GARBAGE = "garbage"
    """200, and a body that is neither JSON nor UTF-8."""
    SILENCE = "silence"
    """The connection is closed without a byte, after the IVR has stopped waiting."""


HELD_BACK = frozenset({Absence.LATE, Absence.SILENCE})
_HOW = "answer must be one of late, 500, garbage, silence"


def wanted(query: Mapping[str, str]) -> Absence | None:
    """None where the request does not say."""
    try:
        return Absence(query.get("answer", ""))
    except ValueError:
        return None


def refusal(absence: Absence | None, *, known: bool, held: int) -> tuple[int, str] | None:
    """Status and message where nothing is played: an unknown gate, an unknown answer, too many held back already."""
    if not known:
        return 404, "no such gate"
    if absence is None:
        return 400, _HOW
    if absence in HELD_BACK and held >= MAX_HELD:
        return 503, "too many answers are held back already"
    return None


class Absences:
    def __init__(self, *, after_s: float = 30.0, played: Callable[[str, str], None] = lambda gate, answer: None) -> None:
        """`after_s` is how long an answer is held back; `played` counts, by gate and answer."""
        self._after_s = after_s
        self._played = played
        self._held = 0

    async def play(self, request: web.BaseRequest, gate: str, *, known: bool) -> web.Response:
        """`known`: whether there is such a gate."""
        absence = wanted(request.query)
        refused = refusal(absence, known=known, held=self._held)
        if refused is not None or absence is None:
            return failure(*(refused or (400, _HOW)))
        self._played(gate, absence)
        logger.info("absence proof: gate %s answers the reserved key with %s", gate, absence)
        if absence in HELD_BACK:
            await self._hold_back()
        if absence is Absence.SILENCE and request.transport is not None:
            request.transport.close()  # what is returned below finds nobody to be sent to
        response = _response(absence, gate)
        response.force_close()
        return response

    async def _hold_back(self) -> None:
        self._held += 1
        try:
            await asyncio.sleep(self._after_s)
        finally:
            self._held -= 1


def _response(absence: Absence, gate: str) -> web.Response:
    if absence is Absence.ERROR:
        return failure(500, "absence proof")
    if absence is Absence.GARBAGE:
        return encoded(GARBAGE)
    return document({"cutoverStatus": "DEGRADED", "gate": gate, "route": "baseline", "reason": "absence-proof"})
