"""The `sip_options` probe: is the trunk there, and does it say it can take calls (RFC 3261 §11)?"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Container
from typing import Protocol

from probes.clock import read
from probes.lookup import LookUpFailed, look_up
from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.exchanged import Answered, Exchanged, Refused, SelfTrouble, Silent
from probes.sip.headers import Address, CSeq, Via
from probes.sip.message import Request, Response
from probes.sip.transport import SipEngine
from probes.sip.udp import Endpoint
from probes.sip.uri import host_text

REQUEST_TIMEOUT, SERVICE_UNAVAILABLE = 408, 503
"""What silence and a fatal transport error count as (RFC 3261 §8.1.3.1)."""

MAX_DETAIL = 120


class RandomSource(Protocol):
    """`random.Random` or `random.SystemRandom`."""

    def getrandbits(self, k: int, /) -> int: ...


class OptionsProbe:
    """Asks one target over one engine. Host names are looked up for each attempt, within the attempt's own time.

    `host` is a name or an address (IPv6 without brackets), `source` a local address or None for what the route says.
    `accept` holds the final statuses that PASS, or judges them.
    """

    def __init__(
        self,
        engine: SipEngine,
        host: str,
        port: int,
        *,
        timeout_ns: int,
        accept: Container[int] | Callable[[int], bool],
        rng: RandomSource,
        source: str | None = None,
    ) -> None:
        self._engine = engine
        self._host = host
        self._port = port
        self._timeout_ns = timeout_ns
        self._accepts = accept if callable(accept) else accept.__contains__
        self._rng = rng
        self._source = source

    async def attempt(self) -> ProbeResult:
        started = read().mono_ns
        destination = await self._look_up()
        elapsed = read().mono_ns - started
        if isinstance(destination, str):
            return ProbeResult(Outcome.ERROR, None, Origin.DNS, destination, elapsed, {"host": self._host})
        remaining = self._timeout_ns - elapsed
        if remaining <= 0:
            return ProbeResult(Outcome.ERROR, None, Origin.DNS, "dns-timeout", elapsed, {"host": self._host})
        return self._judge(await self._engine.exchange(destination, self._request, timeout_ns=remaining, source=self._source))

    async def _look_up(self) -> Endpoint | str:
        """The first address of the source's IP version, or the reason there is none."""
        family = socket.AF_UNSPEC if self._source is None else socket.AF_INET6 if ":" in self._source else socket.AF_INET
        if _is_numeric(self._host):
            return self._host, self._port
        try:
            async with asyncio.timeout(self._timeout_ns / 1e9):
                return await look_up(self._host, self._port, family=family)
        except TimeoutError:
            return "dns-timeout"
        except LookUpFailed as why:
            return str(why)

    def _request(self, local: Endpoint) -> Request:
        host, port = local
        target = f"sip:{host_text(self._host, self._port)}"
        branch = f"z9hG4bK{self._rng.getrandbits(96):024x}"
        return Request(
            method="OPTIONS",
            uri=target,
            vias=(Via("UDP", host, port, (("branch", branch), ("rport", None))),),
            from_=Address(None, f"sip:cutoverd@{host_text(host)}", (("tag", f"{self._rng.getrandbits(64):016x}"),)),
            to=Address(None, target),
            call_id=f"{self._rng.getrandbits(96):024x}@{host_text(host)}",
            cseq=CSeq(1, "OPTIONS"),
            max_forwards=70,
            contacts=(Address(None, f"sip:cutoverd@{host_text(host, port)}"),),
            headers=(("Accept", "application/sdp"), ("User-Agent", "cutoverd")),
        )

    def _judge(self, exchanged: Exchanged) -> ProbeResult:
        match exchanged:
            case Answered(response=response, rtt_ns=rtt):
                passed = self._accepts(response.status)
                outcome, reason = (Outcome.PASS, "accepted") if passed else (Outcome.FAIL, "rejected")
                facts = _facts(exchanged.peer, exchanged.copies) | _response_facts(response)
                return ProbeResult(outcome, response.status, Origin.WIRE, reason, rtt, facts)
            case Silent(elapsed_ns=elapsed):
                facts = _facts(exchanged.peer, exchanged.copies)
                if exchanged.provisional is not None:
                    facts["provisional"] = exchanged.provisional
                return ProbeResult(Outcome.FAIL, REQUEST_TIMEOUT, Origin.TIMEOUT, "silent", elapsed, facts)
            case Refused(elapsed_ns=elapsed):
                facts = _facts(exchanged.peer) | {"errno": exchanged.errno}
                if exchanged.offender is not None:
                    facts["offender"] = exchanged.offender
                return ProbeResult(Outcome.FAIL, SERVICE_UNAVAILABLE, Origin.TRANSPORT, "refused", elapsed, facts)
            case SelfTrouble(elapsed_ns=elapsed):
                detail = {"detail": exchanged.detail} if exchanged.detail else {}
                return ProbeResult(Outcome.ERROR, None, Origin.SELF, str(exchanged.reason), elapsed, detail)


def _is_numeric(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return True


def _facts(peer: Endpoint, copies: int = 1) -> dict[str, str | int]:
    facts: dict[str, str | int] = {"peer": host_text(*peer)}
    if copies > 1:
        facts["copies"] = copies
    return facts


def _response_facts(response: Response) -> dict[str, str | int]:
    facts: dict[str, str | int] = {}
    if response.retry_after is not None:
        facts["retry_after_s"] = response.retry_after.seconds
    if response.reason:
        # The peer's words end up in logs and on a page: visible characters only, and not too many of them.
        facts["detail"] = "".join(char if char.isprintable() else "�" for char in response.reason[:MAX_DETAIL])
    return facts
