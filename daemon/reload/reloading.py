"""A reload, from the file to the parts: decided first, then done in one turn of the judge, or not at all.

Everything that can fail comes first: the file is read and judged, secrets are read, new probes are made. Then the judge is
asked, once nothing else is on its way to the journal. What it lets through is journaled, and only then taken: from there on
nothing can fail any more, and nothing is awaited.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from config.apart import LoaderDied
from config.loaded import Loaded
from config.model import Settings
from config.problem import ConfigInvalid
from config.secrets import SecretUnavailable
from daemon import oversight
from daemon.compose import apis as compose_apis
from daemon.compose import compose
from daemon.inbox import Inbox
from daemon.inbox import Reload as Message
from daemon.live import Failure, Live
from daemon.notify import Notifier
from daemon.orders import Order, Refused
from daemon.planbook import PlanBook
from daemon.probing import Coming, Probing
from daemon.reload import text as reload_text
from daemon.reload.decide import NAMED, Changes, Side, Unchangeable, compare, decide
from daemon.reload.secrets import fingerprints
from daemon.reply import Exit, Reply
from daemon.terms import Terms
from daemon.web.keys import Keys
from gates.cutover import Cutover
from gates.gate import GateSpec
from probes import clock
from probes.exchange.apis import ApiSecrets
from probes.resolver import Resolver
from probes.runner import ProbeRunner
from reverters.entries import Operated
from reverters.planner import PlanSpec

log = logging.getLogger("cutoverd.reload")

Read = Callable[[str], Awaitable[Loaded]]
"""The file's path → what it holds. Raises ConfigInvalid, LoaderDied, OSError."""
BY_ITSELF = "file_sd"
"""Who reloads when a list of targets has changed."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a reload changes. `webhook` takes over who may ask it, `forget` is told what is gone or begins afresh."""

    live: Live
    environ: Mapping[str, str]
    inbox: Inbox
    book: PlanBook
    probing: Probing
    runner: ProbeRunner
    resolver: Resolver
    notifier: Notifier
    webhook: Callable[[Settings, Keys], None]
    forget: Callable[[Changes, Settings], None]


@dataclass(frozen=True, slots=True)
class _Made:
    """All of a new configuration that is made before anything is changed."""

    loaded: Loaded
    side: Side
    specs: dict[str, PlanSpec]
    changes: Changes
    coming: Coming
    keys: Keys


class Reloads:
    """One at a time. `made` is the side of the configuration in force, secrets included."""

    def __init__(self, parts: Parts, read: Read) -> None:
        """Raises SecretUnavailable."""
        self._parts = parts
        self._read = read
        self._secrets: Mapping[tuple[str, str], bytes] = fingerprints(parts.live.settings, parts.environ)
        self._gates: Mapping[str, GateSpec] = compose.gates(parts.live.settings)
        self._turn = asyncio.Lock()

    async def reload(self, actor: str) -> Reply:
        """What `cutoverd reload` is told. Never raises for what is wrong with a file."""
        async with self._turn:
            live, notifier = self._parts.live, self._parts.notifier
            notifier.reloading(mono_ns=clock.mono_ns())
            reply = Reply(Exit.REFUSED, "refused: the daemon is stopping")
            try:
                reply = await self._reload(actor)
            finally:
                notifier.ready("reloaded" if reply.ok else "the last reload changed nothing")
        if reply.ok:
            log.info("%s, by %s", reply.message, actor)
            return reply
        why = tuple(reply.message.splitlines())
        live.failure = Failure(clock.read().utc_ns, why)
        for each in why:
            log.error("reload by %s changed nothing: %s", actor, each)
        return reply

    async def _reload(self, actor: str) -> Reply:
        path = self._parts.live.path
        if not path:
            return Reply(Exit.REFUSED, "refused: this daemon was not started from a file")
        try:
            loaded = await self._read(path)
            made = self._make(loaded)
        except ConfigInvalid as invalid:
            problems = [problem.document() for problem in invalid.problems]
            return Reply(Exit.USAGE, "\n".join(problem.render() for problem in invalid.problems), {"problems": problems})
        except SecretUnavailable as unavailable:
            return Reply(Exit.USAGE, str(unavailable))
        except (LoaderDied, OSError) as error:
            return Reply(Exit.REFUSED, f"refused: {error}")
        for warning in loaded.warnings:
            log.warning("%s", warning.render())
        return await self._ask(made, actor)

    def _make(self, loaded: Loaded) -> _Made:
        """Raises SecretUnavailable. Nothing is to be undone if it is never taken."""
        parts, settings = self._parts, loaded.settings
        prints = fingerprints(settings, parts.environ)
        passwords, keys = compose.passwords(settings, parts.environ), compose.webhook_keys(settings, parts.environ)
        compose.tsig_keys(settings, parts.environ)
        api_secrets: dict[str, ApiSecrets] = compose_apis.api_secrets(settings, parts.environ)
        new = Side(settings, compose.gates(settings), secrets=prints)
        changes = compare(self._standing(), new)
        coming = parts.probing.prepare(settings, changes, passwords=passwords, api_secrets=api_secrets)
        return _Made(loaded, new, compose.plans(settings), changes, coming, Keys(keys.items()))

    def _standing(self) -> Side:
        book, settings = self._parts.book, self._parts.live.settings
        digests = {name: plan.digest for name, plan in book.plans.items()}
        return Side(settings, self._gates, digests, book.problem, self._secrets)

    async def _ask(self, made: _Made, actor: str) -> Reply:
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        told = reload_text.document(made.changes)

        def considered(cutover: Cutover) -> Order | Refused:
            plans, problem = self._parts.book.under(made.specs)
            digests = {name: plan.digest for name, plan in plans.items()}
            new = Side(made.side.settings, made.side.gates, digests, problem, made.side.secrets)
            decided = decide(self._standing(), new, cutover)
            if isinstance(decided, Unchangeable):
                return Refused("; ".join(decided.why))
            arguments = {"before": self._parts.live.digest, "after": made.loaded.source_digest, **told}
            return Order((Operated("reload", arguments),), actor, f"reloaded: {reload_text.told(made.changes)}")

        self._parts.inbox.put(Message(considered, lambda: self._take(made, actor), answer))
        reply = await answer
        return Reply(
            reply.exit, reply.message, {"digest": made.loaded.source_digest, "changes": told} if reply.ok else reply.data
        )

    def _take(self, made: _Made, actor: str) -> Terms:
        """In a turn of the judge. Nothing in here can fail, or be waited for."""
        parts, settings, named = self._parts, made.loaded.settings, made.changes.named
        before, stirred = parts.live.settings, made.changes
        parts.live.take(made.loaded, utc_ns=clock.read().utc_ns)
        self._secrets, self._gates = made.side.secrets, made.side.gates
        if settings.resolvers != before.resolvers:
            parts.resolver.use(compose.resolvers(settings))
        parts.book.replace(made.specs)
        if _has_other_doors(stirred):
            parts.webhook(settings, made.keys)
        parts.forget(stirred, before)
        parts.probing.take(made.coming, parts.runner)
        if actor != BY_ITSELF:
            parts.probing.forget_rejections()
        probes = named["probes"]
        return Terms(
            specs=made.side.gates,
            window=compose.window(settings),
            oversight=oversight.of(settings),
            kept=frozenset(made.side.gates) - frozenset(stirred.begun),
            afresh=frozenset((*probes.changed, *probes.added)),
        )


def _has_other_doors(changes: Changes) -> bool:
    return bool(changes.named[NAMED[-1]]) or any(key.startswith("server.webhook.") for key in changes.renewed)
