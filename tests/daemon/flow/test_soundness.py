"""Nothing that passes can be made to fail open: checked against plain evaluation, with either meaning of a missing value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.flow.expression import MAX_CHARACTERS, MAX_DEPTH, Unparsed, parse
from daemon.flow.lint import lint
from daemon.flow.names import PathNames, Role
from daemon.flow.truth import GARBAGE, OK

TEXTS = (OK, "DEGRADED", "HEALTHY", "")


@dataclass(frozen=True)
class World:
    """`strict`: a comparison with a missing value is neither true nor false; else it is false."""

    status: str | None
    is_open: bool | None
    strict: bool


class Node:
    """An expression twice: as text, and as what it comes to."""

    def __init__(self, text: str, value: Any) -> None:
        self.text, self.value = text, value

    def __repr__(self) -> str:
        return self.text


def compared(text: str, equal: bool) -> Node:
    def value(world: World) -> bool | None:
        if world.status is None:
            return None if world.strict else not equal
        return (world.status == text) is equal

    return Node(f"Flow.cutoverStatus {'==' if equal else '!='} '{text}'", value)


def negated(of: Node) -> Node:
    def value(world: World) -> bool | None:
        inner = of.value(world)
        return None if inner is None else not inner

    return Node(f"not ({of.text})", value)


def joined(word: str, a: Node, b: Node) -> Node:
    def value(world: World) -> bool | None:
        both = (a.value(world), b.value(world))
        decides = word == "or"
        if decides in both:
            return decides
        return None if None in both else not decides

    return Node(f"({a.text}) {word} ({b.text})", value)


def chosen(condition: Node, then: Node, otherwise: Node) -> Node:
    def value(world: World) -> bool | None:
        found: bool | None = (then if condition.value(world) is True else otherwise).value(world)
        return found

    return Node(f"If({condition.text}, {then.text}, {otherwise.text})", value)


LEAVES = st.one_of(
    st.builds(compared, st.sampled_from(TEXTS), st.booleans()),
    st.just(Node("Flow.isOpen", lambda world: world.is_open)),
    st.just(Node("IsNotSet(Flow.cutoverStatus)", lambda world: world.status is None)),
    st.just(Node("true", lambda world: True)),
    st.just(Node("false", lambda world: False)),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(negated, inner),
        st.builds(joined, st.sampled_from(["and", "or"]), inner, inner),
        st.builds(chosen, inner, inner, inner),
    ),
    max_leaves=6,
)
WORLDS = [
    World(status, is_open, strict)
    for status in (*TEXTS, None, GARBAGE, "something else")
    for is_open in (True, False, None)
    for strict in (True, False)
]


@given(EXPRESSIONS, st.booleans())
def test_a_condition_that_passes_never_takes_the_new_path_without_ok(expression: Node, new_if_true: bool) -> None:
    paths = {"truePath": "new", "falsePath": "old"} if new_if_true else {"truePath": "old", "falsePath": "new"}
    if lint({"expression": expression.text, **paths}, PathNames()).findings:
        return
    for world in WORLDS:
        taken = paths["truePath" if expression.value(world) is True else "falsePath"]
        assert taken == "old" or world.status == OK, world


@given(EXPRESSIONS)
def test_ok_and_anything_passes_whatever_it_is_joined_with(expression: Node) -> None:
    """Not so strict that nothing passes: what demands OK first is fine unless it can never be true."""
    text = f"Flow.cutoverStatus == 'OK' and ({expression.text})"
    found = lint({"expression": text, "truePath": "new", "falsePath": "old"}, PathNames()).findings
    assert [each.kind for each in found if each.kind == "fail-open"] == []


@given(st.text(max_size=200))
def test_any_text_is_judged_and_nothing_escapes(text: str) -> None:
    verdict = lint({"expression": f"cutoverStatus {text}", "truePath": "new", "falsePath": "old"}, PathNames())
    assert verdict.decisions == 1


@given(
    st.lists(
        st.sampled_from(["(", ")", "cutoverStatus", "==", "!", "and", "?", ":", "'OK'", "If", ",", "{{", "}}", " "]), max_size=60
    )
)
def test_any_sequence_of_words_is_parsed_or_refused(words: list[str]) -> None:
    verdict = lint({"expression": "cutoverStatus " + " ".join(words), "truePath": "new", "falsePath": "old"}, PathNames())
    assert verdict.decisions == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(" * (MAX_DEPTH + 1), f"nested more than {MAX_DEPTH} deep"),
        ("a" * (MAX_CHARACTERS + 1), f"the expression is longer than {MAX_CHARACTERS} characters"),
        ("If(a, b)", "If in column 1 has 2 arguments, not 3"),
        ("a == b == c", "'==' in column 8 is not understood"),
        ("a b", "'b' in column 3 is not understood"),
        ("", "the expression ends too early"),
        ("a ? b", "the expression ends too early, where : was expected"),
        ("f(a", "the expression ends too early, where ) was expected"),
        ("'a", '"\'" in column 1 is not understood'),
    ],
)
def test_what_is_not_understood_is_named_with_its_column(text: str, why: str) -> None:
    with pytest.raises(Unparsed) as refused:
        parse(text)
    assert str(refused.value) == why


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("rollbackRoute", Role.BASELINE),
        ("newArchitectureRoute", Role.NEW),
        ("Legacy_Support", Role.BASELINE),
        ("CUTOVER", Role.NEW),
        ("OLD-QUEUE", Role.BASELINE),
        ("renewal", Role.UNCLEAR),
        ("Newark", Role.UNCLEAR),
        ("cutoverRollback", Role.UNCLEAR),
        ("", Role.UNCLEAR),
    ],
)
def test_words_of_a_name_say_which_path_it_is(name: str, role: Role) -> None:
    assert PathNames().role(name) is role


def chained(tasks: int, calls: int) -> dict[str, Any]:
    """Each task calls the next one so many times."""
    units = [{"task": {"name": f"T{n}", "refId": f"t{n}", "actions": [call(n + 1)] * calls}} for n in range(tasks)]
    ask = {"decision": {"condition": {"exp": "cutoverStatus == 'OK'"}, "outputs": {"yes": {"actions": [call(0)]}}}}
    return {"tasks": [{"task": {"name": "Start", "actions": [ask]}}, *units]}


def call(number: int) -> dict[str, Any]:
    return {"callTask": {"targetTaskRef": f"./tasks/task[t{number}]"}}


@pytest.mark.parametrize(
    ("tasks", "calls", "why"),
    [
        (30, 2, "the flow has more ways through it than the 200000 steps that are followed"),
        (500, 1, "more than 40 tasks lead to one another, and are not followed further"),
    ],
)
def test_a_flow_with_too_many_ways_is_not_called_fine(tasks: int, calls: int, why: str) -> None:
    assert why in [each.message for each in lint(chained(tasks, calls), PathNames()).findings]


def test_a_task_that_leads_back_to_itself_is_followed_once() -> None:
    document = chained(0, 0)
    new, old = ({"transferToFlow": {"name": name}} for name in ("New", "Old"))
    document["tasks"].append({"task": {"name": "T0", "refId": "t0", "actions": [call(0), new]}})
    document["tasks"][0]["task"]["actions"].append(old)
    assert [each.message for each in lint(document, PathNames()).findings] == [
        "which path 'T0' is cannot be told: say so by --new-path or --baseline-path"
    ]
