"""How values are written for people: instants in UTC and local time, durations, and text that others typed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

import click

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

_UNITS = {"ms": NS_PER_MS, "s": NS_PER_S, "m": 60 * NS_PER_S, "h": 3600 * NS_PER_S}
_DURATION = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?(ms|s|m|h)")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%")
_LONGEST_NS = 366 * 24 * _UNITS["h"]


class DurationType(click.ParamType[int]):
    """`200ms 5s 10m 24h`, as in the configuration file; nanoseconds once converted, always more than none."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = _DURATION.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is not a duration such as 200ms, 5s, 30m or 24h", param, ctx)
        whole, fraction, unit = found.groups()
        ns = int(whole) * _UNITS[unit] + int((fraction or "").ljust(9, "0")) * _UNITS[unit] // NS_PER_S
        if not 0 < ns <= _LONGEST_NS:
            self.fail(f"{value!r} is not between a nanosecond and 366 days", param, ctx)
        return ns


DURATION = DurationType()


class ShareType(click.ParamType["int | None"]):
    """`25%` in ten-thousandths; `schedule` is None."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value == "schedule":
            return None
        found = _SHARE.fullmatch(str(value))
        share = round(float(found.group(1)) * 100) if found else -1
        if not 0 <= share <= 10_000:
            self.fail(f"{str(value)!r} is not a share such as 5% or 100%, nor `schedule`", param, ctx)
        return share


SHARE = ShareType()


def at(utc_ns: int, *, zone: tzinfo | None = None) -> str:
    """`2026-12-05 22:00:00.123Z (23:00:00 CET)`; the local date too where it is another. `zone` None is this machine's."""
    seconds, rest = divmod(utc_ns, NS_PER_S)
    return _both(datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest // 1000), zone, "milliseconds")


def at_instant(text: str, *, zone: tzinfo | None = None) -> str:
    """The same to the second, for an instant as the daemon writes it (`2026-12-05T22:00:00.000Z`)."""
    return _both(datetime.fromisoformat(text).astimezone(UTC), zone, "seconds")


def _both(utc: datetime, zone: tzinfo | None, timespec: str) -> str:
    local = utc.astimezone(zone)
    form = "%H:%M:%S %Z" if local.date() == utc.date() else "%Y-%m-%d %H:%M:%S %Z"
    return f"{utc.replace(tzinfo=None).isoformat(' ', timespec)}Z ({local.strftime(form)})"


def lasting(ns: int) -> str:
    """`250 ms`, `9.8 s`, `12 min 05 s`, `2 h 00 min`."""
    if ns < NS_PER_S:
        return f"{ns // NS_PER_MS} ms"
    if ns < 60 * NS_PER_S:
        return f"{ns / NS_PER_S:.1f}".removesuffix(".0") + " s"
    minutes, seconds = divmod(ns // NS_PER_S, 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def printable(text: object) -> str:
    """Text of other origin on one line, without anything that a terminal would obey."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(text))
