"""What can be wrong with an API as a whole, or with a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Refuses:
    """An error of the platform's own form; `retry_after_s` adds the header."""

    status: int = 503
    code: str = "service.unavailable"
    message: str = "Service Unavailable"
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Hangs:
    """The request is taken, and never answered."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """200, and a body that is not what was asked for."""

    body: bytes = b"<html>maintenance</html>"


@dataclass(frozen=True, slots=True)
class Drops:
    """The connection is cut instead of an answer. `done`: after the request was carried out, so that nobody knows."""

    done: bool = False


Trouble = Refuses | Hangs | Garbage | Drops


@dataclass(slots=True)
class _Case:
    trouble: Trouble
    times: int | None


@dataclass(slots=True)
class Troubles:
    """By `METHOD /path`: what begins with a key is broken in its way, `times` many times or until `mend`."""

    _cases: dict[str, _Case] = field(default_factory=dict)

    def add(self, what: str, trouble: Trouble, *, times: int | None = None) -> None:
        self._cases[what] = _Case(trouble, times)

    def mend(self) -> None:
        self._cases.clear()

    def meets(self, method: str, path: str) -> Trouble | None:
        for case in self._matching(f"{method} {path}"):
            if case.times is None:
                return case.trouble
            if case.times > 0:
                case.times -= 1
                return case.trouble
        return None

    def _matching(self, asked: str) -> Iterator[_Case]:
        return (case for what, case in self._cases.items() if asked.startswith(what))
