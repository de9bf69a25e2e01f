"""Placeholders in texts and JSON of the file: `{name}`, `{scope}`, `{scope/place}`; `{{` and `}}` stand for braces. Pure.

What a placeholder stands for is found later (`reverters.http.filling`); here is what it says, and what of it is no placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any

from config.problem import quoted
from config.rules import Parsed
from config.web_values import parse_header_name, parse_pointer

MERGE, DROP = "$merge", "$drop"
DIRECTIVES = (MERGE, DROP)
DEEPEST = 32
_PIECE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_-]{0,63})((?:/[^{}]*)?)\}|[{}]")
_INTEGERS = range(-(1 << 63), 1 << 64)
"""What JSON readers and the journal can hold."""


@dataclass(frozen=True, slots=True)
class Hole:
    """`{name}` or `{name/pointer}`; `pointer` is "" for the whole."""

    name: str
    pointer: str = ""

    def __str__(self) -> str:
        return f"{{{self.name}{self.pointer}}}"


def parts(text: str) -> tuple[str | Hole, ...]:
    """Texts and holes in order. Raises ValueError with a sentence."""
    found: list[str | Hole] = []
    end = 0
    for piece in _PIECE.finditer(text):
        found.append(text[end : piece.start()])
        end = piece.end()
        if piece[0] in ("{{", "}}"):
            found.append(piece[0][0])
        elif piece[1] is None:
            raise ValueError("a brace that opens or closes no placeholder such as {id} or {baseline/name}: write {{ or }}")
        else:
            found.append(Hole(piece[1], parse_pointer(piece[2])))
    found.append(text[end:])
    return tuple(each for each in found if each != "")


def holes(value: Any) -> Iterator[Hole]:
    """Of a text, or of every text within a JSON value. What is no template has none."""
    if isinstance(value, str):
        yield from (part for part in parts(value) if isinstance(part, Hole))
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in DIRECTIVES:
                yield from holes(each)
    elif isinstance(value, list):
        for each in value:
            yield from holes(each)


def parse_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text: write numbers in quotes")
    parts(value)
    return value


def parse_path(value: object) -> str:
    """A path within the API; placeholders stand for one segment or less, and are written percent-encoded."""
    if not isinstance(value, str) or not value.startswith("/") or value.startswith("//"):
        raise ValueError("expected a path within the api, such as /api/v2/architect/ivrs/{ivrId}")
    parts(value)
    plain = "".join(part for part in parts(value) if isinstance(part, str))
    if not plain.isascii() or not plain.isprintable() or any(char in plain for char in " ?#"):
        raise ValueError("a path is printable ASCII without spaces, ? and #; what follows a ? belongs in query")
    return value


def parse_body(value: object) -> Any:
    """Any JSON, with placeholders in its texts. Raises ValueError."""
    _check(value, DEEPEST)
    return value


def parse_wanted(value: object) -> Any:
    """What stands at a place: a value, or a list of those that will do."""
    _check(value, 2)
    return value


def is_pointer(text: str) -> str:
    return parse_pointer(text)


def is_text_header(name: str) -> str:
    return parse_header_name(name)


def is_variable(name: str) -> str:
    if not _PIECE.fullmatch(f"{{{name}}}"):
        raise ValueError(f"{quoted(name)} is not the name of a variable: letters, digits, - and _, a letter first")
    return name


def _check(value: object, depth: int) -> None:
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        parts(value)
    elif isinstance(value, dict):
        for key, each in value.items():
            _check_member(key, each, depth)
    elif isinstance(value, list):
        for each in value:
            _check(each, depth - 1)
    else:
        _check_number(value)


def _check_number(value: object) -> None:
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("JSON has no infinity and no NaN")
    if isinstance(value, int) and value not in _INTEGERS:
        raise ValueError(f"{value} is too large for a number in JSON: write it in quotes if the api takes text")


def _check_member(key: str, value: object, depth: int) -> None:
    if key == MERGE:
        if value != ["current", "baseline"]:
            raise ValueError("$merge is [current, baseline]: the baseline's values put into the document as it is now")
    elif key == DROP:
        if not isinstance(value, list):
            raise ValueError("$drop is a list of JSON pointers such as /selfUri")
        for pointer in value:
            parse_pointer(pointer)
    elif key.startswith("$"):
        raise ValueError(f"{quoted(key)} is not known here; known: $merge, $drop")
    else:
        _check(value, depth - 1)


Text = Annotated[str, Parsed(parse_text)]
PathText = Annotated[str, Parsed(parse_path)]
Body = Annotated[Any, Parsed(parse_body)]
Wanted = Annotated[Any, Parsed(parse_wanted)]
PointerKey = Annotated[str, is_pointer]
Variable = Annotated[str, is_variable]
HeaderKey = Annotated[str, is_text_header]
