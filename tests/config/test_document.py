"""The tree of a file: what a plain scalar is, and where values stand."""

from __future__ import annotations

import pytest

from config.document import Node, read_document, scalar


def at(node: Node | None, *path: str | int) -> Node | None:
    for part in path:
        node = node.child(part) if node is not None else None
    return node


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("NO", "NO"),
        ("010", 10),
        ("-5", -5),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("22:30:00", "22:30:00"),
        ("2026-12-05", "2026-12-05"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".", "."),
        ("9" * 5000, "9" * 5000),
        ("٣", "٣"),
    ],
)
def test_a_plain_scalar_is_read_by_the_core_schema(text: str, value: object) -> None:
    read = scalar(text)
    assert (type(read), read) == (type(value), value)


def test_each_value_knows_where_it_and_its_key_stand() -> None:
    root, flaws = read_document("a:\n  - {b: 1,  c: x}\n")
    node = at(root, "a", 0, "c")
    assert node is not None
    assert (node.path, node.key_mark, node.mark, node.value) == (("a", 0, "c"), (2, 13), (2, 16), "x")
    assert flaws == []


@pytest.mark.parametrize("path", [("b",), ("a", 5), ("a", -1), ("a", "b"), ("a", 0, "b")])
def test_what_the_file_does_not_hold_is_nowhere(path: tuple[str | int, ...]) -> None:
    root, _ = read_document("a: [1]\n")
    assert at(root, *path) is None
