"""One line per journal entry, in the field's words. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from daemon.cli.plan import values
from daemon.cli.wording import at, lasting, printable
from reverters.entries import (
    Closed,
    Finished,
    Halted,
    Inspected,
    Intended,
    Interrupted,
    Judged,
    Operated,
    Planned,
    Responded,
    Unreadable,
    Verified,
    Waited,
)  # fmt: skip
from reverters.journal import JournalEntry


def line(entry: JournalEntry, *, zone: tzinfo | None = None) -> str:
    """Sequence, UTC and local time, actor, run, kind, and what happened."""
    head = f"{entry.seq:>5}  {at(entry.at_utc_ns, zone=zone)}  {entry.actor}  {entry.run or '-'}  {entry.kind}"
    return printable(f"{head}  {told(entry)}")


def told(entry: JournalEntry) -> str:
    try:
        body = entry.body
    except Unreadable as error:
        return f"unreadable: {error}"
    return _TOLD[type(body)](body)


def document(entry: JournalEntry, body: dict[str, Any] | None) -> dict[str, Any]:
    """An entry as JSON: the envelope, the body as stored (None when it cannot be read), and the hash in hex."""
    return {
        "seq": entry.seq,
        "at_utc_ns": entry.at_utc_ns,
        "actor": entry.actor,
        "run": entry.run,
        "kind": entry.kind,
        "version": entry.version,
        "body": body,
        "hash": entry.hash.hex(),
    }


def _planned(body: Planned) -> str:
    gates = ", ".join(body.gates) or "no gate"
    return f"{body.plan} ({body.digest[:12]}…) decided, {body.cause}, latching {gates}: {body.evidence}"


def _inspected(body: Inspected) -> str:
    found = "at baseline already" if body.at_baseline else "differs from the baseline"
    return f"{body.step}: {found}: {values(body.live)}{_because(body.detail)}"


def _intended(body: Intended) -> str:
    return f"{body.step}: attempt {body.attempt}: {values(body.expected)} → {values(body.wanted)}"


def _responded(body: Responded) -> str:
    again = f"; again in {lasting(body.delay_ns)}" if body.delay_ns else ""
    reason = f" ({body.reason})" if body.reason else ""
    return f"{body.step}: {body.phase} attempt {body.attempt}: {body.verdict}{reason}{_because(body.detail)}{again}"


def _verified(body: Verified) -> str:
    again = f"; again in {lasting(body.delay_ns)}" if body.delay_ns else ""
    return f"{body.step}: {'holds' if body.holds else 'does not hold'}: {values(body.live)}{_because(body.detail)}{again}"


def _finished(body: Finished) -> str:
    return f"{body.step}: {body.outcome}"


def _waited(body: Waited) -> str:
    return f"after stage {body.stage}: {lasting(body.for_ns)}"


def _halted(body: Halted) -> str:
    return f"at {body.step or 'the run itself'}: {body.reason}{_because(body.detail)}"


def _interrupted(body: Interrupted) -> str:
    return f"{body.reason}; goes on at the next start"


def _closed(body: Closed) -> str:
    return f"{body.outcome}; recovery time {lasting(body.recovery_ns)}" if body.recovery_ns > 0 else body.outcome


def _operated(body: Operated) -> str:
    return " ".join([body.command, *(_argument(name, value) for name, value in body.arguments.items() if value not in ("", []))])


def _argument(name: str, value: object) -> str:
    if name.endswith("_utc_ns") and isinstance(value, int):
        return f"{name.removesuffix('_utc_ns')} {at(value)}"
    if name.endswith("_ns") and isinstance(value, int):
        return f"{name.removesuffix('_ns')} {lasting(value)}"
    if isinstance(value, list):
        return f"{name}={','.join(map(str, value))}"
    return f"{name}={value}"


def _judged(body: Judged) -> str:
    return (
        f"{body.gate}: {body.before} → {body.after}, {body.answer} (generation {body.generation}), {body.cause}: {body.evidence}"
    )


def _because(detail: str) -> str:
    return f": {detail}" if detail else ""


_TOLD: dict[type[Any], Callable[[Any], str]] = {
    Planned: _planned,
    Inspected: _inspected,
    Intended: _intended,
    Responded: _responded,
    Verified: _verified,
    Finished: _finished,
    Waited: _waited,
    Halted: _halted,
    Interrupted: _interrupted,
    Closed: _closed,
    Operated: _operated,
    Judged: _judged,
}
