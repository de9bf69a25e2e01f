"""`cutoverd run`: the daemon in the foreground, as systemd starts it."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import sys

import click

from config.loaded import Loaded
from config.problem import ConfigInvalid
from daemon.cli.config_path import resolve_config_path
from daemon.cli.options import Invocation, shared
from daemon.reply import Exit

log = logging.getLogger("cutoverd")


@click.command("run")
@shared
@click.option("--log-json/--log-text", default=None, help="Lines for a machine or for people.  [default: people on a terminal]")
@click.pass_obj
def run(invocation: Invocation, log_json: bool | None) -> int:
    """Run the daemon in the foreground until SIGTERM or SIGINT.

    What a human must mend is one line and exit code 2; what may pass (a full disk, a taken address) is one line and 6. A
    restart answers DEGRADED until fresh probes pass.
    """
    from config.apart import LoaderDied, load_apart
    from daemon import logs

    try:
        # First of all: it forks, and the log has a thread.
        path = resolve_config_path(invocation.config, os.environ).absolute()
        loaded = load_apart(path)
    except ConfigInvalid as invalid:
        for problem in invalid.problems:
            click.echo(problem.render(), err=True)
        return Exit.USAGE
    except (LoaderDied, OSError) as error:
        return _cannot_run_now(error)
    logs.configure(sys.stderr, json=not sys.stderr.isatty() if log_json is None else log_json)
    for warning in loaded.warnings:
        log.warning("%s", warning.render())
    return _serve(loaded, str(path))


def _cannot_run_now(error: Exception) -> int:
    """What may pass by itself: another daemon, a full disk, a taken address, no memory."""
    click.echo(f"cutoverd: cannot run now: {error}", err=True)
    return Exit.REFUSED


def _serve(loaded: Loaded, path: str) -> int:
    import uvloop

    from config.secrets import SecretUnavailable
    from daemon.app import JournalFlawed
    from daemon.control_path import NoControlPath
    from daemon.store import NotAStore, SchemaTooNew, StoreError
    from daemon.web.claim import ControlRefused

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(loaded, path))
    except (SecretUnavailable, NotAStore, SchemaTooNew, NoControlPath, JournalFlawed) as error:
        click.echo(f"cutoverd: cannot start: {error}", err=True)
        return Exit.USAGE
    except (StoreError, ControlRefused, OSError) as error:
        return _cannot_run_now(error)
    return Exit.OK


async def _run(loaded: Loaded, path: str) -> None:
    from daemon import chronicle, live, memory
    from daemon.app import composed
    from daemon.observe import Observers
    from daemon.supervisor import Listening, supervise
    from probes import clock

    settings, stop, early = loaded.settings, asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, early.set)

    def listening(ports: Listening) -> None:
        log.info("%s: webhook on port %d, admin on port %d", settings.name, ports.webhook, ports.admin)

    observers = Observers()
    chronicle.observe(observers)
    origin = live.of(loaded, path, utc_ns=clock.read().utc_ns)
    async with composed(settings, environ=os.environ, rng=random.SystemRandom(), observers=observers, live=origin) as app:
        loop.add_signal_handler(signal.SIGHUP, app.reloads.ask, "SIGHUP")
        if early.is_set():
            app.reloads.ask("SIGHUP")
        memory.settle()
        await supervise(app, stop=stop, listening=listening)
