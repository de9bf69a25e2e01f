"""Whose call it was: the caller's region and the number called, as a request tells them in its query or its JSON body.

Labels are those of the configuration and two more: `other` for what is not among them, `none` where nothing was said. A
client invents no label, and what it says decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import orjson

from daemon.web.query import Query

OTHER, NONE = "other", "none"
REMEMBERED = 512
"""Values that a column knows the label of without working it out again. A night has few numbers, and many calls to each."""
_NO_DIGITS = re.compile("[^0-9]+")


def same_region(text: str) -> str:
    return text.strip().casefold()


def same_number(text: str) -> str:
    """The digits: of `tel:+49 30 123`, of `+4930123` (whose plus a query turns into a space), of `sip:+4930123@host;x=1`."""
    return _NO_DIGITS.sub("", text.partition("@")[0].partition(";")[0])


@dataclass(frozen=True, slots=True)
class Column:
    """One field of requests. `known` maps what is said, made comparable by `same`, to the label it is counted under."""

    name: str
    known: Mapping[str, str]
    same: Callable[[str], str]
    seen: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, name: str, values: Iterable[str], same: Callable[[str], str]) -> Column:
        return cls(name, {same(value): value for value in values}, same)

    def label(self, query: Query, body: Mapping[str, Any]) -> str:
        sent = query.raw(self.name)
        if sent is not None:
            return self.seen.get(sent) or self._work_out(sent)
        said = body.get(self.name)
        if isinstance(said, bool) or not isinstance(said, str | int):
            return NONE
        return self._label(str(said))

    def _work_out(self, sent: str) -> str:
        if len(self.seen) >= REMEMBERED:
            self.seen.clear()
        label = self.seen[sent] = self._label(unquote_plus(sent))
        return label

    def _label(self, said: str) -> str:
        key = self.same(said)
        return self.known.get(key, OTHER) if key else NONE


@dataclass(frozen=True, slots=True)
class Ledger:
    regions: Column | None = None
    numbers: Column | None = None

    def read(self, query: Query, body: bytes) -> tuple[str, str]:
        """(region, number); empty where the configuration asks for none."""
        said = fields(body) if body else _NOTHING
        return (
            self.regions.label(query, said) if self.regions is not None else "",
            self.numbers.label(query, said) if self.numbers is not None else "",
        )


_NOTHING: Mapping[str, Any] = {}


def fields(body: bytes) -> Mapping[str, Any]:
    """The members of a JSON object; none of anything else, which is no mistake: the answer does not depend on it."""
    if not body:
        return _NOTHING
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _NOTHING
    return said if isinstance(said, dict) else _NOTHING
