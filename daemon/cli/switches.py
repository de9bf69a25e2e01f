"""The commands that need no digest: they move a switch, and `halt` above all must be quick to type."""

from __future__ import annotations

import click

from daemon.cli.ask import send, show, timeout
from daemon.cli.options import Invocation, shared
from daemon.reply import Exit

_reason = click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the journal.")


def _order(invocation: Invocation, command: str, reason: str, timeout_ns: int) -> Exit:
    arguments = {"reason": reason} if reason else {}
    return show(invocation, send(invocation, command, arguments, timeout_ns=timeout_ns))


@click.command("open")
@shared
@_reason
@timeout
@click.pass_obj
def open_cutover(invocation: Invocation, reason: str, timeout_ns: int) -> Exit:
    """Open the cutover: from now on the webhook's answers follow the gates, and callers may take the new path.

    Until then every answer is DEGRADED. Opening starts no run; `arm` permits that.
    """
    return _order(invocation, "open", reason, timeout_ns)


@click.command("disarm")
@shared
@_reason
@timeout
@click.pass_obj
def disarm(invocation: Invocation, reason: str, timeout_ns: int) -> Exit:
    """Disarm: gates go on judging and answering, but no trip starts a run. A run in progress goes on."""
    return _order(invocation, "disarm", reason, timeout_ns)


@click.command("halt")
@shared
@_reason
@timeout
@click.pass_obj
def halt(invocation: Invocation, reason: str, timeout_ns: int) -> Exit:
    """Stop, in every state and without approval: the run halts before its next request, and no run starts until `resume`.

    Answers stay what they are: callers on the baseline path stay there.
    """
    return _order(invocation, "halt", reason, timeout_ns)


@click.command("resume")
@shared
@_reason
@timeout
@click.pass_obj
def resume(invocation: Invocation, reason: str, timeout_ns: int) -> Exit:
    """Lift `halt`: a run that it stopped goes on, and trips may start runs again where armed."""
    return _order(invocation, "resume", reason, timeout_ns)


@click.command("retry")
@shared
@click.option("--probe", metavar="NAME", help="Have this registration, which its registrar rejected, tried again.")
@_reason
@timeout
@click.pass_obj
def retry(invocation: Invocation, probe: str | None, reason: str, timeout_ns: int) -> Exit:
    """Try the step again that stopped the run. The world is inspected first.

    With --probe: a registrar that rejected us for good is left alone until somebody has mended what was wrong, and says so.
    """
    if probe is None:
        return _order(invocation, "retry", reason, timeout_ns)
    arguments = {"name": probe, "reason": reason} if reason else {"name": probe}
    return show(invocation, send(invocation, "retry-probe", arguments, timeout_ns=timeout_ns))


@click.command("abandon")
@shared
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stands in the journal.")
@timeout
@click.pass_obj
def abandon(invocation: Invocation, reason: str, timeout_ns: int) -> Exit:
    """Close a run that has stopped, leaving undone what is not done. The webhook stays DEGRADED until `reset`."""
    return _order(invocation, "abandon", reason, timeout_ns)


@click.command("reset")
@shared
@_reason
@timeout
@click.pass_obj
def reset(invocation: Invocation, reason: str, timeout_ns: int) -> Exit:
    """Release latched gates and return to `prepared`, where every answer is DEGRADED. Going forward again is a new `open`."""
    return _order(invocation, "reset", reason, timeout_ns)
