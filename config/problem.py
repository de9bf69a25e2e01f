"""What is wrong with a file, and where: one line each, `file:line:column: path: message`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

Path = tuple[str | int, ...]
"""Keys and list indices from the top of the file, such as ("gates", "inbound", "trip", "probes", 0)."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` and `column` count from 1, in characters; `path` is empty at the top of the file."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def document(self) -> dict[str, str | int]:
        return asdict(self)

    def render(self, severity: str = "") -> str:
        parts = [f"{self.file}:{self.line}:{self.column}", severity, self.path, self.message]
        return ": ".join(part for part in parts if part)

    def __str__(self) -> str:
        return self.render()


class ConfigInvalid(Exception):
    """The file cannot be used. `problems` holds all that is wrong with it, in the order of the file."""

    def __init__(self, problems: Iterable[Problem], warnings: Iterable[Problem] = ()) -> None:
        self.problems = in_file_order(problems)
        self.warnings = in_file_order(warnings)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column, problem.path, problem.message)))


def path_text(path: Path) -> str:
    """`gates.inbound.trip.probes[0]`; a key that is not plain is quoted in brackets, so that a path is always one line.

    Below `secret` only the three known keys are shown: any other "key" may be the secret itself, as in `{hunter2}`.
    """
    text = ""
    for before, part in zip(("", *path), path, strict=False):
        if before == "secret" and part not in ("env", "file", "credential"):
            break
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{quoted(part)}]"
    return text


def quoted(text: str) -> str:
    """A value as messages show it: on one line, printable, and no longer than a glance."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'every'?`, or nothing when no known word is near."""
    near = nearest(word, known)
    return f"; did you mean {quoted(near)}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    # difflib costs milliseconds to import, and a sound file never needs it.
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(known), n=1)
    return near[0] if near else None
