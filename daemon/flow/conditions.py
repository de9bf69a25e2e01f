"""A condition by itself: an expression with a path for true and one for false, or an expression that comes to a path's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from daemon.flow.expression import Expression, Unparsed, parse
from daemon.flow.finding import Finding, Pointer, unjudged
from daemon.flow.names import PathNames
from daemon.flow.subject import Subject
from daemon.flow.truth import Unjudgeable, outcomes, statuses, truths
from daemon.flow.verdict import Routes, Status, judged, named, named_by

EXPRESSIONS = ("expression", "condition", "if")
PATHS = (
    ("truePath", "falsePath"),
    ("onTrue", "onFalse"),
    ("ifTrue", "ifFalse"),
    ("true", "false"),
    ("yes", "no"),
    ("then", "else"),
)


@dataclass(frozen=True, slots=True)
class Condition:
    text: str
    pointer: Pointer
    """Of the expression."""
    paths: tuple[str, str] | None
    """For true and for false; None where the expression itself names the path."""
    missing: str = ""
    """The key of a path that is not given although the other one is."""


def condition(node: Any, pointer: Pointer, subject: Subject) -> Condition | None:
    """The condition that a mapping is, if it is one that depends on cutoverStatus."""
    if not isinstance(node, dict):
        return None
    for key in EXPRESSIONS:
        text = node.get(key)
        if isinstance(text, str) and subject.is_in(text):
            return _with_paths(text, (*pointer, key), node)
    return None


def _with_paths(text: str, pointer: Pointer, node: dict[str, Any]) -> Condition:
    for yes, no in PATHS:
        if yes in node or no in node:
            names = _path(node.get(yes)), _path(node.get(no))
            missing = next((key for key, name in zip((yes, no), names, strict=True) if not name), "")
            return Condition(text, pointer, names, missing)
    return Condition(text, pointer, None)


def _path(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("name")
    return value if isinstance(value, str) else ""


def judge(found: Condition, names: PathNames, subject: Subject) -> Finding | None:
    if found.missing:
        return unjudged((*found.pointer[:-1], found.missing), "no path is named here: name the one that is taken then")
    try:
        expression = parse(found.text)
        routes = {each: _routes(found, expression, each, names, subject) for each in statuses([expression])}
    except (Unparsed, Unjudgeable) as why:
        return unjudged(found.pointer, str(why))
    return judged(found.pointer, routes, lambda status: routes[status])


def _routes(found: Condition, expression: Expression, status: Status, names: PathNames, subject: Subject) -> Routes:
    values = outcomes(expression, status, subject.is_status)
    if found.paths is None:
        return named_by(values, names)
    yes, no = found.paths
    truth = truths(values)
    taken = ([yes] if True in truth else []) + ([no] if truth - {True} else [])
    return frozenset(named(names, path) for path in taken)
