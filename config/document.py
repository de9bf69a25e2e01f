"""YAML text as a tree that remembers where everything stands. Pure: text in, tree or problems out.

The tree is built from ruamel's events by the YAML 1.2 core schema, so that `NO` is text, a time is text, and 010 is ten.
Keys are always text. Anchors, aliases and tags are refused: each value stands where it is used, and nothing expands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

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
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from config.problem import Path

MAX_DEPTH = 32
Scalar = str | int | float | bool | None
Mark = tuple[int, int]

_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with the document itself, at `mark`, in the mapping or list at `path`."""

    mark: Mark
    path: Path
    message: str


class Unreadable(Exception):
    """The text is not one YAML document that can be read to its end."""

    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.message)


@dataclass(slots=True)
class Node:
    """One value. `path` is where it stands in the file, `key_mark` where its key does (its own start in a list).

    `lost` are keys that were taken out because their values were invalid (`config.salvage`).
    """

    path: Path
    mark: Mark
    key_mark: Mark
    value: Scalar | dict[str, Node] | list[Node]
    lost: set[str] = field(default_factory=set)

    def child(self, part: str | int) -> Node | None:
        if isinstance(self.value, dict):
            return self.value.get(str(part))
        if isinstance(self.value, list) and isinstance(part, int) and 0 <= part < len(self.value):
            return self.value[part]
        return None

    def plain(self) -> object:
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def read_document(text: str) -> tuple[Node, list[Flaw]]:
    """The tree, and what is wrong with it although it can be read. Raises Unreadable."""
    builder = _Builder(_events(text))
    return builder.document(), builder.flaws


def _events(text: str) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    reached: Mark = (1, 1)
    try:
        for event in yaml.parse(text):
            reached = _mark(event.end_mark)
            yield event
    except MarkedYAMLError as error:
        raise Unreadable(Flaw(_mark(error.problem_mark or error.context_mark), (), _syntax(error, text))) from None
    except ReaderError as error:
        before = text[: error.position]
        mark = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Unreadable(Flaw(mark, (), f"a control character (U+{error.character:04X}) is not allowed in YAML")) from None
    except (ValueError, OverflowError, IndexError, AttributeError, TypeError, AssertionError, KeyError):
        # ruamel's scanner lets these escape on some malformed input, such as "\UFFFFFFFF".
        raise Unreadable(Flaw(reached, (), "YAML syntax: malformed from here on")) from None


def _mark(mark: object) -> Mark:
    return getattr(mark, "line", 0) + 1, getattr(mark, "column", 0) + 1


def _syntax(error: MarkedYAMLError, text: str) -> str:
    # ruamel's `problem` names tokens and single characters, never a whole value; its snippets would show secrets.
    line, column = _mark(error.problem_mark or error.context_mark)
    lines = text.splitlines()
    if line <= len(lines) and "\t" in lines[line - 1][:column]:
        return "YAML syntax: a tab cannot indent; use spaces"
    problem = str(error.problem or error.context or "malformed").split("\n")[0]
    if "tag" in problem or "alias" in problem:
        problem = "malformed tag or alias"
    opened, _ = _mark(error.context_mark)
    context = f"{error.context} that starts on line {opened}: " if error.context_mark and error.context and opened < line else ""
    return f"YAML syntax: {context}{problem}"


def scalar(text: str) -> Scalar:
    """A plain scalar by the YAML 1.2 core schema; octal and hexadecimal forms stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and len(text) <= 40:
        return float(text)
    return text


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


class _Builder:
    def __init__(self, events: Iterator[Event]) -> None:
        self.events = events
        self.flaws: list[Flaw] = []

    def document(self) -> Node:
        while not isinstance(event := self._next(), DocumentStartEvent):
            if isinstance(event, StreamEndEvent):
                raise Unreadable(Flaw((1, 1), (), "the file is empty"))
        start = self._next()
        root = self._node(start, (), _mark(start.start_mark))
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                raise Unreadable(Flaw(_mark(event.start_mark), (), "a second document starts here; the file holds one"))
        return root

    def _next(self) -> Event:
        return next(self.events)

    def _node(self, event: Event, path: Path, key_mark: Mark) -> Node:
        mark = _mark(event.start_mark)
        if len(path) > MAX_DEPTH:
            raise Unreadable(Flaw(mark, path[:4], f"nested more than {MAX_DEPTH} deep"))
        self._refuse_sharing(event, mark, path)
        node = Node(path, mark, key_mark, None)
        if isinstance(event, MappingStartEvent):
            node.value = self._mapping(path)
        elif isinstance(event, SequenceStartEvent):
            node.value = self._sequence(path)
        elif isinstance(event, ScalarEvent):
            node.value = scalar(event.value) if event.style is None else event.value
            if not _is_text(event.value):
                self.flaws.append(Flaw(mark, path, "half a surrogate pair is not a character: write \\U and eight digits"))
        return node

    def _mapping(self, path: Path) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            mark = _mark(event.start_mark)
            key = self._key(event, mark, path)
            node = self._node(self._next(), (*path, key), mark)
            if key in found:
                self.flaws.append(Flaw(mark, (*path, key), f"key given twice; first on line {found[key].key_mark[0]}"))
            else:
                found[key] = node
        return found

    def _key(self, event: Event, mark: Mark, path: Path) -> str:
        if isinstance(event, ScalarEvent):
            self._refuse_sharing(event, mark, path)
            if not _is_text(event.value):
                self.flaws.append(Flaw(mark, path, "half a surrogate pair is not a character: write \\U and eight digits"))
            return str(event.value).encode("utf-8", "replace").decode()
        self._node(event, (*path, ""), mark)
        self.flaws.append(Flaw(mark, path, "a key is plain text, not a list or a mapping"))
        return ""

    def _sequence(self, path: Path) -> list[Node]:
        found: list[Node] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            found.append(self._node(event, (*path, len(found)), _mark(event.start_mark)))
        return found

    def _refuse_sharing(self, event: Event, mark: Mark, path: Path) -> None:
        if isinstance(event, AliasEvent):
            self.flaws.append(Flaw(mark, path, "aliases (*name) are not accepted; write the value out"))
        elif isinstance(event, NodeEvent) and event.anchor is not None:
            self.flaws.append(Flaw(mark, path, "anchors (&name) are not accepted; write the value where it is used"))
        elif getattr(event, "ctag", None) is not None:
            self.flaws.append(Flaw(mark, path, "tags (!name) are not accepted; write the plain value"))
