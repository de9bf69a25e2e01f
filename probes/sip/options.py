"""The `sip_options` probe: is the trunk there, and does it say it can take calls (RFC 3261 §11)?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from probes.clock import mono_ns
from probes.probe import Cancel, Report
from probes.sip.engine.drawn import RandomSource
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Exchanged
from probes.sip.engine.outgoing import Outgoing
from probes.sip.engine.series import BITS, Series
from probes.sip.engine.target import Endpoint, Target, Transport
from probes.sip.locating.each import Tell, ask_each
from probes.sip.locating.location import Location
from probes.sip.messages.headers import Address, CSeq, Via
from probes.sip.messages.message import Request
from probes.sip.messages.uri import host_text
from probes.sip.verdict import judge

_CSEQ = CSeq(1, "OPTIONS")

MOST_WRITERS = 64
"""Targets of one name that are remembered with how they are written to; more than any name leads to at a time."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """Whom OPTIONS are addressed to: host and port as configured (None: none was), which is what Request-URI and To say."""

    host: str
    port: int | None

    def uri(self, transport: Transport) -> str:
        """TLS goes without saying: `transport=tls` is long deprecated (RFC 3261 §26.2.2)."""
        return f"sip:{host_text(self.host, self.port)}{';transport=tcp' if transport is Transport.TCP else ''}"


class OptionsProbe:
    """Asks one target, or each that a name leads to now, over one engine. `accepts` says which final statuses PASS."""

    def __init__(
        self,
        engine: SipEngine,
        trunk: Trunk,
        way: Target | Location,
        *,
        timeout_ns: int,
        accepts: Callable[[int], bool],
        rng: RandomSource,
    ) -> None:
        self._engine = engine
        self.trunk = trunk
        self.way = way
        self.timeout_ns = timeout_ns
        self.accepts = accepts
        self._rng = rng
        self._writer = None if isinstance(way, Location) else _Writer(trunk, way.transport, rng)
        self._writers: dict[Target, _Writer] = {}

    def begin(self, report: Report) -> Cancel:
        if isinstance(self.way, Location):
            return self._ask_each(self.way, report)
        return self.ask(self.way, lambda exchanged: report(judge(exchanged, self.accepts)), self.timeout_ns)

    def _ask_each(self, way: Location, report: Report) -> Cancel:
        deadline_ns = mono_ns() + self.timeout_ns

        def ask(target: Target, tell: Tell) -> Cancel:
            return self.ask(target, lambda exchanged: tell(judge(exchanged, self.accepts)), deadline_ns - mono_ns())

        return ask_each(way, ask, report, deadline_ns=deadline_ns)

    def ask(self, target: Target, ended: Callable[[Exchanged], None], timeout_ns: int) -> Cancel:
        writer = self._writer or self._writers.get(target)
        if writer is None:
            if len(self._writers) >= MOST_WRITERS:
                self._writers.clear()
            writer = self._writers[target] = _Writer(self.trunk, target.transport, self._rng)
        return self._engine.ask(target, writer, ended, timeout_ns=timeout_ns)


class _Writer:
    """The requests to one target: written once for each local endpoint, and stamped with an identifier for each sending."""

    __slots__ = ("_local", "_rng", "_series", "_transport", "_trunk")

    def __init__(self, trunk: Trunk, transport: Transport, rng: RandomSource) -> None:
        self._trunk = trunk
        self._transport = transport
        self._rng = rng
        self._local: Endpoint | None = None
        self._series: Series

    def __call__(self, local: Endpoint) -> Outgoing:
        if local != self._local:
            self._series, self._local = Series(options(self._trunk, self._transport, local), local[0]), local
        return self._series.request(self._rng.getrandbits(BITS))


def options(trunk: Trunk, transport: Transport, local: Endpoint) -> Request:
    """What every OPTIONS from here to there has in common."""
    host, port = local
    uri = trunk.uri(transport)
    suffix = ";transport=tcp" if transport is Transport.TCP else ""
    return Request(
        method="OPTIONS",
        uri=uri,
        vias=(Via(transport.upper(), host, port, (("branch", ""), ("rport", None))),),
        from_=Address(None, f"sip:cutoverd@{host_text(host)}"),
        to=Address(None, uri),
        call_id="",
        cseq=_CSEQ,
        max_forwards=70,
        contacts=(Address(None, f"sip:cutoverd@{host_text(host, port)}{suffix}"),),
        headers=(("Accept", "application/sdp"), ("User-Agent", "cutoverd")),
    )
