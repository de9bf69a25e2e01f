"""The tree of a file: what a plain scalar is, where values stand, and what has no sentence of its own."""

from __future__ import annotations

import pytest

from config.document import read_document, scalar
from config.explain import explain, locate


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
    node = locate(root, ("a", 0, "c"))
    assert (node.path, node.key_mark, node.mark, node.value) == (("a", 0, "c"), (2, 13), (2, 16), "x")
    assert flaws == []


def test_what_the_file_does_not_hold_is_located_at_what_does() -> None:
    root, _ = read_document("a: [1]\n")
    assert locate(root, ("a", 5)).path == ("a",)
    assert locate(root, ("a", 0, "b")).path == ("a", 0)


def test_an_error_without_a_sentence_is_told_in_words_and_without_its_input() -> None:
    root, _ = read_document("a: hunter2\n")
    (flaw,) = explain([{"type": "bytes_too_long", "loc": ("a",), "msg": "Data is too long", "input": "hunter2"}], root)
    assert (flaw.path, flaw.mark, flaw.message) == (("a",), (1, 4), "data is too long")
