"""What a reload changed, for people, for the journal, and as JSON: names only. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from daemon.live import Live
from daemon.reload.decide import Changes, Difference
from daemon.status import instant

MOST_NAMED = 50
"""Of each kind, in the journal and for people; the number says how many there are."""


def document(changes: Changes) -> dict[str, Any]:
    """`probes`, `gates` and so on, each with what was added, removed or changed; `renewed` and `begun` are lists of names."""
    named = {kind: _of(difference) for kind, difference in changes.named.items() if difference}
    return {**named, "renewed": list(changes.renewed[:MOST_NAMED]), "begun": list(changes.begun[:MOST_NAMED])}


def _of(difference: Difference) -> dict[str, Any]:
    found = {"added": difference.added, "removed": difference.removed, "changed": difference.changed}
    return {how: {"count": len(names), "names": list(names[:MOST_NAMED])} for how, names in found.items() if names}


def standing(live: Live) -> dict[str, Any]:
    """For `status`: what is in force since when, and the last reload where that changed nothing."""
    failure = live.failure
    return {
        "file": live.path,
        "digest": live.digest,
        "since": instant(live.loaded_utc_ns),
        "failure": {"at": instant(failure.at_utc_ns), "why": list(failure.why[:MOST_NAMED])} if failure else None,
    }


def told(changes: Changes) -> str:
    """One line."""
    if not changes:
        return "nothing has changed"
    parts = list(_parts(changes))
    if changes.begun:
        parts.append(f"UNKNOWN until fresh samples come: {_names(changes.begun)}")
    return "; ".join(parts)


def _parts(changes: Changes) -> Iterator[str]:
    for kind, difference in changes.named.items():
        ways = {"added": difference.added, "removed": difference.removed, "changed": difference.changed}
        said = [f"{len(names)} {how} ({_names(names)})" for how, names in ways.items() if names]
        if said:
            yield f"{kind.rpartition('.')[2]}: {', '.join(said)}"
    if changes.renewed:
        yield f"new: {_names(changes.renewed)}"


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"
