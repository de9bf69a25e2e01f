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
from probes.sip.target import Endpoint, Target, Transport
from probes.sip.transport import SipEngine
from probes.sip.uri import host_text
from probes.sip.verdict import judge


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
        self._way = way
        self.timeout_ns = timeout_ns
        self.accepts = accepts
        self._rng = rng

    def begin(self, report: Report) -> Cancel:
        if isinstance(self._way, Location):
            return _Located(self, self._way, report).cancel
        return self.ask(self._way, lambda exchanged: report(judge(exchanged, self.accepts)), self.timeout_ns)

    def ask(self, target: Target, ended: Callable[[Exchanged], None], timeout_ns: int) -> Cancel:
        return self._engine.ask(target, lambda local: self._request(target.transport, local), ended, timeout_ns=timeout_ns)

    def _request(self, transport: Transport, local: Endpoint) -> Request:
        host, port = local
        uri = self.trunk.uri(transport)
        suffix = ";transport=tcp" if transport is Transport.TCP else ""
        branch = f"z9hG4bK{self._rng.getrandbits(96):024x}"
        return Request(
            method="OPTIONS",
            uri=uri,
            vias=(Via(transport.upper(), host, port, (("branch", branch), ("rport", None))),),
            from_=Address(None, f"sip:cutoverd@{host_text(host)}", (("tag", f"{self._rng.getrandbits(64):016x}"),)),
            to=Address(None, uri),
            call_id=f"{self._rng.getrandbits(96):024x}@{host_text(host)}",
            cseq=CSeq(1, "OPTIONS"),
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
