"""`cutoverd journal`: reads the store itself, so that it works when no daemon does."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
import orjson

from config.load import load
from config.problem import ConfigInvalid
from daemon.cli import journal_text
from daemon.cli.ask import misconfigured, show
from daemon.cli.config_path import resolve_config_path
from daemon.cli.options import Invocation, shared
from daemon.reply import Exit, Reply
from daemon.store import Reader, StoreError, open_readonly
from reverters.entries import Unreadable
from reverters.journal import Flaw, JournalEntry, verify

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_run = click.option("--run", metavar="RUN", help="Only the entries of this run.")
_last = click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the last N entries.")


@click.group("journal", invoke_without_command=True)
@shared
@_run
@_last
@click.pass_context
def journal(context: click.Context, run: str | None, last: int | None) -> Any:
    """Read the journal: what was decided, intended, done and ordered, when and by whom. Needs no daemon.

    With --json, one JSON object per line.
    """
    return context.invoke(show_entries, run=run, last=last) if context.invoked_subcommand is None else None


@journal.command("show")
@shared
@_run
@_last
@click.pass_obj
def show_entries(invocation: Invocation, run: str | None, last: int | None) -> Exit:
    """One line per entry: sequence, UTC and local time, actor, run, kind, and what happened. The default."""

    async def read(store: Reader) -> list[JournalEntry]:
        return await store.entries(run=run)

    entries = _read(invocation, read)
    if isinstance(entries, Reply):
        return show(invocation, entries)
    if run is not None and not entries:
        return show(invocation, Reply(Exit.USAGE, f"the journal knows no run {run!r}"))
    for entry in entries[-last:] if last else entries:
        click.echo(json.dumps(_document(entry)) if invocation.as_json else journal_text.line(entry))
    return Exit.OK


@journal.command("verify")
@shared
@click.pass_obj
def verify_chain(invocation: Invocation) -> Exit:
    """Prove that the chain of hashes holds: exit code 0, with the number of entries and the hash of the last.

    A journal that was edited, cut, reordered or unchained is refused (6), and the first flaw is named. A tail cut off cleanly
    cannot be seen from within: compare the last hash with one written down elsewhere.
    """

    async def read(store: Reader) -> list[JournalEntry]:
        return await store.entries()

    entries = _read(invocation, read)
    return show(invocation, entries if isinstance(entries, Reply) else _verdict(entries))


def _verdict(entries: list[JournalEntry]) -> Reply:
    held, head, flaw = verify(entries)
    data: dict[str, Any] = {"entries": held, "head": head.hex(), "flaw": _flaw(flaw)}
    if flaw is None:
        return Reply(Exit.OK, f"the chain holds: {held} entries, head {head.hex()}", data)
    # Not 1: that is DEGRADED, and only `status` says so.
    return Reply(
        Exit.REFUSED, f"the chain does not hold: {flaw.how} at {flaw.seq}: {flaw.detail}; it holds up to entry {held}", data
    )


def _flaw(flaw: Flaw | None) -> dict[str, Any] | None:
    return {"seq": flaw.seq, "how": flaw.how, "detail": flaw.detail} if flaw else None


def _document(entry: JournalEntry) -> dict[str, Any]:
    try:
        _ = entry.body
    except Unreadable:
        return journal_text.document(entry, None)
    return journal_text.document(entry, orjson.loads(entry.payload))


def _read(invocation: Invocation, ask: Callable[[Reader], Awaitable[list[JournalEntry]]]) -> list[JournalEntry] | Reply:
    """What the store holds, or why it cannot be read."""
    try:
        path = load(resolve_config_path(invocation.config, os.environ)).settings.store.path
    except ConfigInvalid as invalid:
        return misconfigured(invalid)
    try:
        return asyncio.run(_ask(path, ask))
    except StoreError as error:
        return Reply(Exit.USAGE, f"the journal cannot be read: {error}")


async def _ask(path: str, ask: Callable[[Reader], Awaitable[list[JournalEntry]]]) -> list[JournalEntry]:
    store = await open_readonly(path)
    try:
        return await ask(store)
    finally:
        await store.close()
