"""Files of other programs, JSON or YAML, as plain values: an IVR's flow and what belongs to it. Pure: text in, values out.

Bounded in depth and in number, since nobody knows who made the file. Anchors, aliases and tags are refused: nothing expands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from config.document import Flaw, Mark, Unreadable, scalar

MAX_DEPTH = 100
"""A decision within a decision is five levels: room for a score of them."""
MAX_VALUES = 200_000


def read_flow(text: str) -> Any:
    """JSON when the text begins with a brace or a bracket, else one YAML document. Raises config.document.Unreadable."""
    return _json(text) if text.lstrip()[:1] in ("{", "[") else _Builder(_events(text)).document()


def _json(text: str) -> Any:
    _bounded(text)
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise Unreadable(Flaw((error.lineno, error.colno), (), f"JSON syntax: {error.msg.lower()}")) from None
    except ValueError:  # an integer of thousands of digits
        raise Unreadable(Flaw((1, 1), (), "JSON syntax: a number is too long")) from None


def _bounded(text: str) -> None:
    """Before anything is built: json's own limit of depth is the interpreter's stack."""
    depth = count = 0
    quoted = escaped = False
    line, began = 1, 0
    for at, char in enumerate(text):
        if char == "\n":
            line, began = line + 1, at + 1
        if quoted:
            quoted, escaped = escaped or char != '"', char == "\\" and not escaped
            continue
        quoted = char == '"'
        depth += (char in "{[") - (char in "}]")
        count += char in "{[,"
        if depth > MAX_DEPTH:
            raise Unreadable(_too_deep((line, at - began + 1)))
        if count > MAX_VALUES:
            raise Unreadable(_too_many((line, at - began + 1)))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Unreadable(Flaw((1, 1), (), f"key {twice[:60]!r} is given twice in one object"))
    return found


def _events(text: str) -> Iterator[Event]:
    reached: Mark = (1, 1)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            reached = _mark(event.end_mark)
            yield event
    except MarkedYAMLError as error:
        problem = str(error.problem or error.context or "malformed").split("\n")[0]
        raise Unreadable(Flaw(_mark(error.problem_mark or error.context_mark), (), f"YAML syntax: {problem}")) from None
    except ReaderError as error:
        before = text[: error.position]
        mark = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Unreadable(Flaw(mark, (), "a control character is not allowed in YAML")) from None
    except (ValueError, OverflowError, IndexError, AttributeError, TypeError, AssertionError, KeyError):
        # ruamel's scanner lets these escape on some malformed input.
        raise Unreadable(Flaw(reached, (), "YAML syntax: malformed from here on")) from None


def _mark(mark: object) -> Mark:
    return getattr(mark, "line", 0) + 1, getattr(mark, "column", 0) + 1


def _too_deep(mark: Mark) -> Flaw:
    return Flaw(mark, (), f"nested more than {MAX_DEPTH} deep")


def _too_many(mark: Mark) -> Flaw:
    return Flaw(mark, (), f"more than {MAX_VALUES} values")


class _Builder:
    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._count = 0

    def document(self) -> Any:
        root, documents = None, 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise Unreadable(Flaw(_mark(event.start_mark), (), "a second document starts here; a file holds one"))
                root = self._value(next(self._events), 1)
        if not documents:
            raise Unreadable(Flaw((1, 1), (), "the file is empty"))
        return root

    def _value(self, event: Event, depth: int) -> Any:
        mark = _mark(event.start_mark)
        self._count += 1
        if depth > MAX_DEPTH:
            raise Unreadable(_too_deep(mark))
        if self._count > MAX_VALUES:
            raise Unreadable(_too_many(mark))
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
            raise Unreadable(Flaw(mark, (), "anchors and aliases are not accepted; write the value where it is used"))
        if isinstance(event, MappingStartEvent):
            return self._mapping(depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(depth)
        assert isinstance(event, ScalarEvent)
        return scalar(event.value) if event.style is None else str(event.value)

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            mark = _mark(event.start_mark)
            if not isinstance(event, ScalarEvent):
                raise Unreadable(Flaw(mark, (), "a key is plain text here, not a list or a mapping"))
            key = str(event.value)
            if key in found:
                raise Unreadable(Flaw(mark, (), f"key {key[:60]!r} is given twice in one mapping"))
            found[key] = self._value(next(self._events), depth + 1)
        return found

    def _sequence(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            found.append(self._value(event, depth + 1))
        return found
