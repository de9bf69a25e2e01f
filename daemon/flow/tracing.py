"""Where a call may end up, action by action, for one value of cutoverStatus. More is assumed possible than is, never less."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from daemon.flow.actions import (
    ENDING,
    RETURNING,
    TRANSFERRING,
    Action,
    Fork,
    actions_of,
    fork,
    outputs,
    reference,
    targets,
)
from daemon.flow.expression import Unparsed, parse
from daemon.flow.finding import Pointer
from daemon.flow.names import PathNames, Role
from daemon.flow.subject import Subject
from daemon.flow.truth import Unjudgeable, outcomes, truths
from daemon.flow.verdict import NOWHERE, Route, Routes, Status, named, named_by

MAX_STEPS = 200_000
MAX_FOLLOWED = 40
"""Tasks that lead to tasks that lead to tasks."""
Frame = tuple[list[Any], int, Pointer]
"""Actions, the index of the next one, and where they stand."""


class TooMuch(Exception):
    """The flow has more ways through it than are followed."""


@dataclass(slots=True)
class Tracing:
    names: PathNames
    subject: Subject
    units: dict[str, tuple[list[Any], str, Pointer]]
    steps: int = 0
    _within: list[str] = field(default_factory=list)
    """Tasks and states that are being followed: none leads back to itself."""

    def routes(self, frames: tuple[Frame, ...], status: Status) -> Routes:
        """Every path that a call may take from here. Raises TooMuch."""
        found: Routes = frozenset()
        for items, index, pointer in reversed(frames):
            routes, goes_on = self._run(items, pointer, status, start=index)
            found |= routes
            if not goes_on:
                return found
        return found | NOWHERE

    def goes_on(self, action: Action, status: Status) -> bool:
        """Whether a call may come to the action after this one."""
        return self._step(action, status)[1]

    def _run(self, items: list[Any], pointer: Pointer, status: Status, *, start: int = 0) -> tuple[Routes, bool]:
        found: Routes = frozenset()
        for action in actions_of(items, pointer)[start:]:
            routes, goes_on = self._step(action, status)
            found |= routes
            if not goes_on:
                return found, False
        return found, True

    def _step(self, action: Action, status: Status) -> tuple[Routes, bool]:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooMuch(f"the flow has more ways through it than the {MAX_STEPS} steps that are followed")
        forked = fork(action)
        if forked is not None:
            return self._forked(forked, status)
        if action.kind.startswith(TRANSFERRING):
            return self._transferred(action, status)
        if action.kind.startswith(ENDING):
            return NOWHERE, False
        return self._parted(action, status)

    def _forked(self, forked: Fork, status: Status) -> tuple[Routes, bool]:
        try:
            taken = possible(forked, status, self.subject)
        except (Unparsed, Unjudgeable) as why:
            return frozenset({Route(Role.UNCLEAR, f"what follows {forked.cases[0].text[:40]} ({why})")}), False
        found: Routes = frozenset()
        goes_on = False
        for index in taken:
            branch = forked.branches[index]
            routes, through = self._run(branch.actions or [], branch.pointer, status)
            found, goes_on = found | routes, goes_on or through
        return found, goes_on

    def _parted(self, action: Action, status: Status) -> tuple[Routes, bool]:
        """An action with paths of its own: any of them may be taken."""
        found: Routes = frozenset()
        branches = outputs(action)
        goes_on = not branches
        for branch in branches:
            routes, through = self._run(branch.actions or [], branch.pointer, status)
            found, goes_on = found | routes, goes_on or through
        return found, goes_on

    def _transferred(self, action: Action, status: Status) -> tuple[Routes, bool]:
        found = self._target(action, status)
        # A transfer that fails goes on along its own outputs. They count where they lead to the new path.
        for branch in outputs(action):
            routes, _ = self._run(branch.actions or [], branch.pointer, status)
            found |= frozenset(route for route in routes if route.role is Role.NEW)
        return found, action.kind == RETURNING

    def _target(self, action: Action, status: Status) -> Routes:
        texts = list(targets(action))
        for text, _, is_expression in texts:
            if is_expression:
                return self._computed(text, status)
        routes = [named(self.names, self._plain(text)) for text, _, _ in texts]
        routes.append(named(self.names, str(action.body.get("name", ""))))
        clear = [route for route in routes if route.role is not Role.UNCLEAR]
        if clear:
            # The target's own name stands before the one that somebody gave the action.
            return frozenset(clear[:1])
        followed = self._followed([reference(text) for text, _, _ in texts], status)
        return followed if followed is not None else frozenset({routes[0]})

    def _plain(self, text: str) -> str:
        identifier = reference(text)
        return self.units[identifier][1] if identifier in self.units else identifier or text

    def _computed(self, text: str, status: Status) -> Routes:
        try:
            return named_by(outcomes(parse(text), status, self.subject.is_status), self.names)
        except (Unparsed, Unjudgeable) as why:
            return frozenset({Route(Role.UNCLEAR, f"{text[:40]} ({why})")})

    def _followed(self, identifiers: list[str], status: Status) -> Routes | None:
        for identifier in identifiers:
            if len(self._within) > MAX_FOLLOWED:
                raise TooMuch(f"more than {MAX_FOLLOWED} tasks lead to one another, and are not followed further")
            if identifier in self.units and identifier not in self._within:
                items, _, pointer = self.units[identifier]
                self._within.append(identifier)
                try:
                    return self.routes(((items, 0, pointer),), status)
                finally:
                    self._within.pop()
        return None


def possible(forked: Fork, status: Status, subject: Subject) -> list[int]:
    """The indices of the branches that may be taken, the last one being `otherwise`. Raises Unparsed and Unjudgeable."""
    taken = []
    for index, expression in enumerate(forked.expressions()):
        truth = truths(outcomes(expression, status, subject.is_status))
        if True in truth:
            taken.append(index)
        if truth == {True}:
            return taken
    return [*taken, len(forked.cases)]
