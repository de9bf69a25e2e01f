"""What an operator may ask for over the control socket, and what each request must carry.

Commands that move the cutover go through the judge's inbox and are answered after the durable write. `plan`, `baseline`,
`status` and `why` only read, or (capture) write something that decides nothing until it is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from config.secrets import SecretUnavailable
from daemon.board import Board
from daemon.explain.why import unknown
from daemon.inbox import Inbox, Ordered
from daemon.planbook import PlanBook
from daemon.reply import Exit, Reply
from daemon.store import Store, StoreError
from daemon.writer import JournalUnavailable, Writer
from gates import admit
from gates.cutover import Command, Phase
from probes import clock
from probes.sample import NS_PER_S
from reverters import capture
from reverters.baseline import Baseline
from reverters.entries import Operated
from reverters.step import Reverter

TEXT_LIMIT = 1_000
MOST_OVERRIDDEN, LONGEST_NAME = 20, 63
LONGEST_HOLD_NS = 24 * 3600 * NS_PER_S

Handler = Callable[[Mapping[str, Any], str], Awaitable[Reply]]
Explain = Callable[[str, str], Reply]
"""(name, kind) → what `why` says. `kind` is `gate`, `probe`, or empty for whichever bears the name."""
Reload = Callable[[str], Awaitable[Reply]]
"""Told who asks."""
Again = Callable[[str], bool]
"""The name of a probe → whether it is a registration, which from now on asks again."""


class BadArgument(Exception):
    """The request does not carry what the command needs; the message says what was meant."""


def _text(arguments: Mapping[str, Any], name: str, *, required: bool) -> str:
    value = arguments.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not value.strip():
        raise BadArgument(f"{name}: a text is needed")
    if len(value) > TEXT_LIMIT:
        raise BadArgument(f"{name}: {len(value)} characters, at most {TEXT_LIMIT}")
    return value


def _digests(arguments: Mapping[str, Any]) -> list[str]:
    value = arguments.get("plan", [])
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(digest, str) and len(digest) <= 64 for digest in given):
        raise BadArgument("plan: the digest, as `cutoverd plan` prints it")
    return list(dict.fromkeys(given))


def _digest(arguments: Mapping[str, Any]) -> str:
    given = _digests(arguments)
    if len(given) > 1:
        raise BadArgument("plan: the digest of one plan")
    return "".join(given)


def _hold(arguments: Mapping[str, Any]) -> dict[str, Any]:
    answer, for_ns = arguments.get("answer"), arguments.get("for_ns")
    if answer not in ("OK", "DEGRADED"):
        raise BadArgument("answer: OK or DEGRADED")
    if isinstance(for_ns, bool) or not isinstance(for_ns, int) or not 0 < for_ns <= LONGEST_HOLD_NS:
        raise BadArgument("for: a hold ends by itself, after more than 0 s and at most 24h")
    return {"gate": _text(arguments, "gate", required=True), "answer": answer, "for_ns": for_ns,
            "reason": _text(arguments, "reason", required=True)}  # fmt: skip


def _overridden(arguments: Mapping[str, Any]) -> dict[str, list[str]]:
    """Interlocks that the operator overrides, each by its name; nothing where none is."""
    given = arguments.get("override", [])
    if not isinstance(given, list) or len(given) > MOST_OVERRIDDEN:
        raise BadArgument("override: names of interlocks")
    if not all(isinstance(name, str) and name and len(name) <= LONGEST_NAME for name in given):
        raise BadArgument("override: names of interlocks")
    return {"override": list(dict.fromkeys(given))} if given else {}


def _admit(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """`share` in ten-thousandths; None gives the word back to the schedule."""
    share = arguments.get("share")
    if share is not None and (isinstance(share, bool) or not isinstance(share, int) or not 0 <= share <= admit.ALL):
        raise BadArgument("share: from 0% to 100%, or the schedule")
    return {"gate": _text(arguments, "gate", required=True), "share": share, **_reason(arguments)}


def _reason(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"reason": _text(arguments, "reason", required=False)}


CHECKS: dict[Command, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    Command.OPEN: _reason,
    Command.ARM: lambda a: {"plan": _digests(a)},
    Command.DISARM: _reason,
    Command.COMMIT: lambda a: {"plan": _digests(a)},
    Command.TRIP: lambda a: {"plan": _digest(a), "reason": _text(a, "reason", required=True), **_overridden(a)},
    Command.HALT: _reason,
    Command.RESUME: _reason,
    Command.RETRY: _reason,
    Command.ABANDON: lambda a: {"reason": _text(a, "reason", required=True)},
    Command.RESET: _reason,
    Command.HOLD: _hold,
    Command.RELEASE: lambda a: {"gate": _text(a, "gate", required=True)},
    Command.ADMIT: _admit,
}


class Commands:
    """One handler per command name. `handle` answers everything, with a Reply."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        board: Board,
        book: PlanBook,
        store: Store,
        writer: Writer,
        reverters: Callable[[], Mapping[str, Reverter]],
        explain: Explain | None = None,
        again: Again = lambda _: False,
        kinds: Mapping[str, str] = MappingProxyType({}),
        reload: Reload | None = None,
    ) -> None:
        """`why` is a command where there is something that can explain. `again` has a rejected registration tried again.
        `kinds` is each probe's, by its name. `reload` is a command where there is a file to read again.
        """
        self._inbox = inbox
        self._board = board
        self._book = book
        self._store = store
        self._writer = writer
        self._reverters = reverters
        self._capturing = asyncio.Lock()
        self._others: dict[str, Handler] = {
            "plan": self._plan,
            "baseline-capture": self._capture,
            "baseline-show": self._show,
            "retry-probe": self._retry_probe,
        }
        self._again = again
        self._kinds = kinds
        if explain:
            self._others["why"] = _why(explain)
        if reload:
            self._others["reload"] = lambda arguments, actor: reload(actor)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(Command) | frozenset(self._others)

    async def handle(self, command: str, arguments: Mapping[str, Any], actor: str) -> Reply:
        if command not in self.names:
            return Reply(Exit.USAGE, f"{command}: no such command")
        try:
            if command in self._others:
                return await self._others[command](arguments, actor)
            what = Command(command)
            checked = CHECKS[what](arguments)
        except BadArgument as error:
            return Reply(Exit.USAGE, f"{command}: {error}")
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._inbox.put(Ordered(what, checked, actor, answer))
        return await answer

    async def _plan(self, arguments: Mapping[str, Any], actor: str) -> Reply:
        if self._book.problem:
            return Reply(Exit.REFUSED, f"refused: {self._book.problem}")
        plans = [{"name": plan.name, "digest": plan.digest, **plan.document()} for plan in self._book.plans.values()]
        return Reply(Exit.OK, "", {"plans": plans})

    async def _show(self, arguments: Mapping[str, Any], actor: str) -> Reply:
        wanted = _text(arguments, "id", required=False)
        try:
            found = await self._store.baseline(wanted) if wanted else await self._store.latest_baseline()
        except StoreError as error:
            return Reply(Exit.REFUSED, f"refused: {error}")
        if found is None:
            return Reply(Exit.REFUSED, f"refused: no baseline {wanted}".rstrip())
        return Reply(Exit.OK, "", _described(found))

    async def _capture(self, arguments: Mapping[str, Any], actor: str) -> Reply:
        refused = self._not_now()
        if refused:
            return Reply(Exit.REFUSED, f"refused: {refused}")
        async with self._capturing:
            try:
                reverters = self._reverters()
            except SecretUnavailable as error:
                return Reply(Exit.REFUSED, f"refused: {error}")
            found = await capture.capture(self._book.specs.values(), reverters)
            if found.troubles:
                return Reply(
                    Exit.REFUSED, "refused: nothing was stored: " + "; ".join(found.troubles), {"troubles": found.troubles}
                )
            refused = self._not_now()  # reading took a while
            if refused:
                return Reply(Exit.REFUSED, f"refused: {refused}")
            baseline = Baseline.of(captured_utc_ns=clock.read().utc_ns, actor=actor, objects=found.objects)
            return await self._store_baseline(baseline, actor)

    async def _retry_probe(self, arguments: Mapping[str, Any], actor: str) -> Reply:
        name, reason = _text(arguments, "name", required=True), _text(arguments, "reason", required=False)
        if name not in self._kinds:
            return unknown("retry", name, {"probe": sorted(self._kinds)})
        if not self._again(name):
            only = "only a sip_register or a probe of an api can be tried again"
            return Reply(Exit.REFUSED, f"refused: {name} is of kind {self._kinds[name]}: {only}")
        noted = await self._noted("retry-probe", {"probe": name, "reason": reason}, actor)
        whom = "the registrar" if self._kinds[name] == "sip_register" else "its api"
        return Reply(Exit.OK, f"{name}: {whom} is asked again{noted}")

    async def _noted(self, command: str, arguments: Mapping[str, Any], actor: str) -> str:
        """What was done stands in the journal; where it cannot, the words to say so."""
        try:
            await self._writer.append(Operated(command, arguments), actor=actor)
        except JournalUnavailable as error:
            return f"; the journal could not note it: {error}"
        return ""

    def _not_now(self) -> str:
        cutover = self._board.cutover
        if cutover.phase is not Phase.PREPARED:
            said = f"phase {cutover.phase}: what is live now may already be the new path; a baseline is captured before `open`"
            back = "" if cutover.phase is Phase.COMMITTED else "; `reset` goes back, and sends callers to the baseline path"
            return said + back
        return "armed" if cutover.armed else ""

    async def _store_baseline(self, baseline: Baseline, actor: str) -> Reply:
        try:
            await self._store.put_baseline(baseline)
        except StoreError as error:
            return Reply(Exit.REFUSED, f"refused: {error}")
        self._book.use(baseline)  # it is stored, and would be the latest after a restart too
        told = f"baseline {baseline.id[:12]}: {len(baseline.objects)} objects"
        told += await self._noted("baseline-capture", {"baseline": baseline.id, "objects": len(baseline.objects)}, actor)
        return Reply(Exit.OK, told, _described(baseline))


def _why(explain: Explain) -> Handler:
    async def why(arguments: Mapping[str, Any], actor: str) -> Reply:
        kind = _text(arguments, "kind", required=False)
        if kind not in ("", "gate", "probe"):
            raise BadArgument("kind: gate or probe, or nothing for whichever bears the name")
        return explain(_text(arguments, "name", required=True), kind)

    return why


def _described(baseline: Baseline) -> dict[str, Any]:
    return {
        "id": baseline.id,
        "captured_utc_ns": baseline.captured_utc_ns,
        "actor": baseline.actor,
        "objects": dict(baseline.objects),
    }
