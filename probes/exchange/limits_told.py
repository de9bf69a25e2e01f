"""What an API says of its rate limits, in the headers of its answers. Pure.

`inin-ratelimit-count/-allowed/-reset` (Genesys Cloud), `Retry-After` (RFC 9110 §10.2.3: seconds or a date), `X-RateLimit-*` as
GitHub and many others have them (Reset in seconds, or as a Unix time), `RateLimit-*` and `RateLimit` of
draft-ietf-httpapi-ratelimit-headers (seconds). What cannot be read counts as not said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from probes.exchange.headers import Headers
from probes.sample import NS_PER_S

LONGEST_NS = 3_600 * NS_PER_S
"""Nobody is waited for longer than that on a header's word."""
_EPOCH = 1_000_000_000
"""A reset above it is a Unix time, and not a number of seconds."""
_WHOLE = re.compile(r"\s*([0-9]{1,12})(?:\.[0-9]{1,9})?\s*")
_NEW_FORM = re.compile(r"(?:^|[;,\s])(?:r|remaining)\s*=\s*([0-9]{1,12})")
_NEW_RESET = re.compile(r"(?:^|[;,\s])(?:t|reset)\s*=\s*([0-9]{1,12})")


@dataclass(frozen=True, slots=True)
class Told:
    """`remaining` requests within the next `reset_ns`; nothing at all for `pause_ns`. None: not said."""

    remaining: int | None = None
    reset_ns: int | None = None
    pause_ns: int | None = None


def read(headers: Headers, *, now_utc_ns: int) -> Told:
    remaining, reset = _genesys(headers)
    if remaining is None:
        remaining, reset = _usual(headers, now_utc_ns)
    return Told(
        remaining, None if reset is None else min(reset * NS_PER_S, LONGEST_NS), retry_after_ns(headers, now_utc_ns=now_utc_ns)
    )


def retry_after_ns(headers: Headers, *, now_utc_ns: int) -> int | None:
    text = headers.get("Retry-After")
    if text is None:
        return None
    seconds = _whole(text)
    if seconds is not None:
        return min(seconds * NS_PER_S, LONGEST_NS)
    try:
        until = parsedate_to_datetime(text)
        return max(0, min(int(until.timestamp()) * NS_PER_S - now_utc_ns, LONGEST_NS))
    except (ValueError, TypeError, OverflowError):
        return None


def _genesys(headers: Headers) -> tuple[int | None, int | None]:
    asked, allowed = _whole(headers.get("inin-ratelimit-count")), _whole(headers.get("inin-ratelimit-allowed"))
    if asked is None or allowed is None:
        return None, None
    return max(0, allowed - asked), _whole(headers.get("inin-ratelimit-reset"))


def _usual(headers: Headers, now_utc_ns: int) -> tuple[int | None, int | None]:
    for prefix in ("X-RateLimit-", "X-Rate-Limit-", "RateLimit-"):
        remaining = _whole(headers.get(prefix + "Remaining"))
        if remaining is not None:
            return remaining, _seconds_until(_whole(headers.get(prefix + "Reset")), now_utc_ns)
    told = headers.get("RateLimit")
    found = None if told is None else _NEW_FORM.search(told)
    if told is None or found is None:
        return None, None
    reset = _NEW_RESET.search(told)
    return int(found.group(1)), None if reset is None else int(reset.group(1))


def _seconds_until(reset: int | None, now_utc_ns: int) -> int | None:
    if reset is None or reset < _EPOCH:
        return reset
    return max(0, reset - now_utc_ns // NS_PER_S)


def _whole(text: str | None) -> int | None:
    found = None if text is None else _WHOLE.fullmatch(text)
    return None if found is None else int(found.group(1))
