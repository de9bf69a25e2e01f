"""`cutoverd baseline`: capture what can be restored, and show what was captured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from daemon.cli.ask import send, show, timeout
from daemon.cli.options import Invocation, shared
from daemon.cli.plan import values
from daemon.cli.wording import DURATION, at, printable
from daemon.reply import Exit

_slow = click.option(
    "--timeout", "timeout_ns", type=DURATION, default="2m", show_default=True, metavar="DURATION",
    help="How long to wait: every object is read from where it lives.",
)  # fmt: skip


@click.group("baseline", no_args_is_help=True)
@shared
def baseline() -> None:
    """The immutable record of what to restore. Plans name objects; their values come only from here."""


@baseline.command("capture")
@shared
@_slow
@click.pass_obj
def capture(invocation: Invocation, timeout_ns: int) -> Exit:
    """Read every object that the plans can restore, and store it. A second capture is a second baseline."""
    reply = send(invocation, "baseline-capture", {}, timeout_ns=timeout_ns)
    return show(invocation, reply, _told(reply.data) or reply.message)


@baseline.command("show")
@click.argument("id", required=False)
@shared
@timeout
@click.pass_obj
def show_baseline(invocation: Invocation, id: str | None, timeout_ns: int) -> Exit:
    """Show the baseline ID, or the latest."""
    reply = send(invocation, "baseline-show", {"id": id}, timeout_ns=timeout_ns)
    return show(invocation, reply, _told(reply.data) or reply.message)


def _told(found: Mapping[str, Any]) -> str:
    """A baseline as lines; empty when that is not what the daemon sent: then its own message has to do."""
    objects, captured = found.get("objects"), found.get("captured_utc_ns")
    if not isinstance(objects, dict) or type(captured) is not int:
        return ""
    lines = [f"baseline {printable(found.get('id', ''))}", f"captured {at(captured)} by {printable(found.get('actor', ''))}"]
    return "\n".join([*lines, *(f"  {printable(key)} → {values(state)}" for key, state in objects.items())])
