"""`cutoverd`: the table of its commands, each loaded only when it is used, so that `status` starts at once."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from daemon.cli.options import Invocation, shared

READER_GONE = 141
"""What a shell reports for SIGPIPE: 128 + 13."""

COMMANDS: dict[str, tuple[str, str]] = {  # name: (module:attribute, what the list says)
    "check": ("daemon.cli.check:check", "Check the configuration file and report all errors at once."),
    "run": ("daemon.cli.serve:run", "Run the daemon in the foreground."),
    "lab": ("daemon.cli.lab:lab", "Play a cutover that fails, on loopback, and watch it put itself back."),
    "status": ("daemon.cli.status:status", "Show phase, switches, gates and run; the exit code is the worst gate."),
    "why": ("daemon.cli.why:why", "Explain a gate or a probe: rule, evidence, and what would change the verdict."),
    "baseline": ("daemon.cli.baseline:baseline", "Capture and show the immutable baseline."),
    "open": ("daemon.cli.switches:open_cutover", "Let answers follow the gates: callers may take the new path."),
    "arm": ("daemon.cli.destructive:arm", "Allow trips to start the plans named by digest."),
    "disarm": ("daemon.cli.switches:disarm", "Let no trip start a run."),
    "commit": ("daemon.cli.destructive:commit", "Declare the cutover a success: the new path, always."),
    "plan": ("daemon.cli.plan:plan", "Show what each plan would restore, in which order, and its digest."),
    "trip": ("daemon.cli.destructive:trip", "Start a plan by hand, now."),
    "halt": ("daemon.cli.switches:halt", "Stop the run before its next request and block runs until `resume`."),
    "resume": ("daemon.cli.switches:resume", "Lift `halt`."),
    "retry": ("daemon.cli.switches:retry", "Try the step again that stopped the run."),
    "abandon": ("daemon.cli.switches:abandon", "Close a stopped run without finishing it."),
    "reset": ("daemon.cli.switches:reset", "Release latched gates and go back to `prepared`."),
    "hold": ("daemon.cli.holds:hold", "Fix a gate's answer for a while."),
    "admit": ("daemon.cli.holds:admit", "Set which share of a gate's callers may take the new path."),
    "release": ("daemon.cli.holds:release", "End a gate's hold."),
    "reload": ("daemon.cli.reload:reload", "Have the daemon read its configuration again."),
    "pacing": ("daemon.cli.pacing:pacing", "Print the pace of REGISTERs for those in front of a registrar."),
    "lint-flow": ("daemon.cli.lint_flow:lint_flow", "Prove that an IVR's flow takes the new path on OK alone."),
    "replay": ("daemon.cli.replay:replay", "Judge recorded samples again, also with other thresholds."),
    "journal": ("daemon.cli.journal:journal", "Read the journal, or prove that its chain holds."),
}


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        found = getattr(import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader went away (`| head`). click would exit 1, which says DEGRADED; and Python flushes once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(READER_GONE)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click's own would import every command for its first line.
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in COMMANDS.items()])


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"cutoverd {version('cutoverd')}")
    ctx.exit()


@click.group(
    "cutoverd",
    cls=LazyGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 did what was asked; 2 usage or configuration; 6 refused, with the reason; 7 no daemon. "
    "`status` and `why` alone tell the state: 0 OK, 1 DEGRADED, 3 UNKNOWN or INCONCLUSIVE, 4 tripped or reverting, 5 halted.",
)
@shared
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version.")
@click.pass_context
def cutoverd(context: click.Context) -> None:
    """Health gates and rollback for a contact-center cutover.

    A daemon stands beside the session border controller, probes the new path and the baseline path, tells the IVR which of
    them a call may take, and puts everything back when a gate trips. These commands talk to it over a local socket.
    """
    # A command that declares these two by itself hears of them as its defaults.
    known = context.ensure_object(Invocation)
    context.default_map = {name: {"config": known.config, "as_json": known.as_json} for name in COMMANDS}
