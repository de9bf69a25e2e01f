"""An Architect flow as Archy writes it: lists of actions, and where a call ends up that runs through them.

An action is a mapping with one key, its kind. What it leads to stands in `outputs`, each a list of actions again; a path that
comes to its end goes on with the action after the one that forked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from daemon.flow.expression import Expression, parse
from daemon.flow.finding import Pointer
from daemon.flow.subject import Subject, places

RETURNING = "callTask"
TRANSFERRING = ("transferTo", "jumpTo", "changeState", RETURNING)
ENDING = ("disconnect", "end", "exit", "previousMenu")
ASKING = "callData"
_TARGETS = frozenset({"task", "flow", "queue", "menu", "state"})
_REFERENCE = re.compile(r"\[([^\[\]]+)\]$")


@dataclass(frozen=True, slots=True)
class Action:
    kind: str
    body: dict[str, Any]
    pointer: Pointer
    """Of the body."""


@dataclass(frozen=True, slots=True)
class Branch:
    name: str
    actions: list[Any] | None
    """None where the path is not given."""
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class Case:
    """An expression and the branch that is taken when it is true."""

    text: str
    pointer: Pointer
    branch: Branch


@dataclass(frozen=True, slots=True)
class Fork:
    """The first case that is true is taken, `otherwise` when none is."""

    cases: tuple[Case, ...]
    otherwise: Branch

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (*(case.branch for case in self.cases), self.otherwise)

    def concerns(self, subject: Subject) -> bool:
        return any(subject.is_in(case.text) for case in self.cases)

    def expressions(self) -> list[Expression]:
        """Raises Unparsed."""
        return [parse(case.text) for case in self.cases]


def actions_of(items: list[Any], pointer: Pointer) -> list[Action]:
    found = []
    for index, item in enumerate(items):
        if isinstance(item, dict) and len(item) == 1:
            ((kind, body),) = item.items()
            found.append(Action(str(kind), body if isinstance(body, dict) else {}, (*pointer, index, kind)))
    return found


def is_action_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and len(item) == 1 for item in value)


def branch(outputs: Any, name: str, pointer: Pointer) -> Branch:
    """An output as `{actions: […]}`; YAML writes yes and no as words."""
    given = outputs.get(name) if isinstance(outputs, dict) else None
    actions = given.get("actions") if isinstance(given, dict) else None
    return Branch(name, actions if is_action_list(actions) else None, (*pointer, name, "actions"))


def outputs(action: Action) -> list[Branch]:
    given = action.body.get("outputs")
    return [branch(given, name, (*action.pointer, "outputs")) for name in given] if isinstance(given, dict) else []


def fork(action: Action) -> Fork | None:
    """A decision or a switch; None for anything else, and for one whose form is not known."""
    if action.kind == "decision":
        return _decision(action)
    return _switch(action) if action.kind == "switch" else None


def _decision(action: Action) -> Fork | None:
    condition = action.body.get("condition")
    text = condition.get("exp") if isinstance(condition, dict) else None
    if not isinstance(text, str):
        return None
    given, at = action.body.get("outputs"), (*action.pointer, "outputs")
    yes, no = branch(given, "yes", at), branch(given, "no", at)
    return Fork((Case(text, (*action.pointer, "condition", "exp"), yes),), no)


def _switch(action: Action) -> Fork | None:
    evaluated = action.body.get("evaluate")
    first = evaluated.get("firstTrue") if isinstance(evaluated, dict) else None
    cases = first.get("cases") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(cases, list):
        return None
    at = (*action.pointer, "evaluate", "firstTrue")
    found = [_case(item, (*at, "cases", index)) for index, item in enumerate(cases)]
    known = tuple(case for case in found if case is not None)
    return Fork(known, branch(first, "default", at)) if len(known) == len(found) else None


def _case(item: Any, pointer: Pointer) -> Case | None:
    case = item.get("case") if isinstance(item, dict) else None
    value = case.get("value") if isinstance(case, dict) else None
    text = value.get("exp") if isinstance(value, dict) else None
    if not isinstance(case, dict) or not isinstance(text, str):
        return None
    at = (*pointer, "case")
    actions = case.get("actions")
    return Case(text, (*at, "value", "exp"), Branch("case", actions if is_action_list(actions) else None, (*at, "actions")))


def targets(action: Action) -> Iterator[tuple[str, Pointer, bool]]:
    """What the action says about where it leads: a text, its place, and whether it is an expression."""
    for key, value in action.body.items():
        if key.startswith("target") or key in _TARGETS:
            for at, found in places(value, (*action.pointer, key)):
                if isinstance(found, str):
                    yield found, at, at[-1] == "exp"


def reference(text: str) -> str:
    """The id in `/inboundCall/tasks/task[New path_12]` or `./tasks/task[New path_12]`; empty where it is none."""
    found = _REFERENCE.search(text)
    return found[1] if found else ""


def units(document: Any) -> dict[str, tuple[list[Any], str, Pointer]]:
    """Tasks and states by their id: actions, name, and where the actions stand."""
    found = {}
    for at, value in places(document):
        if at and at[-1] in ("task", "state") and isinstance(value, dict) and is_action_list(value.get("actions")):
            name = str(value.get("name", ""))
            found[str(value.get("refId", name))] = (value["actions"], name, (*at, "actions"))
    return found
