"""Every request that arrived whole, in the order of arrival, so that what was done can be accounted for. Pure.

Requests for tokens are none of it, for they bear secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

READING = frozenset({"GET", "HEAD", "OPTIONS"})
MOST = 100_000


@dataclass(slots=True)
class Entry:
    """`number` counts from 1, over all. `status` is what the client was told, None where it was told nothing (whole).
    `carried_out`: the organisation did it, whether or not anybody heard. `trouble` is the name of the fault it met.
    """

    number: int
    at_ns: int
    method: str
    path: str
    query: str
    body: bytes
    status: int | None = None
    carried_out: bool = False
    trouble: str | None = None

    @property
    def is_mutating(self) -> bool:
        return self.method not in READING

    def is_like(self, pattern: str) -> bool:
        """`METHOD /path`, `*` for anything."""
        return fnmatchcase(f"{self.method} {self.path}", pattern)


@dataclass(slots=True)
class Ledger:
    """It does not forget: a request that finds it full of `MOST` is an error of the test."""

    entries: list[Entry] = field(default_factory=list)

    def note(self, method: str, path: str, query: str, body: bytes, *, now_ns: int) -> Entry:
        if len(self.entries) >= MOST:
            raise OverflowError(f"the lab's ledger is full of {MOST} requests")
        entry = Entry(len(self.entries) + 1, now_ns, method, path, query, body)
        self.entries.append(entry)
        return entry

    def mutating(self, pattern: str = "*") -> list[Entry]:
        """Those that would change something, reads by POST (tests of calls, queries) included."""
        return [entry for entry in self.entries if entry.is_mutating and entry.is_like(pattern)]

    def done(self, pattern: str = "*") -> list[Entry]:
        """Those of them that did."""
        return [entry for entry in self.mutating(pattern) if entry.carried_out]

    def troubled(self, trouble: str) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.trouble == trouble)
