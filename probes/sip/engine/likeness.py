"""Whether an answer says just what the last one said: then it need not be read from scratch.

A peer answers OPTIONS in the same words every time, but for four identifiers: branch, From tag and Call-ID, which hold the one
`unique` of the request (`engine.series`), and the tag in To, which the peer chooses. So what is remembered of the last answer
is the text between them, and the little that a verdict needs.

Why the outcome is what `parse` would give. Equal texts around them mean that two answers differ in the unique and the To tag
alone. What was learned held the unique three times, and as three values: then no other value depends on it. It held no body, so
the line that begins with To and ends in the tag was the To header. And what stands in the four places now is of the same kind,
hexadecimal digits or a token. So status, reason and Retry-After are what they were, branch, Call-ID and CSeq are those of the
request that was asked, and the whole can be parsed; it is, as soon as somebody wants to see more of it.
Whatever is not so is not learned, or not alike, and is left to `parse`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache

from probes.sip.engine.trace import may_hold_credentials
from probes.sip.messages.headers import RetryAfter
from probes.sip.messages.message import Response, parse
from probes.sip.messages.syntax import parameter

MAGIC = "z9hG4bK"
"""What every branch begins with (RFC 3261 §8.1.1.7)."""
MOST = 4_096
"""Bytes: longer answers are always read from scratch."""

LONGEST_SHARED = 400
_seen = lru_cache(maxsize=10_000)(bytes)

_TO_TAG = re.compile(rb"\r\n(?:To|t)[ \t]*:[^\r\n]*;tag=", re.IGNORECASE)
_TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~"


class Alike(Response):
    """A response that is known by its likeness. It is equal to what `parse` makes of its `data`, and parsed when it must be."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes, status: int, reason: str, retry_after: RetryAfter | None) -> None:
        self._data, self.status, self.reason, self.retry_after = data, status, reason, retry_after  # type: ignore[misc]

    def __getattr__(self, name: str) -> object:
        """Asked only for what has no value yet."""
        if name not in _FIELDS:
            raise AttributeError(name)
        message = parse(self._data)
        for field in _FIELDS - _KNOWN:
            setattr(self, field, getattr(message, field))
        return getattr(message, name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Response):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in _FIELDS)

    __hash__ = Response.__hash__


_FIELDS = frozenset(field.name for field in fields(Response))
_KNOWN = frozenset({"status", "reason", "retry_after"})


class _Learned:
    """An answer in pieces: the unique of the request stands between those before the To tag, and between those after it."""

    __slots__ = ("after", "before", "is_public", "reason", "retry_after", "status")

    def __init__(self, response: Response, before: list[bytes], after: list[bytes]) -> None:
        self.status, self.reason, self.retry_after = response.status, response.reason, response.retry_after
        self.before, self.after = one_copy(before), one_copy(after)
        self.is_public = not any(may_hold_credentials(piece) for piece in (*before, *after))


class Likeness:
    """The last answer to one series of requests. `unique` is the identifier of the request that is being answered."""

    __slots__ = ("_learned",)

    def __init__(self) -> None:
        self._learned: _Learned | None = None

    @property
    def is_public(self) -> bool:
        """Whether the last answer held nothing that people may not see."""
        return self._learned is not None and self._learned.is_public

    def read(self, data: bytes, unique: bytes) -> Response | None:
        """What `parse` makes of `data`; None where `parse` must be asked."""
        learned = self._learned
        if learned is None or len(data) > MOST:
            return None
        before = unique.join(learned.before)
        if not data.startswith(before):
            return None
        tag_end = data.find(b"\r\n", len(before))
        if data[tag_end:] != unique.join(learned.after) or not _is_token(data[len(before) : tag_end]):
            return None
        return Alike(data, learned.status, learned.reason, learned.retry_after)

    def learn(self, data: bytes, unique: bytes, response: Response) -> None:
        """`response` is what `parse` made of `data`, and an answer to the request with this identifier."""
        self._learned = None
        found = _TO_TAG.search(data)
        if found is None or len(data) > MOST or data.find(b"\r\n\r\n") != len(data) - 4:
            return
        to_tag, end, after = data[found.end() :].partition(b"\r\n")
        befores, afters = data[: found.end()].split(unique), (end + after).split(unique)
        has_three = len(befores) + len(afters) == 5
        if has_three and _is_token(to_tag) and response.to.tag == to_tag.decode() and _holds(response, unique.decode()):
            self._learned = _Learned(response, befores, afters)


def one_copy(pieces: Iterable[bytes]) -> tuple[bytes, ...]:
    """The same pieces; what many targets have in common is held, and found in the processor's caches, once."""
    return tuple([_seen(piece) if len(piece) <= LONGEST_SHARED else piece for piece in pieces])


def _is_token(text: bytes) -> bool:
    return text != b"" and not text.translate(None, _TOKEN)


def _holds(response: Response, unique: str) -> bool:
    """The identifier as three values, each by itself."""
    branches = [parameter(via.params, "branch") for via in response.vias]
    return branches == [MAGIC + unique] and response.from_.tag == unique and response.call_id.startswith(unique)
