"""Every fork of an Architect flow that depends on cutoverStatus, and every action that asks for it, judged where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from daemon.flow.actions import ASKING, Action, Branch, Fork, actions_of, branch, fork, is_action_list, outputs, targets
from daemon.flow.expression import Unparsed, parse
from daemon.flow.finding import Finding, Pointer, fail_open, unjudged
from daemon.flow.names import Role
from daemon.flow.subject import FIELD, places
from daemon.flow.tracing import Frame, Tracing, possible
from daemon.flow.truth import USUAL, Unjudgeable, outcomes, statuses
from daemon.flow.verdict import Routes, Status, judged, named_by

HARMLESS = ("playAudio", "addFlowMilestone", "setFlowOutcome")
"""Actions that may say cutoverStatus aloud or count it: they lead nowhere and write nothing that is read again."""
UNSUCCESSFUL = ("failure", "timeout")


@dataclass(slots=True)
class Walk:
    tracing: Tracing
    findings: list[Finding] = field(default_factory=list)
    read: set[Pointer] = field(default_factory=set)
    """Texts that were judged, or that need not be."""
    unexplained: list[Finding] = field(default_factory=list)
    """What is wrong behind a question as a whole. It says no more than a finding of a decision, where there is one."""
    decisions: int = 0
    questions: int = 0

    def whole(self, document: Any) -> None:
        """Raises TooMuch."""
        seen: set[Pointer] = set()
        for at, value in places(document):
            if at and at[-1] == "actions" and is_action_list(value) and not any(at[:length] in seen for length in range(len(at))):
                seen.add(at)
                self._list(value, at, (), frozenset(USUAL))

    def _list(self, items: list[Any], pointer: Pointer, after: tuple[Frame, ...], live: frozenset[Status]) -> None:
        """`after` is what follows when the list ends, innermost last; `live` the values that a call may come here with."""
        for index, action in enumerate(actions_of(items, pointer)):
            following = (*after, (items, index + 1, pointer))
            live = self._action(action, following, live)

    def _action(self, action: Action, after: tuple[Frame, ...], live: frozenset[Status]) -> frozenset[Status]:
        forked = fork(action)
        if forked is not None:
            return self._fork(action, forked, after, live)
        if action.kind == ASKING and _asks(action):
            self._question(action, after)
            return frozenset(USUAL)
        if action.kind.startswith(HARMLESS):
            self.read.update(at for at, _ in places(action.body, action.pointer))
        self._computed_targets(action)
        for path in outputs(action):
            self._list(path.actions or [], path.pointer, after, live)
        return frozenset(status for status in live if self.tracing.goes_on(action, status))

    def _fork(self, action: Action, forked: Fork, after: tuple[Frame, ...], live: frozenset[Status]) -> frozenset[Status]:
        subject = self.tracing.subject
        if forked.concerns(subject):
            self.decisions += 1
            self.read.update(case.pointer for case in forked.cases)
            try:
                live |= frozenset(statuses(forked.expressions())) if None in live else frozenset()
                taken = {status: possible(forked, status, subject) for status in live}
            except (Unparsed, Unjudgeable) as why:
                self.findings.append(unjudged(forked.cases[0].pointer, str(why)))
                taken = {}
            else:
                self._judge(forked, taken, after)
        else:
            taken = {status: list(range(len(forked.branches))) for status in live}
        for index, path in enumerate(forked.branches):
            coming = frozenset(status for status, indices in taken.items() if index in indices)
            self._list(path.actions or [], path.pointer, after, coming)
        return frozenset(status for status in live if self.tracing.goes_on(action, status))

    def _judge(self, forked: Fork, taken: dict[Status, list[int]], after: tuple[Frame, ...]) -> None:
        def reached(status: Status) -> Routes:
            found: Routes = frozenset()
            for index in taken[status]:
                found |= self._along(forked.branches[index], after, status)
            return found

        self._add(judged(forked.cases[0].pointer, _ordered(taken), reached))

    def _along(self, path: Branch, after: tuple[Frame, ...], status: Status) -> Routes:
        return self.tracing.routes((*after, (path.actions or [], 0, path.pointer)), status)

    def _question(self, action: Action, after: tuple[Frame, ...]) -> None:
        self.questions += 1
        given, at = action.body.get("outputs"), (*action.pointer, "outputs")
        success = branch(given, "success", at)
        self._list(success.actions or [], success.pointer, after, frozenset(USUAL))
        if whole := judged(success.pointer, USUAL, lambda status: self._along(success, after, status)):
            self.unexplained.append(whole)
        for name in UNSUCCESSFUL:
            path = branch(given, name, at)
            if path.actions is None:
                self._add(unled(name, at))
                continue
            self._add(_unsuccessful(name, path, self._along(path, after, None)))
            self._list(path.actions, path.pointer, after, frozenset({None}))

    def _computed_targets(self, action: Action) -> None:
        """`targetFlow: {exp: If(cutoverStatus == …)}`: a decision without an action of its own."""
        tracing = self.tracing
        for text, at, is_expression in targets(action):
            if not is_expression or not tracing.subject.is_in(text):
                continue
            self.decisions += 1
            self.read.add(at)
            try:
                expression = parse(text)
                comes_to = {each: outcomes(expression, each, tracing.subject.is_status) for each in statuses([expression])}
            except (Unparsed, Unjudgeable) as why:
                self.findings.append(unjudged(at, str(why)))
                continue
            self._add(judged(at, comes_to, lambda status, found=comes_to: named_by(found[status], tracing.names)))  # type: ignore[misc]

    def _add(self, finding: Finding | None) -> None:
        if finding is not None:
            self.findings.append(finding)


def _ordered(taken: dict[Status, list[int]]) -> list[Status]:
    """The usual values first, so that messages name them in one order."""
    return [*(each for each in USUAL if each in taken), *sorted(each for each in taken if each is not None and each not in USUAL)]


def _asks(action: Action) -> bool:
    return any(
        str(at[-1]).lower().rpartition(".")[2] == FIELD and "successOutputs" in at
        for at, _ in places(action.body, action.pointer)
        if at
    )


def unled(name: str, pointer: Pointer) -> Finding:
    when = "the webhook is silent" if name == "timeout" else "the webhook answers with an error or with garbage"
    return fail_open(pointer, f"no {name} path: when {when}, the call goes on as if it had asked; lead it to the baseline path")


def _unsuccessful(name: str, path: Branch, routes: Routes) -> Finding | None:
    new = sorted(route.name for route in routes if route.role is Role.NEW)
    if new:
        return fail_open(path.pointer, f"the {name} path takes the new path ({', '.join(new)}): lead it to the baseline path")
    if any(route.role is not Role.BASELINE for route in routes):
        return unjudged(
            path.pointer, f"the {name} path does not name the baseline path: lead it there, or name it by --baseline-path"
        )
    return None
