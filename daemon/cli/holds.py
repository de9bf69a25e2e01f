"""`hold` and `release` fix a gate's answer for a while; `admit` says for which share of its callers an OK is."""

from __future__ import annotations

import click

from daemon.cli.ask import send, show, timeout
from daemon.cli.options import Invocation, shared
from daemon.cli.wording import DURATION, SHARE
from daemon.reply import Exit


@click.command("hold")
@click.argument("gate")
@click.option("--answer", type=click.Choice(["OK", "DEGRADED"]), required=True, help="What the webhook says meanwhile.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is shown beside the gate and stands in the journal.")
@click.option("--for", "for_ns", type=DURATION, required=True, metavar="DURATION", help="When the hold ends by itself: 30m, 2h.")
@shared
@timeout
@click.pass_obj
def hold(invocation: Invocation, gate: str, answer: str, reason: str, for_ns: int, timeout_ns: int) -> Exit:
    """Fix the answer of GATE. The gate goes on judging, and no trip of it starts a run while it is held.

    A held OK still needs fresh results: when probes fall silent the answer is DEGRADED all the same.
    """
    arguments = {"gate": gate, "answer": answer, "reason": reason, "for_ns": for_ns}
    return show(invocation, send(invocation, "hold", arguments, timeout_ns=timeout_ns))


@click.command("release")
@click.argument("gate")
@shared
@timeout
@click.pass_obj
def release(invocation: Invocation, gate: str, timeout_ns: int) -> Exit:
    """End the hold of GATE: its answer follows its state again."""
    return show(invocation, send(invocation, "release", {"gate": gate}, timeout_ns=timeout_ns))


@click.command("admit")
@click.argument("gate")
@click.argument("share", type=SHARE, metavar="SHARE|schedule")
@click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the journal.")
@shared
@timeout
@click.pass_obj
def admit(invocation: Invocation, gate: str, share: int | None, reason: str, timeout_ns: int) -> Exit:
    """Let SHARE (such as 25%) of the callers of GATE take the new path while the gate is OK.

    Your word ends the gate's schedule; `schedule` in place of a share gives it back, from the share that holds then.
    """
    arguments = {"gate": gate, "share": share, **({"reason": reason} if reason else {})}
    return show(invocation, send(invocation, "admit", arguments, timeout_ns=timeout_ns))
