"""The composition root: every part of the daemon, made and tied together here and nowhere else."""

from __future__ import annotations

import contextlib
import logging
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from config.model import Settings
from daemon import compose, recall, status
from daemon.board import Board
from daemon.commands import Commands
from daemon.control_path import listening_path
from daemon.hands import Hands
from daemon.inbox import Inbox, Recorded
from daemon.judge import Judge
from daemon.metrics import Metrics
from daemon.notify import Notifier, watchdog_interval_ns
from daemon.observe import LastTransitions, Observers
from daemon.planbook import PlanBook
from daemon.reply import Reply
from daemon.runs import RunKeeper
from daemon.status import Standing
from daemon.store import Store, open_store
from daemon.watchdog import Watchdog
from daemon.web.admin import Admin
from daemon.web.control import Control
from daemon.web.keys import Keys
from daemon.web.webhook import Webhook
from daemon.writer import Writer
from gates.cutover import Cutover
from probes import clock
from probes import registry as probe_kinds
from probes.runner import Job, ProbeRunner
from probes.sample import Sample
from probes.sip.transport import SipEngine
from reverters import journal
from reverters import registry as step_kinds
from reverters.dns.exchange import Transport
from reverters.journal import JournalEntry

log = logging.getLogger(__name__)

OpenStore = Callable[[Path], Awaitable[Store]]


class JournalFlawed(Exception):
    """The journal's chain does not hold: somebody or something changed it. The message says where."""


@dataclass(frozen=True, slots=True)
class App:
    """A daemon that is ready to be run by `daemon.supervisor`."""

    settings: Settings
    board: Board
    judge: Judge
    writer: Writer
    runs: RunKeeper
    probes: ProbeRunner
    observers: Observers
    webhook: Webhook
    admin: Admin
    control: Control
    control_path: Path
    notifier: Notifier


@contextlib.asynccontextmanager
async def composed(
    settings: Settings,
    *,
    environ: Mapping[str, str],
    rng: random.Random,
    open_journal: OpenStore = open_store,
    dns_transport: Transport | None = None,
    observers: Observers | None = None,
    unready: Callable[[], list[str]] = list,
) -> AsyncIterator[App]:
    """Everything but the running of it. Secrets are read, the store is opened and its chain is proved before anything listens.

    Raises SecretUnavailable, StoreError, NoControlPath or JournalFlawed, each with one line for people.
    """
    keys = Keys(compose.webhook_keys(settings, environ).items())
    reverters = step_kinds.build(tsig=compose.tsig_keys(settings, environ), dns_transport=dns_transport)
    control_path = listening_path(settings.server.control, environ, settings.name)
    observers = observers or Observers()
    async with contextlib.AsyncExitStack() as stack:
        store = await open_journal(Path(settings.store.path))
        stack.push_async_callback(store.close)
        sip = SipEngine()
        stack.callback(sip.close)
        notifier = Notifier(environ)
        stack.callback(notifier.close)
        book = PlanBook(compose.plans(settings))
        book.use(await store.latest_baseline())
        entries = await store.entries()
        cutover = _recalled(entries)
        board, inbox, transitions = Board(), Inbox(), LastTransitions()
        metrics = Metrics(
            board,
            clock=clock.read,
            version=version("cutoverd"),
            objective_ns=settings.cutover.recovery_time_objective,
            dropped=lambda: inbox.dropped,
            ignored=lambda: sip.ignored,
            failures=observers.failures,
        )
        metrics.recalled(entries)
        _observe(metrics, observers)
        observers.transition.register("last transitions", transitions.judged)
        paths = {name: probe.path for name, probe in settings.probes.items()}

        def publish(sample: Sample) -> None:
            inbox.put_sample(sample)
            observers.sample(sample, paths[sample.probe])

        def recorded(entry: JournalEntry, seconds: float) -> None:
            inbox.put(Recorded(entry))
            observers.entry(entry, seconds)

        writer = Writer(store, recorded=recorded, troubled=lambda reason: judge.impair(reason))
        runs = RunKeeper(store=store, writer=writer, book=book, reverters=reverters, rng=rng)
        probes = ProbeRunner(_jobs(settings, sip, rng), publish, rng=rng, vantage="local")
        watchdog = Watchdog(notifier, watchdog_interval_ns(environ, pid=os.getpid()), metrics)
        hands = Hands(inbox=inbox, writer=writer, runs=runs, probes=probes, observers=observers, turned=watchdog.turned)
        judge = Judge(
            compose.gates(settings), cutover, window=compose.window(settings), book=book,
            board=board, inbox=inbox, effects=hands, now=clock.read(),
        )  # fmt: skip
        commands = Commands(inbox=inbox, board=board, book=book, store=store, writer=writer, reverters=reverters)

        def standing() -> Standing:
            return _standing(settings, book)

        def told() -> Reply:
            document = status.document(board, standing(), now=clock.read())
            return Reply(status.exit_code(document), "", document)

        yield App(
            settings=settings,
            board=board,
            judge=judge,
            writer=writer,
            runs=runs,
            probes=probes,
            observers=observers,
            webhook=Webhook(board, keys, now_ns=lambda: clock.read().mono_ns, observer=metrics.tally),
            admin=Admin(
                board, clock=clock.read, render=metrics.render, standing=standing, unready=unready, transitions=transitions
            ),
            control=Control(commands.handle, told, commands=commands.names),
            control_path=control_path,
            notifier=notifier,
        )


def _observe(metrics: Metrics, observers: Observers) -> None:
    observers.sample.register("metrics", metrics.sampled)
    observers.transition.register("metrics", metrics.judged)
    observers.entry.register("metrics", metrics.appended)


def _recalled(entries: list[JournalEntry]) -> Cutover:
    """What the journal says we were. A chain that does not hold is not believed."""
    flaw = journal.verify(entries)[2]
    if flaw:
        raise JournalFlawed(f"the journal is {flaw.how} at entry {flaw.seq}: {flaw.detail}: see `cutoverd journal verify`")
    cutover = Cutover()
    for entry in entries:
        cutover = recall.follow(cutover, entry)
    return replace(cutover)


def _jobs(settings: Settings, sip: SipEngine, rng: random.Random) -> dict[str, Job]:
    means = probe_kinds.Means(sip=sip, rng=rng)
    return {name: Job(probe_kinds.build(probe, means), compose.cadence(probe)) for name, probe in settings.probes.items()}


def _standing(settings: Settings, book: PlanBook) -> Standing:
    window = compose.window(settings)
    return Standing(
        name=settings.name,
        opens_utc_ns=window.opens_utc_ns,
        closes_utc_ns=window.closes_utc_ns,
        plans={plan.name: plan.digest for plan in book.plans.values()},
        baseline=book.baseline.id if book.baseline else "",
        problem=book.problem if book.specs else "",
    )
