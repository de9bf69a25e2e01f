"""The composition root: every part of the daemon, made and tied together here and nowhere else."""

from __future__ import annotations

import contextlib
import logging
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from config.model import Settings
from daemon import compose, recall, status, webhook_front, why
from daemon.board import Board
from daemon.commands import Commands, Explain
from daemon.control_path import listening_path
from daemon.hands import Hands
from daemon.inbox import Inbox, Recorded
from daemon.judge import Judge
from daemon.metrics import Metrics
from daemon.notify import Notifier, watchdog_interval_ns
from daemon.observe import LastTransitions, Observers, ProbeHistory, kept_for
from daemon.planbook import PlanBook
from daemon.probing import Probing
from daemon.reply import Reply
from daemon.runs import RunKeeper
from daemon.status import Standing
from daemon.store import Store, open_store
from daemon.watchdog import Watchdog
from daemon.web.admin import Admin
from daemon.web.control import Control
from daemon.web.front import Front
from daemon.web.keys import Keys
from daemon.writer import Writer
from gates.cutover import Cutover
from probes import clock
from probes import registry as probe_kinds
from probes.runner import ProbeRunner
from probes.sample import Sample
from probes.sip.engine.engine import SipEngine
from reverters import journal
from reverters import registry as step_kinds
from reverters.dns.exchange import Transport
from reverters.journal import JournalEntry
from reverters.step import Reverter

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
    webhook: Front
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
) -> AsyncIterator[App]:
    """Everything but the running of it. Secrets are read, the store is opened and its chain is proved before anything listens.

    Raises SecretUnavailable (also for a certificate), StoreError, NoControlPath or JournalFlawed, each with one line for people.
    """
    keys = Keys(compose.webhook_keys(settings, environ).items())

    def reverters() -> Mapping[str, Reverter]:
        return step_kinds.build(tsig=compose.tsig_keys(settings, environ), dns_transport=dns_transport)

    reverters()  # a secret that cannot be read is known now, not when the run needs it
    control_path = listening_path(settings.server.control, environ, settings.name)
    async with contextlib.AsyncExitStack() as stack:
        store = await open_journal(Path(settings.store.path))
        stack.push_async_callback(store.close)
        sip = SipEngine()
        stack.callback(sip.close)
        probing = Probing(
            settings.probes,
            probe_kinds.Means(
                sip=sip, resolver=compose.resolver(settings), rng=rng, passwords=compose.passwords(settings, environ)
            ),
        )
        stack.push_async_callback(probing.close)
        notifier = Notifier(environ)
        stack.callback(notifier.close)
        book = PlanBook(compose.plans(settings))
        book.use(await store.latest_baseline())
        means = _Means(settings, environ, rng, store, sip, probing, notifier, book, reverters, observers or Observers())
        yield _assembled(means, await store.entries(), keys, control_path)


@dataclass(frozen=True, slots=True)
class _Means:
    """What was opened and must be closed, and what everything shares."""

    settings: Settings
    environ: Mapping[str, str]
    rng: random.Random
    store: Store
    sip: SipEngine
    probing: Probing
    notifier: Notifier
    book: PlanBook
    reverters: Callable[[], Mapping[str, Reverter]]
    observers: Observers


