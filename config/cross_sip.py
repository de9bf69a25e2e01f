"""What can only be judged across the fields of a SIP probe, or across several. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from config.addresses import Address, SipTarget, as_ip
from config.finding import Finding
from config.probing import AnySipProbe, SipRegisterProbe
from config.problem import Path, quoted
from config.units import duration_text

MS = 1_000_000
S = 1_000 * MS
T1_NS = 500 * MS
"""RFC 3261 §17.1.2.1: the first retransmission over UDP leaves after T1."""
TIMER_F_NS = 64 * T1_NS
MOST_EXPIRES_NS = 86_400 * S


def errors(path: Path, name: str, probe: AnySipProbe, rates: dict[str, tuple[str, int | None]]) -> Iterator[Finding]:
    """`rates` is shared by all probes of a file: one registrar has one pace, whichever probe says it."""
    if probe.timeout > TIMER_F_NS:
        message = f"{duration_text(probe.timeout)} is too long: a SIP transaction ends after 32s (RFC 3261, timer F)"
        yield Finding((*path, "timeout"), message)
    yield from _source(path, probe)
    yield from _address(path, probe)
    yield from _tls(path, probe)
    if isinstance(probe, SipRegisterProbe):
        yield from _registration(path, probe)
        yield from _rate(path, name, probe, rates)


def warnings(path: Path, probe: AnySipProbe) -> Iterator[Finding]:
    if probe.timeout <= T1_NS and probe.target.default_transport == "udp":
        message = (
            f"{duration_text(probe.timeout)} leaves no room for a retransmission over UDP (T1 is 500ms): "
            "one lost packet is one failure"
        )
        yield Finding((*path, "timeout"), message)
    if isinstance(probe, SipRegisterProbe) and probe.mode == "bind" and S <= probe.expires <= probe.timeout:
        message = (
            f"{duration_text(probe.timeout)} is not shorter than expires ({duration_text(probe.expires)}): "
            "a binding lapses before one unanswered REGISTER is given up"
        )
        yield Finding((*path, "timeout"), message, reads=((*path, "timeout"), (*path, "expires")))


def _source(path: Path, probe: AnySipProbe) -> Iterator[Finding]:
    if probe.source is None:
        return
    source = as_ip(probe.source.host)
    target = as_ip(probe.address.host if probe.address is not None else probe.target.host)
    if source is not None and target is not None and source.version != target.version:
        message = f"an IPv{source.version} source cannot reach the IPv{target.version} target {target}"
        yield Finding((*path, "source"), message)


def _address(path: Path, probe: AnySipProbe) -> Iterator[Finding]:
    if probe.address is not None and as_ip(probe.target.host) is not None:
        message = f"the target is an address already ({probe.target.host}): leave address out, or give the target its name"
        yield Finding((*path, "address"), message)


def _tls(path: Path, probe: AnySipProbe) -> Iterator[Finding]:
    target = probe.target
    # A name without a transport may lead to TLS by NAPTR or SRV; an address, or a name that needs no look-up, cannot.
    never = target.transport in ("udp", "tcp") and not target.sips
    if probe.tls is not None and (never or (target.transport is None and not target.sips and _is_settled(probe))):
        message = f"{target} is not reached over TLS: write transport=tls, or leave tls out"
        yield Finding((*path, "tls"), message)


def _is_settled(probe: AnySipProbe) -> bool:
    return probe.address is not None or probe.target.port is not None or as_ip(probe.target.host) is not None


def _registration(path: Path, probe: SipRegisterProbe) -> Iterator[Finding]:
    default = SipRegisterProbe.__dataclass_fields__
    if probe.mode == "bind":
        if not probe.dedicated:
            message = (
                "mode bind registers this daemon: calls to the AOR would come here. If nobody else uses the AOR, say "
                "dedicated: true; else use mode: query"
            )
            yield Finding((*path, "mode"), message, reads=((*path, "dedicated"),))
        if probe.contact_host is not None:
            yield Finding((*path, "contact_host"), "is for mode: query; mode bind knows its own contact")
        if not S <= probe.expires <= MOST_EXPIRES_NS or probe.expires % S:
            yield Finding((*path, "expires"), "expected whole seconds, from 1s to 24h", reads=((*path, "expires"),))
        return
    for key in ("dedicated", "expires", "unregister"):
        if getattr(probe, key) != default[key].default:
            yield Finding((*path, key), "is for mode: bind; a query binds nothing", reads=((*path, "mode"),))


def registrar_of(target: SipTarget) -> str:
    """What has one pace, whichever way it is spoken to: `host:port`."""
    return str(Address(target.host.lower().removesuffix("."), target.default_port))


def _rate(path: Path, name: str, probe: SipRegisterProbe, rates: dict[str, tuple[str, int | None]]) -> Iterator[Finding]:
    """One registrar has one pace, whichever probe says it."""
    registrar = registrar_of(probe.target)
    first, rate = rates.setdefault(registrar, (name, probe.rate))
    if rate != probe.rate:
        message = (
            f"probe {quoted(first)} says {'nothing' if rate is None else rate} for the same registrar ({registrar}): "
            "one registrar has one rate"
        )
        yield Finding((*path, "rate"), message)
