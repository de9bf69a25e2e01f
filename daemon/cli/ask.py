"""Ask the daemon, print what it says, and end with the exit code it gives."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import click

from config.problem import ConfigInvalid
from daemon.cli.config_path import resolve_config_path
from daemon.cli.options import Invocation
from daemon.cli.wording import DURATION, NS_PER_S
from daemon.client import Unanswered, ask, first_socket
from daemon.control_path import candidates
from daemon.reply import Exit, Reply

timeout = click.option(
    "--timeout",
    "timeout_ns",
    type=DURATION,
    default="10s",
    show_default=True,
    metavar="DURATION",
    help="How long to wait for the daemon.",
)


def send(
    invocation: Invocation, command: str, arguments: Mapping[str, object] | None = None, *, timeout_ns: int = 10 * NS_PER_S
) -> Reply:
    """What the daemon says, or why it could not be asked: every expected failure is a reply too."""
    # The daemon words its log by modules beside this one, and must not hold a YAML parser for it.
    from daemon.cli.locate import identify

    try:
        identity = identify(resolve_config_path(invocation.config, os.environ))
    except ConfigInvalid as invalid:
        return misconfigured(invalid)
    paths = candidates(identity.control, os.environ, identity.name)
    found = first_socket(paths)
    if found is None:
        return Reply(Exit.NO_DAEMON, f"no daemon: no socket at {', '.join(map(str, paths))}")
    try:
        return ask(found, command, arguments, timeout_s=timeout_ns / NS_PER_S)
    except Unanswered as why:
        return Reply(Exit.NO_DAEMON, str(why))


def misconfigured(invalid: ConfigInvalid) -> Reply:
    """All that is wrong with the file, in the form of `check`."""
    problems = [problem.document() for problem in invalid.problems]
    return Reply(Exit.USAGE, "\n".join(problem.render() for problem in invalid.problems), {"problems": problems})


def show(invocation: Invocation, reply: Reply, text: str | None = None) -> Exit:
    """Print the reply whole with --json, else `text` (default: its message). What was not done goes to stderr."""
    if invocation.as_json:
        show_json(reply.document())
    elif told := legible(reply.message if text is None or not reply.ok else text):
        click.echo(told, err=not reply.ok)
    return reply.exit


def show_json(document: Mapping[str, Any], *, one_line: bool = False) -> None:
    click.echo(json.dumps(document, indent=None if one_line else 2))


def legible(text: str) -> str:
    """Lines as they are, without what a terminal would obey and what it cannot show."""
    kept = "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)
    return kept.rstrip("\n")
