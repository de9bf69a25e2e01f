"""What a reload needs of all other parts."""

from __future__ import annotations

from collections.abc import Callable

from config.model import Settings
from daemon import webhook_front
from daemon.assembly import Means
from daemon.inbox import Inbox
from daemon.metrics import Metrics
from daemon.observe import LastTransitions, ProbeHistory
from daemon.reload.decide import Changes
from daemon.reload.reading import Reader
from daemon.reload.reloading import Parts, Read, Reloads
from daemon.reload.task import ReloadTask
from daemon.web.front import Front
from daemon.web.keys import Keys
from probes.runner import ProbeRunner


def reloads(
    means: Means,
    *,
    inbox: Inbox,
    runner: ProbeRunner,
    front: Front,
    metrics: Metrics,
    transitions: LastTransitions,
    history: ProbeHistory,
    read: Read | None = None,
) -> ReloadTask:
    """Raises SecretUnavailable."""

    def webhook(settings: Settings, keys: Keys) -> None:
        webhook_front.replace(front, settings.server.webhook, keys=keys, tally=metrics.tally)

    parts = Parts(
        live=means.live,
        environ=means.environ,
        inbox=inbox,
        book=means.book,
        probing=means.probing,
        runner=runner,
        resolver=means.resolver,
        notifier=means.notifier,
        webhook=webhook,
        forget=forgetter(means, metrics, transitions, history),
    )
    return ReloadTask(means.live, Reloads(parts, read or Reader(means.environ).read).reload)


def forgetter(
    means: Means, metrics: Metrics, transitions: LastTransitions, history: ProbeHistory
) -> Callable[[Changes, Settings], None]:
    """Told once the new settings are in force, with those before."""

    def forget(changes: Changes, before: Settings) -> None:
        now, probes, gates = means.settings, changes.named["probes"], changes.named["gates"]
        gone = [
            (name, probe.path)
            for name, probe in before.probes.items()
            if name not in now.probes or now.probes[name].path != probe.path
        ]
        metrics.forget(gone, afresh=probes.changed, gates=gates.removed)
        metrics.aim(now.cutover.recovery_time_objective)
        history.forget({*probes.changed, *probes.removed}, {*gates.removed, *changes.begun})
        for name in gates.removed:
            transitions.pop(name, None)

    return forget
