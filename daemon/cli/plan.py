"""`cutoverd plan`: what would be restored, in which order, and the digest that stands for exactly that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from daemon.cli.ask import send, show, show_json, timeout
from daemon.cli.options import Invocation, shared
from daemon.cli.wording import lasting, printable
from daemon.reply import Exit, Reply


@click.command("plan")
@shared
@timeout
@click.pass_obj
def plan(invocation: Invocation, timeout_ns: int) -> Exit:
    """Show each plan with its stages, waits and values, and the digest that `arm`, `commit` and `trip` want typed.

    With --json, one plan is printed as one object with `digest` at its top; several as {"plans": [...]}.
    """
    reply, plans = fetch(invocation, timeout_ns)
    if not (invocation.as_json and reply.ok):
        return show(invocation, reply, told(plans))
    show_json(plans[0] if len(plans) == 1 else {"plans": plans})
    return reply.exit


def fetch(invocation: Invocation, timeout_ns: int) -> tuple[Reply, Sequence[Mapping[str, Any]]]:
    """The reply, and the plans in it; a reply whose plans cannot be read is exit 7."""
    reply = send(invocation, "plan", {}, timeout_ns=timeout_ns)
    if not reply.ok:
        return reply, ()
    plans = reply.data.get("plans")
    if isinstance(plans, list) and all(_is_plan(each) for each in plans):
        return reply, plans
    return Reply(Exit.NO_DAEMON, "the daemon's plans cannot be read: it speaks another version"), ()


def _is_plan(found: object) -> bool:
    return (
        isinstance(found, dict)
        and all(isinstance(found.get(key), str) for key in ("name", "digest", "baseline"))
        and isinstance(found.get("stages"), list)
        and all(_is_stage(stage) for stage in found["stages"])
    )


def _is_stage(found: object) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("steps"), list):
        return False
    wait = found.get("wait")
    if wait is not None and not (isinstance(wait, dict) and isinstance(wait.get("for_ns"), int)):
        return False
    return all(isinstance(step, dict) for step in found["steps"])


def told(plans: Sequence[Mapping[str, Any]]) -> str:
    return "\n\n".join(_plan(each) for each in plans) or "no plan is configured"


def _plan(plan: Mapping[str, Any]) -> str:
    lines = [f"plan {printable(plan['name'])}", f"digest {plan['digest']}", f"values from baseline {plan['baseline']}"]
    for number, stage in enumerate(plan["stages"], start=1):
        lines.append(f"  stage {number}: {printable(stage.get('name', ''))}")
        lines += [_step(step) for step in stage["steps"]]
        if wait := stage.get("wait"):
            because = f" ({printable(wait['reason'])})" if wait.get("reason") else ""
            lines.append(f"    then wait {lasting(wait['for_ns'])}{because}")
    return "\n".join(lines)


def _step(step: Mapping[str, Any]) -> str:
    return f"    {printable(step.get('kind', ''))} {printable(step.get('target', ''))} → {values(step.get('wanted'))}"


def values(state: object) -> str:
    """`192.0.2.1, 192.0.2.2, TTL 300` for a record set; any other state as its JSON."""
    if not isinstance(state, dict) or set(state) != {"values", "ttl"} or not isinstance(state["values"], list):
        return printable(json.dumps(state, sort_keys=True, ensure_ascii=False))
    return printable(f"{', '.join(map(str, state['values'])) or 'no record'}, TTL {state['ttl']}")
