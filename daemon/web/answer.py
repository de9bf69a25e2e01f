"""The webhook's answer as JSON: always these fields, always in this order, flat, strings and integers only."""

from __future__ import annotations

from typing import Any

import orjson

from gates.lease import Answer, Lease


def _standing(lease: Lease, *, ok: bool) -> dict[str, Any]:
    """The fields that change only when the judge publishes."""
    return {
        "cutoverStatus": "OK" if ok else "DEGRADED",
        "gate": lease.gate,
        "state": str(lease.state),
        "phase": str(lease.phase),
        "route": "new" if ok else "baseline",
        "generation": lease.generation,
    }


def document(lease: Lease, answer: Answer) -> dict[str, Any]:
    return {
        **_standing(lease, ok=answer.ok),
        "ageMs": answer.age_ms,
        "validForMs": answer.valid_for_ms,
        "reason": answer.reason,
    }


class Renderer:
    """`document` as bytes. What stands is rendered once per published lease, what moves with each answer."""

    __slots__ = ("_heads",)

    def __init__(self) -> None:
        self._heads: dict[str, tuple[Lease, bytes, bytes]] = {}

    def render(self, lease: Lease, answer: Answer) -> bytes:
        head = self._heads.get(lease.gate)
        if head is None or head[0] is not lease:
            head = self._heads[lease.gate] = (lease, _head(lease, ok=True), _head(lease, ok=False))
        return b'%b,"ageMs":%d,"validForMs":%d,"reason":%b}' % (
            head[1] if answer.ok else head[2],
            answer.age_ms,
            answer.valid_for_ms,
            orjson.dumps(answer.reason),
        )


def _head(lease: Lease, *, ok: bool) -> bytes:
    return orjson.dumps(_standing(lease, ok=ok))[:-1]
