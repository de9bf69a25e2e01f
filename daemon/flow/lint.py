"""A document as a whole: a flow as Archy has it, a data action's export, a condition, or any mixture of them.

What mentions cutoverStatus and was not understood is a finding too: nothing passes because it was not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from daemon.flow import conditions, data_action
from daemon.flow.actions import units
from daemon.flow.finding import Finding, Pointer, fail_open, unjudged
from daemon.flow.names import PathNames
from daemon.flow.subject import Subject, leaves, places, subject
from daemon.flow.tracing import TooMuch, Tracing
from daemon.flow.walk import Walk

DISPLAYED = frozenset({"name", "label", "title", "description", "comment", "note", "refId", "category", "$schema"})
"""Keys whose texts are for people."""
_CACHE = ("cacheresponse", "cacheseconds", "cachettl", "cachettlseconds", "cacheduration")


@dataclass(frozen=True, slots=True)
class Verdict:
    findings: tuple[Finding, ...]
    """In the order of the document; empty when only OK leads to the new path."""
    decisions: int
    questions: int
    """Actions of a flow that ask the webhook."""
    data_actions: int


def lint(document: Any, names: PathNames) -> Verdict:
    about = subject(document)
    walk = Walk(Tracing(names, about, units(document)))
    findings = walk.findings
    try:
        walk.whole(document)
    except TooMuch as why:
        findings.append(unjudged((), str(why)))
    actions = 0
    for at, node in places(document):
        if data_action.is_data_action(node):
            actions += 1
            findings += data_action.judge(node, at)
            walk.read.update(place for place, _ in places(node, at))
        elif at not in walk.read and (found := conditions.condition(node, at, about)) and found.pointer not in walk.read:
            walk.decisions += 1
            walk.read.add(found.pointer)
            findings += [each for each in [conditions.judge(found, names, about)] if each]
    findings += _values(document, about, walk.read)
    findings += _left_over(document, about, walk.read)
    if not findings:
        findings += walk.unexplained
    findings += _nothing(walk.decisions, walk.questions, actions, findings)
    return Verdict(_in_order(document, findings), walk.decisions, walk.questions, actions)


def _values(document: Any, about: Subject, read: set[Pointer]) -> Iterator[Finding]:
    """What a variable holds before it is asked for, and what a flow keeps for later."""
    for at, node in places(document):
        if not isinstance(node, dict):
            continue
        if any(str(key).lower() in _CACHE for key in node) and _asks(node, about):
            yield from _cached(node, at)
        held = node.get("name") if "initialValue" in node else node.get("variable")
        if not isinstance(held, str) or not about.is_status(held):
            continue
        key = "initialValue" if "initialValue" in node else "value"
        yield from _held(node.get(key), (*at, key), held)
        read.update(place for place, _ in places(node, at))


def _held(value: Any, at: Pointer, variable: str) -> Iterator[Finding]:
    given = value if isinstance(value, dict) else {"lit": value}
    if "lit" in given and str(given["lit"]).strip().upper() == "OK":
        yield fail_open((*at, "lit"), f'{variable} is "OK" here although nobody was asked: "DEGRADED" was meant')
    elif "exp" in given:
        yield unjudged((*at, "exp"), f"{variable} is computed here: let nothing but the data action write it")


def _asks(node: dict[str, Any], about: Subject) -> bool:
    texts = (str(part) for at, value in places(node) for part in (*at[-1:], value) if isinstance(part, str))
    return any(about.is_in(text) or "/v1/gates/" in text for text in texts)


def _cached(node: dict[str, Any], at: Pointer) -> Iterator[Finding]:
    for key, value in node.items():
        if str(key).lower() in _CACHE and value not in (None, False, 0, "0", "false", ""):
            yield fail_open((*at, key), "the answer is kept and used again, and OK is a lease: ask on every call")


def _left_over(document: Any, about: Subject, read: set[Pointer]) -> Iterator[Finding]:
    for at, value in leaves(document):
        if not isinstance(value, str) or at in read or not about.is_in(value):
            continue
        if at and (at[-1] in DISPLAYED or at[-1] in ("var", "variable")):
            continue
        yield unjudged(at, "cutoverStatus is used here in a way that is not understood")


def _nothing(decisions: int, questions: int, actions: int, findings: list[Finding]) -> Iterator[Finding]:
    if findings or decisions or (actions and not questions):
        return
    if questions:
        yield unjudged((), "the webhook is asked, and no decision depends on its answer")
    else:
        yield unjudged((), "nothing here depends on cutoverStatus")


def _in_order(document: Any, findings: list[Finding]) -> tuple[Finding, ...]:
    order = {at: number for number, (at, _) in enumerate(places(document))}
    return tuple(sorted(dict.fromkeys(findings), key=lambda found: _place(found.pointer, order)))


def _place(pointer: Pointer, order: dict[Pointer, int]) -> int:
    """Of what is missing, the place of what should hold it."""
    while pointer and pointer not in order:
        pointer = pointer[:-1]
    return order.get(pointer, 0)
