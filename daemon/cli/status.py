"""`cutoverd status`: starts at once, because it is what one types when something is wrong."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable

import click

from daemon.cli import status_text
from daemon.cli.ask import send, show, show_json, timeout
from daemon.cli.options import Invocation, shared
from daemon.cli.wording import DURATION, NS_PER_S
from daemon.reply import Exit, Reply

_STATES = frozenset({Exit.OK, Exit.DEGRADED, Exit.UNKNOWN, Exit.TRIPPED, Exit.HALTED})
_CLEAR = "\x1b[H\x1b[2J"


@click.command("status")
@click.option("--one-line", is_flag=True, help="Everything that matters on one line.")
@click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C.")
@click.option("--every", "every_ns", type=DURATION, default="1s", show_default=True, metavar="DURATION", help="Pause of --watch.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="With --watch: stop after N times.")
@shared
@timeout
@click.pass_obj
def status(invocation: Invocation, one_line: bool, watch: bool, every_ns: int, count: int | None, timeout_ns: int) -> Exit:
    """Show phase, switches, run, gates with their distance to tripping, and plans. Times are UTC, local in parentheses.

    The exit code is the worst of the gates: 0 OK, 1 DEGRADED, 3 UNKNOWN or INCONCLUSIVE, 4 tripped or reverting, 5 halted;
    7 without a daemon. With --watch it is that of the last look; a daemon that goes away is waited for.
    """

    def look() -> Exit:
        return _show(invocation, send(invocation, "status", timeout_ns=timeout_ns), one_line=one_line, dense=one_line or watch)

    return _watch(look, count=count, every_ns=every_ns, clear=not (one_line or invocation.as_json)) if watch else look()


def _show(invocation: Invocation, reply: Reply, *, one_line: bool, dense: bool) -> Exit:
    if reply.exit not in _STATES:
        return show(invocation, reply)
    if invocation.as_json:
        show_json(reply.document(), one_line=dense)
        return reply.exit
    try:
        click.echo(status_text.one_line(reply.data) if one_line else status_text.lines(reply.data))
    except (KeyError, TypeError, ValueError):
        return show(invocation, Reply(Exit.NO_DAEMON, "the daemon's status cannot be read: it speaks another version"))
    return reply.exit


def _watch(look: Callable[[], Exit], *, count: int | None, every_ns: int, clear: bool) -> Exit:
    """One look after another. A terminal is cleared before each; elsewhere they follow one another, a blank line between."""
    on_terminal = sys.stdout.isatty()
    for turn in itertools.count(1):
        if clear and on_terminal:
            click.echo(_CLEAR, nl=False)
        elif clear and turn > 1:
            click.echo()
        seen = look()
        if turn == count:
            return seen
        time.sleep(every_ns / NS_PER_S)
    raise AssertionError("itertools.count does not end")
