"""`cutoverd lab`: the real daemon against a world in miniature that breaks as a named scenario says."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import sys
import tempfile
from functools import partial
from pathlib import Path

import click

from daemon.cli.ask import show_json
from daemon.cli.options import Invocation, shared
from daemon.reply import Exit


def _names() -> list[str]:
    from lab.scenarios import SCENARIOS

    return sorted(SCENARIOS)


class _Scenario(click.ParamType[str]):
    name = "scenario"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in _names():
            self.fail(f"no scenario is named {value!r}: {', '.join(_names())}", param, ctx)
        return value


@click.command("lab")
@shared
@click.option("--scenario", type=_Scenario(), default="trunk-503", show_default=True, help="What goes wrong.")
@click.pass_obj
def lab(invocation: Invocation, scenario: str) -> int:
    """Play a cutover night on loopback: two SIP trunks, a name server with signed updates, and the real daemon.

    Needs no privileges and no network. Exit code 0 only if the world ended as the scenario says it must. With --json the
    story goes to stderr and the outcome to stdout.
    """
    import uvloop

    with (
        tempfile.TemporaryDirectory(prefix="cutoverd-lab-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        ended_well = runner.run(_play(scenario, Path(folder), to_stderr=invocation.as_json))
    if invocation.as_json:
        show_json({"scenario": scenario, "ended_well": ended_well})
    return Exit.OK if ended_well else Exit.DEGRADED


async def _play(name: str, folder: Path, *, to_stderr: bool) -> bool:
    from daemon.cli.night import play
    from lab.scenarios import SCENARIOS, Stuck

    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    scenario = SCENARIOS[name]
    say = partial(click.echo, err=to_stderr)
    say(f"scenario {scenario.name}: {scenario.summary}\n")
    try:
        async with asyncio.timeout(60):
            ended_well = await play(scenario, folder, secret=secrets.token_bytes(32), rng=random.SystemRandom(), say=say)
    except (Stuck, TimeoutError) as stuck:
        click.echo(f"\nthe scenario did not end as it should: {stuck or 'it took longer than 60 s'}", err=True)
        return False
    say(f"\n{'the night ended as it must' if ended_well else 'the night did NOT end as it must'}")
    return ended_well
