"""Values set from outside over those of the file: `gates.inbound.trip.consecutive=2`. Pure.

They change the tree before it is judged, so that they are judged like the file itself. A place in the n-th of them is on line -n.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from config.document import Flaw, Mark, Node, Unreadable, read_document
from config.problem import Path, did_you_mean, path_text, quoted

NAMED = frozenset({"probes", "gates", "plans", "apis"})
"""Sections whose keys are the user's own: nothing new begins to exist there by a slip of the pen."""

_PART = re.compile(r"([A-Za-z0-9_-]+)((?:\[[0-9]{1,4}\])*)")
_INDEX = re.compile(r"\[([0-9]+)\]")
_SHAPE = "expected KEY.KEY=VALUE, such as gates.inbound.trip.consecutive=2"


def apply(root: Node, overrides: Sequence[str]) -> list[Flaw]:
    """Sets each in the tree, the last one last; what is wrong with them."""
    flaws: list[Flaw] = []
    for number, text in enumerate(overrides, start=1):
        try:
            _set(root, text, (-number, 1))
        except Unreadable as unreadable:
            flaws.append(unreadable.flaw)
    return flaws


def source(line: int, overrides: Sequence[str], file: str) -> str:
    """What a problem on this line names as its file."""
    return f"--set {overrides[-line - 1]}" if line < 0 else file


def _set(root: Node, text: str, mark: Mark) -> None:
    key, equals, written = text.partition("=")
    path = _path(key.strip())
    if not equals or not path:
        raise Unreadable(Flaw(mark, (), _SHAPE))
    node = root
    for part in path[:-1]:
        node = _entered(node, part, mark)
    value = _value(written.strip(), (*node.path, path[-1]), (mark[0], len(key) + 2))
    _put(node, path[-1], value, mark)


def _path(text: str) -> Path:
    """Empty where it is none."""
    parts: list[str | int] = []
    for piece in text.split("."):
        found = _PART.fullmatch(piece)
        if found is None:
            return ()
        parts += [found[1], *(int(index) for index in _INDEX.findall(found[2]))]
    return tuple(parts)


def _entered(node: Node, part: str | int, mark: Mark) -> Node:
    if isinstance(part, int):
        return _item(node, part, mark)
    children = _mapping(node, mark)
    child = children.get(part)
    if child is None:
        _refuse_new(node, part, mark)
        child = children[part] = Node((*node.path, part), mark, mark, {})
    return child


def _item(node: Node, index: int, mark: Mark) -> Node:
    found = node.child(index)
    if found is not None:
        return found
    if index == 0 and isinstance(node.value, dict):
        return node  # it stands for a list of one (`config.rules.OrSingle`)
    raise Unreadable(Flaw(mark, node.path, f"there is no item {index} here"))


def _mapping(node: Node, mark: Mark) -> dict[str, Node]:
    if node.value is None:
        node.value = {}
    if isinstance(node.value, list):
        raise Unreadable(Flaw(mark, node.path, f"this is a list: say which, such as {path_text(node.path)}[0]"))
    if not isinstance(node.value, dict):
        raise Unreadable(Flaw(mark, node.path, "this is one value: there is nothing in it to set"))
    return node.value


def _refuse_new(node: Node, part: str, mark: Mark) -> None:
    if len(node.path) == 1 and node.path[0] in NAMED:
        known = node.value if isinstance(node.value, dict) else {}
        raise Unreadable(Flaw(mark, node.path, f"there is no {quoted(part)} here{did_you_mean(part, known)}"))


def _put(node: Node, part: str | int, value: Node, mark: Mark) -> None:
    if isinstance(part, str):
        children = _mapping(node, mark)
        if part not in children:
            _refuse_new(node, part, mark)
        children[part] = value
    elif isinstance(node.value, list) and part < len(node.value):
        node.value[part] = value
    else:
        raise Unreadable(Flaw(mark, node.path, f"there is no item {part} here"))


def _value(text: str, path: Path, mark: Mark) -> Node:
    if not text:
        return Node(path, mark, mark, None)
    try:
        node, flaws = read_document(text)
    except Unreadable as unreadable:
        raise Unreadable(Flaw(mark, path, unreadable.flaw.message)) from None
    if flaws:
        raise Unreadable(Flaw(mark, path, flaws[0].message))
    return _moved(node, path, mark)


def _moved(node: Node, path: Path, mark: Mark) -> Node:
    """The same where it now stands."""
    value = node.value
    if isinstance(value, dict):
        return Node(path, mark, mark, {key: _moved(child, (*path, key), mark) for key, child in value.items()})
    if isinstance(value, list):
        return Node(path, mark, mark, [_moved(child, (*path, index), mark) for index, child in enumerate(value)])
    return Node(path, mark, mark, value)
