"""The composition root: every part of the daemon, made and tied together here and nowhere else."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.model import Settings
from daemon import assembly, oversight, webhook_front
from daemon.assembly import JournalFlawed as JournalFlawed
from daemon.assembly import Means
from daemon.board import Board
from daemon.compose import apis as compose_apis
from daemon.compose import compose
from daemon.control_path import listening_path
from daemon.hands import Hands
from daemon.inbox import Inbox
from daemon.judge import Judge
from daemon.live import Live
from daemon.metrics import Metrics
from daemon.notify import Notifier, watchdog_interval_ns
from daemon.observe import LastTransitions, Observers
from daemon.planbook import PlanBook
from daemon.probing import Probing
from daemon.recording.recorder import recording
from daemon.reload import assembly as reload_assembly
from daemon.reload.reloading import Read
from daemon.reload.task import ReloadTask
from daemon.runs import RunKeeper
from daemon.store import Store, open_store
from daemon.watchdog import Watchdog
from daemon.web.admin import Admin
from daemon.web.control import Control
from daemon.web.front import Front
from daemon.web.keys import Keys
from daemon.web.tally import Tally
from daemon.writer import Writer
from probes import clock
from probes import registry as probe_kinds
from probes.runner import ProbeRunner
from probes.sip.engine.engine import SipEngine
from reverters import registry as step_kinds
from reverters.dns.exchange import Transport
from reverters.journal import JournalEntry
from reverters.step import Reverter

OpenStore = Callable[[Path], Awaitable[Store]]


@dataclass(frozen=True, slots=True)
class App:
    """A daemon that is ready to be run by `daemon.supervisor`."""

    live: Live
    board: Board
    judge: Judge
    writer: Writer
    runs: RunKeeper
    probes: ProbeRunner
    observers: Observers
    webhook: Front
    admin: Admin
    control: Control
    control_path: Path
    reloads: ReloadTask
    probing: Probing
    metrics: Metrics
    notifier: Notifier

    @property
    def settings(self) -> Settings:
        return self.live.settings


@contextlib.asynccontextmanager
async def composed(
    settings: Settings,
    *,
    environ: Mapping[str, str],
    rng: random.Random,
    open_journal: OpenStore = open_store,
    dns_transport: Transport | None = None,
    observers: Observers | None = None,
    live: Live | None = None,
    read: Read | None = None,
) -> AsyncIterator[App]:
    """Everything but the running of it. Secrets are read, the store is opened and its chain is proved before anything listens.

    `live` says which file the settings are from, and `read` reads it again when it is to be reloaded.

    Raises SecretUnavailable (also for a certificate), StoreError, NoControlPath or JournalFlawed, each with one line for people.
    """
    live = live or Live(settings)
    keys = Keys(compose.webhook_keys(settings, environ).items())

    def reverters() -> Mapping[str, Reverter]:
        tsig = compose.tsig_keys(live.settings, environ)
        return step_kinds.build(tsig=tsig, api=probing.api, dns_transport=dns_transport)

    compose.tsig_keys(settings, environ)  # a secret that cannot be read is known now, not when the run needs it
    control_path = listening_path(settings.server.control, environ, settings.name)
    async with contextlib.AsyncExitStack() as stack:
        store = await open_journal(Path(settings.store.path))
        stack.push_async_callback(store.close)
        sip = SipEngine()
        stack.callback(sip.close)
        resolver = compose.resolver(settings)
        apis = compose_apis.apis(settings, environ, resolver=resolver, rng=rng)
        passwords = compose.passwords(settings, environ)
        tally = Tally()
        shared = probe_kinds.Means(sip=sip, resolver=resolver, rng=rng, apis=apis, passwords=passwords, callers=tally.callers)
        probing = Probing(settings.probes, shared)
        stack.push_async_callback(probing.close)
        notifier = Notifier(environ)
        stack.callback(notifier.close)
        book = PlanBook(compose.plans(settings))
        book.use(await store.latest_baseline())
        roll = stack.enter_context(recording(settings.recording, settings.store.path))
        means = Means(
            live, environ, rng, store, sip, probing, notifier, book, reverters, observers or Observers(), roll, resolver, tally
        )
        yield _assembled(means, await store.entries(), keys, control_path, read)


def _assembled(means: Means, entries: list[JournalEntry], keys: Keys, control_path: Path, read: Read | None) -> App:
    """Tied together: probes → inbox → judge → hands → writer, runs and cadence; the web beside them reads the board."""
    settings, observers, book = means.settings, means.observers, means.book
    board, inbox = Board(), Inbox()
    metrics = assembly.metrics(means, board, inbox, entries)
    transitions = LastTransitions()
    observers.transition.register("last transitions", transitions.judged)

    def troubled(reason: str) -> None:
        judge.impair(reason)

    writer = Writer(means.store, recorded=assembly.recorder(inbox, observers), troubled=troubled)
    runs = RunKeeper(store=means.store, writer=writer, book=book, reverters=means.reverters, rng=means.rng)
    probes = ProbeRunner(means.probing.jobs(), assembly.publisher(means, inbox), rng=means.rng, vantage="local")
    watchdog = Watchdog(means.notifier, watchdog_interval_ns(means.environ, pid=os.getpid()), metrics)
    hands = Hands(inbox=inbox, writer=writer, runs=runs, probes=probes, observers=observers, turned=watchdog.turned)
    judge = Judge(
        compose.gates(settings),
        assembly.recalled(entries),
        window=compose.window(settings),
        book=book,
        board=board,
        inbox=inbox,
        effects=hands,
        now=clock.read(),
        oversight=oversight.of(settings),
        tape=means.roll.tape,
    )
    means.roll.tape.began(judge.gates, now=clock.read())
    history = assembly.history(means)
    explain = assembly.explainer(means, board, transitions, history)
    front = webhook_front.built(settings.server.webhook, keys=keys, board=board, tally=means.tally, alerts=means.probing.alerts)
    reloads = reload_assembly.reloads(
        means, inbox=inbox, runner=probes, front=front, metrics=metrics, transitions=transitions, history=history, read=read
    )
    commands = assembly.commands(means, inbox, board, writer, explain, reloads.reload)
    return App(
        live=means.live,
        board=board,
        judge=judge,
        writer=writer,
        runs=runs,
        probes=probes,
        observers=observers,
        webhook=front,
        admin=assembly.admin(means, board, metrics, transitions, explain),
        control=Control(commands.handle, lambda: assembly.told(means, board), commands=commands.names),
        control_path=control_path,
        reloads=reloads,
        probing=means.probing,
        metrics=metrics,
        notifier=means.notifier,
    )
