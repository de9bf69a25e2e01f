"""From when to when: instants, durations before now, or the span of a run in the journal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import click

from config.units import parse_duration, parse_instant
from daemon.store import open_readonly
from probes import clock
from probes.sample import NS_PER_S

BEFORE_RUN_NS = 600 * NS_PER_S
AFTER_RUN_NS = 300 * NS_PER_S
FOREVER_NS = 2**62


@dataclass(frozen=True, slots=True)
class Span:
    from_utc_ns: int = 0
    to_utc_ns: int = FOREVER_NS


class WhenType(click.ParamType[int]):
    """`2026-12-05T22:00:00Z`, or `-2h`: so long before now. UTC nanoseconds once converted."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        text = str(value)
        try:
            if text.startswith("-"):
                return clock.read().utc_ns - parse_duration(text[1:])
            return round(parse_instant(text).timestamp() * 1_000_000) * 1_000
        except ValueError as error:
            named = "" if repr(text) in str(error) else f"{text!r}: "
            self.fail(f"{named}{error}, or how long ago, such as -2h", param, ctx)


WHEN = WhenType()


def of_run(store: str, run: str) -> Span | None:
    """From ten minutes before its first entry to five minutes after its last; None for a run that the journal does not know.

    Raises StoreError.
    """

    async def ask() -> list[int]:
        reader = await open_readonly(store)
        try:
            return [entry.at_utc_ns for entry in await reader.entries(run=run)]
        finally:
            await reader.close()

    moments = asyncio.run(ask())
    return Span(min(moments) - BEFORE_RUN_NS, max(moments) + AFTER_RUN_NS) if moments else None
