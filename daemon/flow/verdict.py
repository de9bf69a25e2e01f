"""The rule itself: only OK reaches the new path. Everything that forks is judged here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from daemon.flow.finding import Finding, Pointer, fail_open, listed, unjudged
from daemon.flow.names import PathNames, Role
from daemon.flow.truth import GARBAGE, OK, Unknown, Values

Status = str | None


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call ends up, and the name that said so."""

    role: Role
    name: str = ""


Routes = frozenset[Route]
NOWHERE: Routes = frozenset({Route(Role.NOWHERE)})


def named(names: PathNames, name: str) -> Route:
    return Route(names.role(name), name)


def named_by(values: Values, names: PathNames) -> Routes:
    """Paths out of an expression that comes to the name of a path."""
    return frozenset(named(names, _name(value)) for value in values)


def _name(value: object) -> str:
    if isinstance(value, Unknown):
        return value.text
    if value is None:
        return "a missing value"
    return str(value).lower() if isinstance(value, bool) else str(value)


def judged(pointer: Pointer, statuses: Iterable[Status], reached: Callable[[Status], Routes]) -> Finding | None:
    """What is wrong with a fork, where `reached` says which paths it may lead to for a value of cutoverStatus."""
    routes = {status: reached(status) for status in statuses}
    others = {status: found for status, found in routes.items() if status != OK}
    open_for = [status for status, found in others.items() if _has(found, Role.NEW)]
    if open_for:
        return fail_open(pointer, _open(open_for, routes))
    unclear = sorted({route.name for found in routes.values() for route in found if route.role is Role.UNCLEAR})
    if unclear:
        which = listed(map(quoted, unclear[:3]))
        return unjudged(pointer, f"which path {which} is cannot be told: say so by --new-path or --baseline-path")
    lost = [status for status, found in others.items() if _has(found, Role.NOWHERE)]
    if lost:
        return unjudged(pointer, f"with {told(lost)} no path is named where the call goes: lead it to the baseline path")
    if OK in routes and not _has(routes[OK], Role.NEW):
        return unjudged(pointer, 'not even "OK" leads to the new path, so it cannot be seen what was meant')
    return None


def _has(routes: Routes, role: Role) -> bool:
    return any(route.role is role for route in routes)


def _open(open_for: list[Status], routes: Mapping[Status, Routes]) -> str:
    new = sorted({route.name for status in open_for for route in routes[status] if route.role is Role.NEW})
    turned = OK in routes and not _has(routes[OK], Role.NEW)
    neither = " (compared with anything, it may be neither true nor false)" if open_for == [None] else ""
    return (
        f"{told(open_for)}{neither} takes the new path ({listed(new)}){' and OK does not' if turned else ''}: "
        'only "OK" may; compare with == "OK" and let everything else take the baseline path'
    )


def told(statuses: Iterable[Status]) -> str:
    return listed([_told(status) for status in statuses], "or")


def _told(status: Status) -> str:
    if status is None:
        return "a missing cutoverStatus"
    return {"": "an empty one", GARBAGE: "garbage"}.get(status, f'"{status}"')


def quoted(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:57] + "...")
