"""Whose call it was: the caller's region and the number called, as a request tells them in its query or its JSON body.

Labels are those of the configuration and two more: `other` for what is not among them, `none` where nothing was said. A
client invents no label, and what it says decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

OTHER, NONE = "other", "none"
_DIGITS = frozenset("0123456789")


def same_region(text: str) -> str:
    return text.strip().casefold()


def same_number(text: str) -> str:
    """The digits: of `tel:+49 30 123`, of `+4930123` (whose plus a query turns into a space), of `sip:+4930123@host;x=1`."""
    user = text.partition("@")[0].partition(";")[0]
    return "".join(character for character in user if character in _DIGITS)


@dataclass(frozen=True, slots=True)
class Column:
    """One field of requests. `known` maps what is said, made comparable by `same`, to the label it is counted under."""

    field: str
    known: Mapping[str, str]
    same: Callable[[str], str]

    @classmethod
    def of(cls, field: str, values: Iterable[str], same: Callable[[str], str]) -> Column:
        return cls(field, {same(value): value for value in values}, same)

    def label(self, query: Mapping[str, str], body: Mapping[str, Any]) -> str:
        said = query.get(self.field)
        if said is None:
            said = body.get(self.field)
        if isinstance(said, bool) or not isinstance(said, str | int):
            return NONE
        key = self.same(str(said))
        return self.known.get(key, OTHER) if key else NONE


@dataclass(frozen=True, slots=True)
class Ledger:
    regions: Column | None = None
    numbers: Column | None = None

    def read(self, query: Mapping[str, str], body: bytes) -> tuple[str, str]:
        """(region, number); empty where the configuration asks for none."""
        said = fields(body)
        return _label(self.regions, query, said), _label(self.numbers, query, said)


def _label(column: Column | None, query: Mapping[str, str], body: Mapping[str, Any]) -> str:
    return column.label(query, body) if column is not None else ""


def fields(body: bytes) -> Mapping[str, Any]:
    """The members of a JSON object; none of anything else, which is no mistake: the answer does not depend on it."""
    if not body:
        return {}
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
