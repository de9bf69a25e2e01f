"""What an annotation makes of a value, what it says when it cannot, and what is kept beside a mistake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from config.decode import Decoded, decode
from config.document import Node, read_document
from config.rules import Between, FilePath, OneOrMore, Parsed, not_empty


def reversed_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected something to turn round")
    return value[::-1]


def shouted(text: str) -> str:
    if not text.isupper():
        raise ValueError(f"{text} is not loud")
    return text + "!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    kind: Literal["square"]
    side: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    kind: Literal["circle", "disc"]
    radius: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    low: int = 0
    high: int = 10

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    text: str = ""
    number: Annotated[int, Between(1, 9)] = 1
    flag: bool = False
    way: Literal["up", "down"] = "up"
    perhaps: int | None = 7
    turned: Annotated[str, Parsed(reversed_text)] = ""
    loud: Annotated[str, shouted] = "A"
    turned_and_loud: Annotated[str, Parsed(reversed_text), shouted] = "A"
    some: OneOrMore[int] = (1,)
    any: tuple[int, ...] = ()
    by_name: dict[Annotated[str, shouted], int] | None = None
    filled: Annotated[dict[str, Range], not_empty] | None = None
    shape: Square | Circle | None = None
    range: Range = Range()
    file: FilePath = ""
    for_: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Needy:
    name: str
    ranges: dict[str, Range]


def decoded(text: str, model: type = Everything) -> tuple[Decoded, Node]:
    root, flaws = read_document(text)
    assert flaws == []
    return decode(root, model, folder="/etc"), root


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("text: no", "text", "no"),
        ('text: "5"', "text", "5"),
        ("number: 9", "number", 9),
        ("flag: true", "flag", True),
        ("way: down", "way", "down"),
        ("perhaps: 3", "perhaps", 3),
        ("perhaps:", "perhaps", None),
        ("turned: abc", "turned", "cba"),
        ("loud: B", "loud", "B!"),
        ("turned_and_loud: AB", "turned_and_loud", "BA!"),
        ("some: [1, 2]", "some", (1, 2)),
        ("any: []", "any", ()),
        ("by_name: {A: 1}", "by_name", {"A": 1}),
        ("filled: {a: {high: 3}}", "filled", {"a": Range(high=3)}),
        ("shape: {kind: square, side: 2}", "shape", Square(kind="square", side=2)),
        ("shape: {kind: disc}", "shape", Circle(kind="disc")),
        ("shape:", "shape", None),
        ("file: a/b", "file", "/etc/a/b"),
        ("for: 4", "for_", 4),
    ],
)
def test_a_value_is_what_its_annotation_makes_of_it(text: str, name: str, value: Any) -> None:
    found, _ = decoded(text)
    assert found == Decoded({name: value}, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text: 5", "expected text, found a number: put it in quotes"),
        ("text: [a]", "expected text, found a list"),
        ("number: 0", "0 is too small: at least 1"),
        ("number: 10", "10 is too large: at most 9"),
        ("number: 5.0", "expected a whole number, found 5.0"),
        ("number: true", "expected a whole number, found true"),
        ('number: "5"', "expected a whole number, found text: remove the quotes"),
        ("number: {}", "expected a whole number, found a mapping"),
        ("flag: yes", "expected true or false, found text"),
        ("flag: 1", "expected true or false, found a number"),
        ("way: dwn", "'dwn' is not known: expected up or down; did you mean 'down'?"),
        ("way: true", "expected up or down, found true"),
        ("turned: 5", "expected something to turn round"),
        ("loud: b", "b is not loud"),
        ("loud: 5", "expected text, found a number: put it in quotes"),
        ("turned_and_loud: ab", "ba is not loud"),
        ("some: []", "must not be empty: expected at least 1"),
        ("some: 5", "expected a list, found a number"),
        ("some:", "expected a list, found nothing"),
        ("by_name: [a]", "expected a mapping (key: value), found a list"),
        ("filled: {}", "must not be empty: expected at least 1"),
        ("shape: square", "expected a mapping (key: value), found text"),
        ("shape: {side: 1}", "key 'kind' is missing"),
        ("shape: {kind: cube, side: 1}", "'cube' is not known: expected square, circle or disc"),
        ("shape: {kind: 5}", "expected square, circle or disc, found a number"),
        ("shape: {kind: square}", "key 'side' is missing"),
        ("shape: {kind: circle, side: 1}", "unknown key 'side'; known here: kind, radius"),
        ("range: {low: 11}", "low is above high"),
        ('file: ""', "expected the path of a file"),
        ("form: 1", "unknown key 'form'; did you mean 'for'?"),
        ("for_: 1", "unknown key 'for_'; did you mean 'for'?"),
    ],
)
def test_what_is_not_of_its_type_is_one_sentence(text: str, message: str) -> None:
    found, _ = decoded(text)
    assert [flaw.message for flaw in found.flaws] == [message]


def test_a_name_and_its_value_are_judged_apart() -> None:
    found, root = decoded("by_name: {a: x, B: 2, C: y}")
    assert [(flaw.mark, flaw.path, flaw.message) for flaw in found.flaws] == [
        ((1, 14), ("by_name", "a"), "expected a whole number, found text"),
        ((1, 11), ("by_name", "a"), "a is not loud"),
        ((1, 26), ("by_name", "C"), "expected a whole number, found text"),
    ]
    assert found.found == {"by_name": {"B": 2}}
    assert root.plain() == {"by_name": {"B": 2}}


def test_a_mapping_is_not_blamed_for_a_default_that_only_a_mistake_left_it() -> None:
    found, _ = decoded("range: {low: 11, high: x}")
    assert [flaw.path for flaw in found.flaws] == [("range", "high")]
    assert found.found == {}


def test_a_list_is_not_called_empty_because_nothing_sound_is_left_of_it() -> None:
    found, root = decoded("some: [a, b]\nany: [1, c, 2]")
    assert [flaw.path for flaw in found.flaws] == [("some", 0), ("some", 1), ("any", 1)]
    assert found.found == {"any": (1, 2)}
    assert root.plain() == {"any": [1, 2]}


def test_what_is_lost_takes_with_it_what_cannot_be_without_it() -> None:
    found, root = decoded("name: 5\nranges: {a: {low: x}, b: {lwo: 1}, c: [1]}", Needy)
    assert found.found == {"ranges": {"a": Range(), "b": Range()}}
    ranges = root.child("ranges")
    assert ranges is not None
    assert isinstance(ranges.value, dict)
    assert (root.lost, ranges.lost, ranges.value["a"].lost, ranges.value["b"].lost) == ({"name"}, {"c"}, {"low"}, {"lwo"})


def test_a_missing_key_that_stands_there_misspelt_is_reported_once() -> None:
    found, _ = decoded("nmae: x\nranges: {}", Needy)
    assert [flaw.message for flaw in found.flaws] == ["unknown key 'nmae'; did you mean 'name'?"]


def test_a_missing_key_is_missing_where_its_mapping_opens() -> None:
    found, _ = decoded("shape:\n  kind: square")
    assert [(flaw.mark, flaw.path) for flaw in found.flaws] == [((1, 1), ("shape",))]


def test_an_annotation_that_nobody_can_read_is_a_mistake_of_ours() -> None:
    @dataclass
    class Odd:
        value: complex

    Odd.__annotations__["value"] = complex
    with pytest.raises(TypeError, match="cannot read"):
        decoded("value: 1", Odd)