def _assembled(means: _Means, entries: list[JournalEntry], keys: Keys, control_path: Path) -> App:
    """Tied together: probes → inbox → judge → hands → writer, runs and cadence; the web beside them reads the board."""
    settings, observers, book = means.settings, means.observers, means.book
    board, inbox = Board(), Inbox()
    metrics = _metrics(means, board, inbox, entries)
    transitions = LastTransitions()
    observers.transition.register("last transitions", transitions.judged)

    def troubled(reason: str) -> None:
        judge.impair(reason)

    writer = Writer(means.store, recorded=_recorder(inbox, observers), troubled=troubled)
    runs = RunKeeper(store=means.store, writer=writer, book=book, reverters=means.reverters, rng=means.rng)
    probes = ProbeRunner(means.probing.jobs(), _publisher(settings, inbox, observers), rng=means.rng, vantage="local")
    watchdog = Watchdog(means.notifier, watchdog_interval_ns(means.environ, pid=os.getpid()), metrics)
    hands = Hands(inbox=inbox, writer=writer, runs=runs, probes=probes, observers=observers, turned=watchdog.turned)
    judge = Judge(
        compose.gates(settings),
        _recalled(entries),
        window=compose.window(settings),
        book=book,
        board=board,
        inbox=inbox,
        effects=hands,
        now=clock.read(),
    )
    explain = _explainer(means, board, transitions)
    commands = _commands(means, inbox, board, writer, explain)
    return App(
        settings=settings,
        board=board,
        judge=judge,
        writer=writer,
        runs=runs,
        probes=probes,
        observers=observers,
        webhook=webhook_front.built(settings.server.webhook, keys=keys, board=board, tally=metrics.tally),
        admin=_admin(means, board, metrics, transitions, explain),
        control=Control(commands.handle, lambda: _status(means, board), commands=commands.names),
        control_path=control_path,
        notifier=means.notifier,
    )


def _publisher(settings: Settings, inbox: Inbox, observers: Observers) -> Callable[[Sample], None]:
    paths = {name: probe.path for name, probe in settings.probes.items()}

    def publish(sample: Sample) -> None:
        inbox.put_sample(sample)
        observers.sample(sample, paths[sample.probe])

    return publish


def _recorder(inbox: Inbox, observers: Observers) -> Callable[[JournalEntry, float], None]:
    def recorded(entry: JournalEntry, seconds: float) -> None:
        inbox.put(Recorded(entry))
        observers.entry(entry, seconds)

    return recorded


def _metrics(means: _Means, board: Board, inbox: Inbox, entries: list[JournalEntry]) -> Metrics:
    metrics = Metrics(
        board,
        clock=clock.read,
        version=version("cutoverd"),
        objective_ns=means.settings.cutover.recovery_time_objective,
        dropped=lambda: inbox.dropped,
        ignored=lambda: means.sip.ignored,
        failures=means.observers.failures,
    )
    metrics.recalled(entries)
    metrics.registrations(means.probing.registrations)
    metrics.registrars(means.probing.registrars)
    _observe(metrics, means.observers)
    means.observers.sample.register("registrations", means.probing.sampled)
    return metrics


def _admin(means: _Means, board: Board, metrics: Metrics, transitions: LastTransitions, explain: Explain) -> Admin:
    return Admin(
        board,
        clock=clock.read,
        render=metrics.render,
        standing=lambda: _standing(means.settings, means.book),
        unready=list,  # it listens only once everything else does
        transitions=transitions,
        explain=explain,
    )


def _explainer(means: _Means, board: Board, transitions: LastTransitions) -> Explain:
    """`why`, over what stands and what is remembered at the moment of asking."""
    history = ProbeHistory(kept=kept_for(len(means.settings.probes)))
    history.observe(means.observers)

    def explain(name: str, kind: str) -> Reply:
        standing = _standing(means.settings, means.book)
        ground = why.Ground(means.settings, board, standing, transitions, history.results, history.failures, history.judged)
        return why.explain(ground, name, kind=kind, now=clock.read())

    return explain


def _commands(means: _Means, inbox: Inbox, board: Board, writer: Writer, explain: Explain) -> Commands:
    return Commands(
        inbox=inbox,
        board=board,
        book=means.book,
        store=means.store,
        writer=writer,
        reverters=means.reverters,
        explain=explain,
        again=means.probing.again,
        kinds={name: probe.kind for name, probe in means.settings.probes.items()},
    )


def _status(means: _Means, board: Board) -> Reply:
    document = status.document(board, _standing(means.settings, means.book), now=clock.read())
    return Reply(status.exit_code(document), "", document)


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
    return cutover


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
