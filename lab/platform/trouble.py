"""What can be wrong with an API as a whole, or with a part of it. Pure.

Lags are no trouble of a request but of what readers see: `lab.platform.shelf.Shelf.lag`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Refuses:
    """An error of the platform's own form; `retry_after_s` adds the header."""

    status: int = 503
    code: str = "service.unavailable"
    message: str = "Service Unavailable"
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Hangs:
    """The request is taken, and never answered. `done`: it was carried out nevertheless."""

    done: bool = False


@dataclass(frozen=True, slots=True)
class Garbage:
    """200, and a body that is not what was asked for."""

    body: bytes = b"<html>maintenance</html>"


@dataclass(frozen=True, slots=True)
class Drops:
    """The connection is cut instead of an answer. `done`: after the request was carried out, so that nobody knows."""

    done: bool = False


@dataclass(frozen=True, slots=True)
class Tears:
    """The request is carried out, and the connection cut in the midst of the answer's body."""


Trouble = Refuses | Hangs | Garbage | Drops | Tears

STORM = Refuses(500, "internal.server.error", "The server encountered an unexpected condition which prevented it.")
EXPIRED = Refuses(401, "bad.credentials", "Invalid login credentials.")
CONFLICT = Refuses(409, "general.conflict", "2 or more modifications of the resource were made at the same time.")
MISMATCH = Refuses(400, "bad.request", "The version 1 does not match the current version 2.")


def limited(retry_after_s: int = 58) -> Refuses:
    """429; 58 s is the longest that was seen of the vendor's."""
    told = f"Rate limit exceeded the maximum. Retry the request in [{retry_after_s}] seconds"
    return Refuses(429, "too.many.requests.retry.after", told, retry_after_s)


def is_carried_out(trouble: Trouble | None) -> bool:
    match trouble:
        case Drops(done=done) | Hangs(done=done):
            return done
        case Refuses() | Garbage():
            return False
    return True


@dataclass(slots=True)
class _Case:
    trouble: Trouble
    spared: int
    times: int | None
    met: int = 0


@dataclass(slots=True)
class Troubles:
    """By `METHOD /path`: what begins with a key, or is like it where the key has a `*`, is broken in its way: `times` many times
    or until `mend`, after the first `spared` were left alone.
    """

    _cases: dict[str, _Case] = field(default_factory=dict)

    def add(self, what: str, trouble: Trouble, *, times: int | None = None, spared: int = 0) -> None:
        self._cases[what] = _Case(trouble, spared, times)

    def mend(self) -> None:
        self._cases.clear()

    def met(self, what: str) -> int:
        """How many requests met the trouble that was added for `what`."""
        return self._cases[what].met

    def meets(self, method: str, path: str) -> Trouble | None:
        for case in self._matching(f"{method} {path}"):
            if case.spared > 0:
                case.spared -= 1
            elif case.times is None or case.met < case.times:
                case.met += 1
                return case.trouble
        return None

    def _matching(self, asked: str) -> Iterator[_Case]:
        return (case for what, case in self._cases.items() if _is_like(asked, what))


def _is_like(asked: str, what: str) -> bool:
    return fnmatchcase(asked, what) if "*" in what else asked.startswith(what)
