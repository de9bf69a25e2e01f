"""The `dns` step over RFC 2136: read and swap one record set on its own authoritative servers, signed with TSIG."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Iterable, Mapping

import dns.message
import dns.name
import dns.tsig

from reverters.dns.answer import judge_answer, judge_capture, judge_update
from reverters.dns.exchange import Sockets, Transport
from reverters.dns.record import RecordSet, Target, change, question, shown
from reverters.plan import Document, Step
from reverters.step import Applied, Conflict, Inspection, Trouble, Verification


def unpredictable_id() -> int:
    """A message id that nobody off the path can guess (RFC 5452 §4.3)."""
    return secrets.randbelow(1 << 16)


class Rfc2136Reverter:
    """Restores A and AAAA record sets.

    `keys` maps a TSIG key's name to its secret in base64, as name servers' configurations write it. `spec` is
    {"provider": {"rfc2136": {"server", "key", "algorithm", "timeout_ns"}}, "zone", "name", "type", "authoritative",
    "assert"}; the state is {"values": [...], "ttl": seconds}, and {"values": [], "ttl": 0} where no record is.
    """

    def __init__(
        self,
        keys: Mapping[str, bytes],
        *,
        transport: Transport | None = None,
        new_id: Callable[[], int] = unpredictable_id,
    ) -> None:
        self._keys = {dns.name.from_text(name).canonicalize(): secret for name, secret in keys.items()}
        self._transport: Transport = transport or Sockets()
        self._new_id = new_id

    async def capture(self, spec: Document) -> Document | Trouble:
        """The record as all its servers give it; they must agree, and match `assert` where that is given."""
        target = Target.read(spec)
        if isinstance(target, Trouble):
            return target
        found = await self._ask(target, (target.server, *target.authoritative))
        good = {server: record for server, record in found.items() if isinstance(record, RecordSet)}
        record = _worst(found.values()) or judge_capture(good, target)
        return record if isinstance(record, Trouble) else record.document()

    async def inspect(self, step: Step) -> Inspection | Trouble:
        """The state of the server that will be changed. A silent secondary does not stand in the way of a reversion:
        it only keeps the step from counting as done already.
        """
        target = Target.read(step.spec)
        if isinstance(target, Trouble):
            return target
        wanted = RecordSet.read(step.wanted, target.rdtype)
        found = await self._ask(target, (target.server, *target.authoritative))
        live = found[target.server]
        if isinstance(live, Trouble):
            return live
        behind = [server for server, record in found.items() if isinstance(record, Trouble) or not record.holds(wanted)]
        detail = f"{target} at {target.server} is {live}, baseline {wanted}"
        if behind and target.server not in behind:
            detail += f"; not yet so at {shown(behind)}"
        return Inspection(not behind, live.document(), detail)

    async def apply(self, step: Step, live: Document) -> Applied | Conflict | Trouble:
        """Swap `live` for the baseline at the server, or change nothing. The request is sent once."""
        target = Target.read(step.spec)
        if isinstance(target, Trouble):
            return target
        expected, wanted = (RecordSet.read(document, target.rdtype) for document in (live, step.wanted))
        if expected.holds(wanted):
            return Applied(f"{target.server} holds {target} = {wanted} already; nothing was sent, the other servers follow it")
        update = change(target, expected, wanted, message_id=self._new_id())
        unsigned = self._sign(update, target)
        if unsigned is not None:
            return unsigned
        reply = await self._transport.ask(update, target.server, timeout_ns=target.timeout_ns)
        return judge_update(reply, target, expected, wanted)

    async def verify(self, step: Step) -> Verification | Trouble:
        """Holds when every authoritative server answers exactly the baseline's values."""
        target = Target.read(step.spec)
        if isinstance(target, Trouble):
            return target
        wanted = RecordSet.read(step.wanted, target.rdtype)
        found = await self._ask(target, target.authoritative)
        trouble = _worst(found.values())
        if trouble is not None:
            return trouble
        good = {server: record for server, record in found.items() if isinstance(record, RecordSet)}
        for server, record in good.items():
            if not record.holds(wanted):
                return Verification(False, record.document(), f"{server} answers {record} for {target}, baseline {wanted}")
        detail = f"{target} is {wanted} at {shown(good)}"
        return Verification(True, next(iter(good.values())).document(), detail)

    async def _ask(self, target: Target, servers: Iterable[str]) -> dict[str, RecordSet | Trouble]:
        """Ask each server once, all at the same time."""

        async def ask(server: str) -> RecordSet | Trouble:
            query = question(target, message_id=self._new_id())
            return judge_answer(await self._transport.ask(query, server, timeout_ns=target.timeout_ns), target, server)

        async with asyncio.TaskGroup() as group:
            asked = {server: group.create_task(ask(server)) for server in dict.fromkeys(servers)}
        return {server: task.result() for server, task in asked.items()}

    def _sign(self, message: dns.message.Message, target: Target) -> Trouble | None:
        secret = self._keys.get(target.key)
        if secret is None:
            detail = f"no secret is configured for the TSIG key '{target.key}': {target} at {target.server} was not changed"
            return Trouble(False, "nokey", detail)
        try:
            decoded = base64.b64decode(secret.strip(), validate=True)
        except ValueError:
            detail = f"the secret of the TSIG key '{target.key}' is not base64: {target} at {target.server} was not changed"
            return Trouble(False, "badsecret", detail)
        message.use_tsig(dns.tsig.Key(target.key, decoded, target.algorithm))
        return None


def _worst(found: Iterable[RecordSet | Trouble]) -> Trouble | None:
    """A trouble that no retry can mend comes first; otherwise any."""
    troubles = [each for each in found if isinstance(each, Trouble)]
    return min(troubles, key=lambda trouble: trouble.retryable, default=None)
