"""The `sip_options` probe: is the trunk there, and does it say it can take calls (RFC 3261 §11)?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from probes.clock import mono_ns
from probes.probe import Cancel, Report
from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.exchanged import Exchanged
from probes.sip.headers import Address, CSeq, Via
from probes.sip.location import Location
from probes.sip.message import Request
from probes.sip.outgoing import Outgoing
from probes.sip.target import Endpoint, Target, Transport
from probes.sip.template import Template
from probes.sip.transport import SipEngine
from probes.sip.uri import host_text
from probes.sip.verdict import judge

_CSEQ = CSeq(1, "OPTIONS")


class RandomSource(Protocol):
    """`random.Random` or `random.SystemRandom`."""

    def getrandbits(self, k: int, /) -> int: ...


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
        self._template: Template
        self._written_for: tuple[Transport, Endpoint] | None = None

    def begin(self, report: Report) -> Cancel:
        if isinstance(self.way, Location):
            return _Located(self, self.way, report).cancel
        return self.ask(self.way, lambda exchanged: report(judge(exchanged, self.accepts)), self.timeout_ns)

    def ask(self, target: Target, ended: Callable[[Exchanged], None], timeout_ns: int) -> Cancel:
        return self._engine.ask(target, lambda local: self._request(target.transport, local), ended, timeout_ns=timeout_ns)

    def _request(self, transport: Transport, local: Endpoint) -> Outgoing:
        if self._written_for != (transport, local):
            self._template, self._written_for = Template(options(self.trunk, transport, local)), (transport, local)
        bits = self._rng.getrandbits
        branch, call_id = f"z9hG4bK{bits(96):024x}", f"{bits(96):024x}@{local[0]}"
        data = self._template.render(branch=branch, tag=f"{bits(64):016x}", call_id=call_id)
        return Outgoing(data, branch, call_id, _CSEQ)


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


class _Located:
    """One attempt at a name: first where it leads, then each of those, all at once."""

    def __init__(self, probe: OptionsProbe, location: Location, report: Report) -> None:
        self._probe = probe
        self._report = report
        self._started = mono_ns()
        self._left = 0
        self._cancels: list[Cancel] = []
        self._cancels.append(location.ask(self._known))

    def cancel(self) -> None:
        for cancel in self._cancels:
            cancel()

    def _known(self, targets: tuple[Target, ...] | str) -> None:
        elapsed = mono_ns() - self._started
        remaining = self._probe.timeout_ns - elapsed
        if isinstance(targets, str) or remaining <= 0:
            reason = targets if isinstance(targets, str) else "dns-timeout"
            self._report(ProbeResult(Outcome.ERROR, None, Origin.DNS, reason, elapsed, {"host": self._probe.trunk.host}))
            return
        self._left = len(targets)
        among = tuple(str(target) for target in targets)
        for target, name in zip(targets, among, strict=True):
            self._cancels.append(self._probe.ask(target, self._told(name, among), remaining))

    def _told(self, name: str, among: tuple[str, ...]) -> Callable[[Exchanged], None]:
        def ended(exchanged: Exchanged) -> None:
            self._left -= 1
            result = replace(judge(exchanged, self._probe.accepts), target=name, among=among)
            self._report(result, last=self._left == 0)

        return ended
