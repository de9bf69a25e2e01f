"""What the journal says we were: the fold that makes phase, switches, latches and the run survive a restart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gates import cutover
from gates.cutover import Command, Cutover, Run
from reverters import progress
from reverters.entries import Closed, Halted, Judged, Operated, Planned
from reverters.journal import JournalEntry
from reverters.progress import Progress

START = "start"
"""The entry of each start: from here on callers were told DEGRADED until fresh probes passed (committed apart)."""

_COMMANDS = frozenset(Command)


def follow(known: Cutover, entry: JournalEntry) -> Cutover:
    """The cutover after `entry`. Entries of a step concern `reverters.progress` alone."""
    body = entry.body
    match body:
        case Operated(command, arguments) if command in _COMMANDS:
            return cutover.operated(known, Command(command), arguments)
        case Operated("start", arguments):
            return replace(known, generation=max(known.generation, int(arguments["generation"])))
        case Planned():
            run = Run(id=entry.run, plan=body.plan, digest=body.digest)
            return cutover.planned(known, run, list(body.gates), utc_ns=entry.at_utc_ns, automatic=body.cause == "automatic")
        case Halted() | Closed() if known.run is None or entry.run != known.run.id:
            return known  # said by a run that was abandoned while a request of it was still on its way
        case Halted(step, _, detail):
            return cutover.stopped(known, step=step, detail=detail)
        case Closed(outcome):
            return cutover.closed(known, abandoned=outcome == "abandoned", utc_ns=entry.at_utc_ns)
        case Judged():
            return replace(known, generation=max(known.generation, body.generation))
        case _:
            return known


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that the journal began and did not close."""

    run: str
    planned: Planned
    progress: Progress


def unfinished(entries: Iterable[JournalEntry]) -> Unfinished | None:
    found: Unfinished | None = None
    for entry in entries:
        body = entry.body
        if isinstance(body, Planned):
            found = Unfinished(entry.run, body, Progress())
        elif isinstance(body, Closed):
            found = None
        elif found and (entry.run == found.run):
            found = replace(found, progress=progress.note(found.progress, entry))
    return found
