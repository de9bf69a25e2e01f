"""The parts of the daemon that are made of several others: what `daemon.app` ties together.

Whatever depends on the configuration reads `Means.settings` at the moment of asking, for a reload replaces it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from config.model import Settings
from daemon import recall, status
from daemon.board import Board
from daemon.commands import Commands, Explain, Reload
from daemon.compose import compose
from daemon.explain import why
from daemon.inbox import Inbox, Recorded
from daemon.live import Live
from daemon.metrics import Metrics
from daemon.metrics.configuration import Configuration
from daemon.metrics.recording import RecordingMetrics
from daemon.notify import Notifier
from daemon.observe import LastTransitions, Observers, ProbeHistory, kept_for
from daemon.planbook import PlanBook
from daemon.probing import Probing
from daemon.recording.recorder import Roll
from daemon.reload import text as reload_text
from daemon.reply import Reply
from daemon.status import Standing
from daemon.store import Store
from daemon.web.admin import Admin
from daemon.web.tally import Tally
from daemon.writer import Writer
from gates.cutover import Cutover
from probes import clock
from probes.resolver import Resolver
from probes.sample import Sample
from probes.sip.engine.engine import SipEngine
from reverters import journal
from reverters.journal import JournalEntry
from reverters.step import Reverter


class JournalFlawed(Exception):
    """The journal's chain does not hold: somebody or something changed it. The message says where."""


@dataclass(frozen=True, slots=True)
class Means:
    """What was opened and must be closed, and what everything shares."""

    live: Live
    environ: Mapping[str, str]
    rng: random.Random
    store: Store
    sip: SipEngine
    probing: Probing
    notifier: Notifier
    book: PlanBook
    reverters: Callable[[], Mapping[str, Reverter]]
    observers: Observers
    roll: Roll
    resolver: Resolver
    tally: Tally

    @property
    def settings(self) -> Settings:
        return self.live.settings


def publisher(means: Means, inbox: Inbox) -> Callable[[Sample], None]:
    observers, live = means.observers, means.live

    def publish(sample: Sample) -> None:
        inbox.put_sample(sample)
        observers.sample(sample, live.settings.probes[sample.probe].path)

    return publish


def recorder(inbox: Inbox, observers: Observers) -> Callable[[JournalEntry, float], None]:
    def recorded(entry: JournalEntry, seconds: float) -> None:
        inbox.put(Recorded(entry))
        observers.entry(entry, seconds)

    return recorded


def metrics(means: Means, board: Board, inbox: Inbox, entries: list[JournalEntry]) -> Metrics:
    made = Metrics(
        board,
        clock=clock.read,
        version=version("cutoverd"),
        objective_ns=means.settings.cutover.recovery_time_objective,
        dropped=lambda: inbox.dropped,
        ignored=lambda: means.sip.ignored,
        failures=means.observers.failures,
        tally=means.tally,
    )
    made.registry.register(RecordingMetrics(means.roll.tally))
    made.registry.register(Configuration(means.live))
    made.recalled(entries)
    made.registrations(means.probing.registrations)
    made.registrars(means.probing.registrars)
    made.apis(means.probing.apis, means.probing.over_http)
    means.observers.sample.register("metrics", made.sampled)
    means.observers.transition.register("metrics", made.judged)
    means.observers.entry.register("metrics", made.appended)
    means.observers.sample.register("registrations", means.probing.sampled)
    return made


def admin(means: Means, board: Board, made: Metrics, transitions: LastTransitions, explain: Explain) -> Admin:
    return Admin(
        board,
        clock=clock.read,
        render=made.render,
        standing=lambda: standing(means),
        unready=list,  # it listens only once everything else does
        transitions=transitions,
        explain=explain,
    )


def history(means: Means) -> ProbeHistory:
    made = ProbeHistory(kept=kept_for(len(means.settings.probes)))
    made.observe(means.observers)
    return made


def explainer(means: Means, board: Board, transitions: LastTransitions, known: ProbeHistory) -> Explain:
    """`why`, over what stands and what is remembered at the moment of asking."""

    def explain(name: str, kind: str) -> Reply:
        ground = why.Ground(means.settings, board, standing(means), transitions, known.results, known.failures, known.judged)
        return why.explain(ground, name, kind=kind, now=clock.read())

    return explain


def commands(means: Means, inbox: Inbox, board: Board, writer: Writer, explain: Explain, reload: Reload) -> Commands:
    return Commands(
        inbox=inbox,
        board=board,
        book=means.book,
        store=means.store,
        writer=writer,
        reverters=means.reverters,
        explain=explain,
        again=means.probing.again,
        kinds=means.probing.kinds,
        reload=reload,
    )


def told(means: Means, board: Board) -> Reply:
    """`status`."""
    document = status.document(board, standing(means), now=clock.read())
    return Reply(status.exit_code(document), "", document)


def recalled(entries: list[JournalEntry]) -> Cutover:
    """What the journal says we were. A chain that does not hold is not believed."""
    flaw = journal.verify(entries)[2]
    if flaw:
        raise JournalFlawed(f"the journal is {flaw.how} at entry {flaw.seq}: {flaw.detail}: see `cutoverd journal verify`")
    cutover = Cutover()
    for entry in entries:
        cutover = recall.follow(cutover, entry)
    return cutover


def standing(means: Means) -> Standing:
    window, book = compose.window(means.settings), means.book
    return Standing(
        name=means.settings.name,
        opens_utc_ns=window.opens_utc_ns,
        closes_utc_ns=window.closes_utc_ns,
        plans={plan.name: plan.digest for plan in book.plans.values()},
        baseline=book.baseline.id if book.baseline else "",
        problem=book.problem if book.specs else "",
        configuration=reload_text.standing(means.live),
    )
