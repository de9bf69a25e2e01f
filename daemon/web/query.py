"""Fields of a request's query, one at a time: callers send more than we count, and decoding all of it costs more than our checks.

As a browser's form encodes it (`application/x-www-form-urlencoded`). Of a field that comes twice the first counts. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote_plus

_ENCODED = 3
"""Characters of one that is written as %XX."""


class Query:
    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        """What follows the question mark, as it was sent."""
        self._parts: Sequence[str] = text.split("&") if text else ()

    def raw(self, name: str) -> str | None:
        """The value as it was sent; None where the query does not have the field. `name` is ASCII."""
        return next(self._raw(name), None)

    def get(self, name: str) -> str | None:
        value = self.raw(name)
        return None if value is None else unquote_plus(value)

    def all(self, name: str) -> set[str]:
        """All that is said under that name."""
        return {unquote_plus(value) for value in self._raw(name)}

    def _raw(self, name: str) -> Iterator[str]:
        longest = _ENCODED * len(name)
        for part in self._parts:
            said, _, value = part.partition("=")
            # What is longer cannot be the name, however it is written: a client makes us decode no more than it must.
            if said == name or (len(said) <= longest and ("%" in said or "+" in said) and unquote_plus(said) == name):
                yield value
