"""`cutoverd why`: why the verdict is what it is, and what would change it."""

from __future__ import annotations

import click

from daemon.cli import why_text
from daemon.cli.ask import send, show, show_json, timeout
from daemon.cli.options import Invocation, shared
from daemon.reply import Exit, Reply

_STATES = frozenset({Exit.OK, Exit.DEGRADED, Exit.UNKNOWN, Exit.TRIPPED, Exit.HALTED})


@click.command("why")
@click.argument("name", metavar="GATE|PROBE")
@click.option("--probe", "kind", flag_value="probe", default="", help="NAME is a probe, where a gate bears the same name.")
@shared
@timeout
@click.pass_obj
def why(invocation: Invocation, name: str, kind: str, timeout_ns: int) -> Exit:
    """Explain a gate or a probe.

    Of a gate: what the IVR is told and why, the rule with its values, the evidence of each probe, what stands over the verdict,
    and what would change it, with how soon that can be. Of a probe: its cadence, its last results, its last failures, and the
    gates that need it. Times are UTC, local in parentheses.

    The exit code is that of the gate, as in `status`; of a probe, that of the worst gate that names it.
    """
    arguments = {"name": name} | ({"kind": kind} if kind else {})
    reply = send(invocation, "why", arguments, timeout_ns=timeout_ns)
    if reply.exit not in _STATES:
        return show(invocation, reply)
    if invocation.as_json:
        show_json(reply.document())
        return reply.exit
    try:
        click.echo(why_text.lines(reply.data))
    except (KeyError, TypeError, ValueError):
        return show(invocation, Reply(Exit.NO_DAEMON, "the daemon's answer cannot be read: it speaks another version"))
    return reply.exit
