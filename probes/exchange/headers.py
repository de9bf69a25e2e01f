"""Headers of a request or a response: in order, found whatever their case. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Headers:
    """Names and values as they were written, in order; the same name may come more than once."""

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, str] | Iterable[tuple[str, str]]) -> Headers:
        return cls(tuple(given.items() if isinstance(given, Mapping) else given))

    def get(self, name: str) -> str | None:
        """The first value of that name."""
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator[str]:
        wanted = name.lower()
        return (value for each, value in self.pairs if each.lower() == wanted)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def with_default(self, name: str, value: str) -> Headers:
        return self if name in self else Headers((*self.pairs, (name, value)))

    def replaced(self, name: str, value: str) -> Headers:
        """With this value alone under that name."""
        kept = tuple(pair for pair in self.pairs if pair[0].lower() != name.lower())
        return Headers((*kept, (name, value)))
