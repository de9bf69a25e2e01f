"""`cutoverd reload`: the daemon reads its configuration again."""

from __future__ import annotations

import click

from daemon.cli.ask import send, show
from daemon.cli.options import Invocation, shared
from daemon.cli.wording import DURATION
from daemon.reply import Exit


@click.command("reload", short_help="Have the daemon read its configuration again.")
@shared
@click.option(
    "--timeout",
    "timeout_ns",
    type=DURATION,
    default="1m",
    show_default=True,
    metavar="DURATION",
    help="How long to wait for the daemon.",
)
@click.pass_obj
def reload(invocation: Invocation, timeout_ns: int) -> Exit:
    """Have the daemon read again the file that it was started with, and the lists of targets that the file names.

    All of it is taken over, or nothing: exit code 2 with the problems as `check` prints them where the file cannot be used, and
    6 where it can, but not now: an armed plan would change, a latched gate would go, or a key needs a restart. What the change
    does not concern keeps its state.
    """
    return show(invocation, send(invocation, "reload", {}, timeout_ns=timeout_ns))
