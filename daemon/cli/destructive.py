"""`arm`, `commit` and `trip`: they want the digest of the plan, from whoever types or from whatever script calls.

With `--plan` nothing is asked. On a terminal without it, the plans are shown and a part of the digest has to be typed: not
"y", which fingers type by themselves.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from daemon.cli.ask import send, show, timeout
from daemon.cli.options import Invocation, shared
from daemon.cli.plan import fetch, told
from daemon.cli.wording import printable
from daemon.reply import Exit, Reply

TYPED = 8
"""How many characters of a digest a person must type."""
NONE = "none"
_NO_PLAN = Reply(Exit.REFUSED, "refused: no plan is configured")


class DigestType(click.ParamType[str]):
    name = "digest"

    def __init__(self, *, or_none: bool = False) -> None:
        self.or_none = or_none

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).lower()
        if not re.fullmatch("[0-9a-f]{64}", text) and not (self.or_none and text == NONE):
            self.fail(f"{str(value)!r} is not a plan's digest, whole: 64 hexadecimal digits, see `cutoverd plan`", param, ctx)
        return text


@click.command("arm")
@click.option("--plan", "plans", type=DigestType(), multiple=True, metavar="DIGEST", help="Digest of a plan; once for each plan.")
@shared
@timeout
@click.pass_obj
def arm(invocation: Invocation, plans: tuple[str, ...], timeout_ns: int) -> Exit:
    """Arm: a trip starts its plans by itself. Wants the digest of every plan as it stands now.

    Possible inside the cutover window, while open, with a baseline and healthy gates. Arming never starts a run.
    """
    chosen = list(plans) or _typed_each(invocation, "arm", timeout_ns)
    return _order(invocation, "arm", chosen, lambda digests: {"plan": digests}, timeout_ns)


@click.command("commit")
@click.option(
    "--plan", "plans", type=DigestType(or_none=True), multiple=True, metavar="DIGEST",
    help="Digest of a plan; once for each plan. `none` where no plan is configured.",
)  # fmt: skip
@shared
@timeout
@click.pass_obj
def commit(invocation: Invocation, plans: tuple[str, ...], timeout_ns: int) -> Exit:
    """Commit: the cutover succeeded. The new path always; gates only alert, nothing is reverted automatically any more.

    There is no way back from here but by hand, so it wants the digest of every plan that is given up.
    """
    chosen = list(plans) or _typed_each(invocation, "commit", timeout_ns)
    return _order(invocation, "commit", chosen, lambda digests: {"plan": [d for d in digests if d != NONE]}, timeout_ns)


@click.command("trip")
@click.option("--plan", "digest", type=DigestType(), metavar="DIGEST", help="Digest of the plan to run.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stands in the journal.")
@click.option(
    "--override", "overrides", multiple=True, metavar="NAME",
    help="An interlock that shall not stand in the way of this one run; once for each.",
)  # fmt: skip
@shared
@timeout
@click.pass_obj
def trip(invocation: Invocation, digest: str | None, reason: str, overrides: tuple[str, ...], timeout_ns: int) -> Exit:
    """Trip by hand: start the plan with this digest now, and latch every gate that names it.

    Interlocks that stand against it are named in the refusal. An override is for this call alone, and stands in the journal.
    """
    chosen = [digest] if digest else _typed_one(invocation, "trip", timeout_ns)
    more = {"override": list(overrides)} if overrides else {}
    return _order(invocation, "trip", chosen, lambda digests: {"plan": digests[0], "reason": reason, **more}, timeout_ns)


def _order(
    invocation: Invocation,
    command: str,
    chosen: list[str] | Reply,
    arguments: Callable[[list[str]], Mapping[str, object]],
    timeout_ns: int,
) -> Exit:
    if isinstance(chosen, Reply):
        return show(invocation, chosen)
    return show(invocation, send(invocation, command, arguments(chosen), timeout_ns=timeout_ns))


def _typed_each(invocation: Invocation, command: str, timeout_ns: int) -> list[str] | Reply:
    """Every plan's digest, each confirmed by typing; a reply where that cannot be."""
    reply, plans = _shown(invocation, command, timeout_ns)
    if not reply.ok:
        return reply
    if not plans:
        return _typed_none() if command == "commit" else _NO_PLAN
    for plan in plans:
        typed = _ask(f"First {TYPED} characters of the digest of {printable(plan['name'])}")
        if not _names(typed, plan):
            return _mistyped(f"the digest of {printable(plan['name'])}")
    return [plan["digest"] for plan in plans]


def _typed_none() -> list[str] | Reply:
    return [NONE] if _ask(f"No plan is configured and none is given up: type `{NONE}`") == NONE else _mistyped(f"`{NONE}`")


def _typed_one(invocation: Invocation, command: str, timeout_ns: int) -> list[str] | Reply:
    """The digest of the plan whose beginning was typed; a reply where there is none."""
    reply, plans = _shown(invocation, command, timeout_ns)
    if not reply.ok:
        return reply
    if not plans:
        return _NO_PLAN
    typed = _ask(f"First {TYPED} characters of the digest of the plan to run")
    return next(([plan["digest"]] for plan in plans if _names(typed, plan)), _mistyped("the digest of any plan"))


def _shown(invocation: Invocation, command: str, timeout_ns: int) -> tuple[Reply, Sequence[Mapping[str, Any]]]:
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"`{command}` needs --plan DIGEST here: nobody can be asked to type it, because stdin is not a terminal. "
            "`cutoverd plan --json` prints it."
        )
    reply, plans = fetch(invocation, timeout_ns)
    if reply.ok:
        click.echo(told(plans) + "\n", err=True)
    return reply, plans


def _ask(question: str) -> str:
    return str(click.prompt(question, err=True)).strip().lower()


def _names(typed: str, plan: Mapping[str, Any]) -> bool:
    return len(typed) >= TYPED and plan["digest"].startswith(typed)


def _mistyped(what: str) -> Reply:
    return Reply(Exit.REFUSED, f"refused: what was typed is not {what}; nothing was sent")
