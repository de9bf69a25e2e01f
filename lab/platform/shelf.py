"""Documents of the organisation by the path they are read at, each with its past and the future that was set off. Pure.

Readers of a region that lags are told what was true a while ago; who writes is measured against what is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from lab.platform.refusal import Refusal, not_found

Document = dict[str, Any]
Stages = list[Document]
LONGEST_PAST = 64


class Course:
    """What a document was, is and will be. Times are monotonic nanoseconds."""

    def __init__(self, document: Document) -> None:
        self._stages: list[tuple[float, Document]] = [(float("-inf"), document)]

    def at(self, ns: float) -> Document:
        return next(document for since, document in reversed(self._stages) if since <= ns)

    def follow(self, stages: Stages, *, now_ns: int, takes_ns: int) -> None:
        """The first from now on, each other `takes_ns` later than the one before; what was to come before is called off."""
        past = [stage for stage in self._stages if stage[0] <= now_ns][-LONGEST_PAST:]
        self._stages = past + [(now_ns + number * takes_ns, document) for number, document in enumerate(stages)]


@dataclass(slots=True)
class Shelf:
    """`mismatch_status` says in which of the vendor's two forms a wrong version is refused."""

    mismatch_status: Literal[400, 409] = 409
    allocated: int = 0
    _courses: dict[str, Course] = field(default_factory=dict)
    _lags: dict[str, int] = field(default_factory=dict)
    _durations: dict[str, int] = field(default_factory=dict)

    def put(self, path: str, document: Document) -> None:
        """As if it had always been so."""
        self._courses[path] = Course(document)

    def lag(self, pattern: str, ns: int) -> None:
        """Readers of paths like `pattern` (`*` for anything) see what was true `ns` ago; 0 mends it."""
        self._lags[pattern] = ns

    def lag_of(self, path: str) -> int:
        return _longest(self._lags, path)

    def takes(self, pattern: str, ns: int) -> None:
        """How long what is asynchronous takes at paths like `pattern`, from stage to stage."""
        self._durations[pattern] = ns

    def seen(self, path: str, *, now_ns: int) -> Document:
        return self._of(path).at(now_ns - self.lag_of(path))

    def truth(self, path: str, *, now_ns: int) -> Document:
        return self._of(path).at(now_ns)

    def under(self, prefix: str, *, now_ns: int) -> Iterator[tuple[str, Document]]:
        """What is true of each document whose path begins so."""
        return ((path, course.at(now_ns)) for path, course in self._courses.items() if path.startswith(prefix))

    def write(self, path: str, *stages: Document, now_ns: int) -> Document:
        """`stages` one after the other; returns the first."""
        course = self._courses.get(path)
        if course is None:
            course = self._courses[path] = Course(stages[0])
        course.follow(list(stages), now_ns=now_ns, takes_ns=_longest(self._durations, path))
        return stages[0]

    def intrude(self, path: str, *, now_ns: int, **fields: object) -> None:
        """As another administrator would: a version more, and other values."""
        found = self.truth(path, now_ns=now_ns)
        version = {"version": found["version"] + 1} if "version" in found else {}
        self.write(path, found | fields | version, now_ns=now_ns)

    def next_id(self, what: str) -> str:
        self.allocated += 1
        return f"{what}-{self.allocated}"

    def has(self, path: str) -> bool:
        return path in self._courses

    def check_version(self, found: Document, wanted: Document, *, code: str) -> None:
        """The optimistic lock: an integer `version` in the body, which is the one that is true."""
        told, true = wanted.get("version"), found["version"]
        if isinstance(told, bool) or not isinstance(told, int):
            raise Refusal(400, "constraint.validation", "version may not be null")
        if told == true:
            return
        if self.mismatch_status == 400:
            raise Refusal(400, "bad.request", f"The version {told} does not match the current version {true}.")
        raise Refusal(409, code, "The version number of the modified resource must match the current version number.")

    def _of(self, path: str) -> Course:
        if path not in self._courses:
            raise not_found(path)
        return self._courses[path]


def _longest(table: dict[str, int], path: str) -> int:
    return max((ns for pattern, ns in table.items() if fnmatchcase(path, pattern)), default=0)


Check = Callable[[Shelf, str, Document, int], None]
"""Of a document about to be written: the shelf, its path, the document, now. Raises `Refusal`."""
