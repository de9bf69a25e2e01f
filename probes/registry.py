"""Which code answers to which `kind:` of the configuration: a map that can be seen."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from config.addresses import is_ip_address
from config.cross_sip import registrar_of
from config.model import Probe as ProbeSettings
from config.model import SipOptionsProbe, SipProbe, SipRegisterProbe
from config.probing import AgentConsistencyProbe, AlertmanagerProbe, PlatformTestCallProbe, TrunkHealthProbe, WebhookSilenceProbe
from config.probing import HttpProbe as HttpSettings
from config.units import is_accepted
from probes.exchange.apis import Apis
from probes.exchange.headers import Headers
from probes.exchange.values import HttpRequest
from probes.http.judging import Judge
from probes.http.probe import HttpProbe
from probes.passive import kinds as passive
from probes.passive.alerts import Alerts
from probes.platform import kinds
from probes.probe import Probe
from probes.sip.digest.auth import Credentials
from probes.sip.engine.drawn import Drawn
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.target import Target, TlsSettings, TlsVersion, Transport
from probes.sip.locating.candidates import Place
from probes.sip.locating.location import Location, Resolves
from probes.sip.options import OptionsProbe, Trunk
from probes.sip.registering.bind import RegisterBindProbe
from probes.sip.registering.conversation import Line
from probes.sip.registering.pacing import Pacer
from probes.sip.registering.permits import PacedPermits
from probes.sip.registering.query import RegisterQueryProbe
from probes.sip.registering.request import Aor, registrar_uri

NS_PER_S = 1_000_000_000

Way = Target | Location


@dataclass(slots=True)
class Means:
    """What probes share. `passwords` are those of the probes that have credentials, by the probe's name."""

    sip: SipEngine
    resolver: Resolves
    rng: random.Random
    apis: Apis
    passwords: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    identifiers: Drawn = field(init=False, repr=False)
    registrars: dict[str, PacedPermits] = field(default_factory=dict)
    """By host and port: one pace for all AORs that are registered there, over whatever transport."""
    locations: dict[tuple[object, ...], Location] = field(default_factory=dict)
    """Probes that ask for the same name in the same manner look it up together."""
    callers: passive.Callers = passive.nobody
    alerts: dict[str, Alerts] = field(default_factory=dict)
    """What each probe of Alertmanager has been told, by the probe's name: the webhook tells it."""

    def __post_init__(self) -> None:
        self.identifiers = Drawn(self.rng)

    def permits(self, registrar: str, rate: int | None) -> PacedPermits:
        if registrar not in self.registrars:
            self.registrars[registrar] = PacedPermits(Pacer(rate=rate, rng=self.rng))
        return self.registrars[registrar]

    def location(self, settings: SipProbe, timeout_ns: int, tls: TlsSettings | None) -> Location:
        target, source = settings.target, settings.source
        key = _place(settings, timeout_ns, tls)
        if key not in self.locations:
            transport = None if target.transport is None else Transport(target.transport)
            self.locations[key] = Location(
                Place(target.host, target.port, transport, target.sips),
                self.resolver,
                timeout_ns=timeout_ns,
                source=None if source is None else source.host,
                source_port=0 if source is None else source.port,
                tls=tls,
            )
        return self.locations[key]

    def successor(
        self,
        before: Mapping[str, ProbeSettings],
        after: Mapping[str, ProbeSettings],
        *,
        apis: Apis,
        passwords: Mapping[str, bytes],
    ) -> Means:
        """What the probes `after` share: a registrar's pace and what is known of a name stay, where those before had them too."""
        were, are = _rates(before), _rates(after)
        places = {_place(each, each.timeout, _tls_of(each)) for each in after.values() if isinstance(each, AnySip)}
        return replace(
            self,
            apis=apis,
            passwords=passwords,
            registrars={name: kept for name, kept in self.registrars.items() if name in are and are[name] == were.get(name)},
            locations={key: kept for key, kept in self.locations.items() if key in places},
            alerts={name: kept for name, kept in self.alerts.items() if isinstance(after.get(name), AlertmanagerProbe)},
        )

    def retire(self, successor: Means) -> None:
        """Close what the successor has not taken over."""
        for key, location in self.locations.items():
            if successor.locations.get(key) is not location:
                location.close()
        for name, permits in self.registrars.items():
            if successor.registrars.get(name) is not permits:
                permits.close()

    def close(self) -> None:
        """Idempotent."""
        for location in self.locations.values():
            location.close()
        for permits in self.registrars.values():
            permits.close()


AnySip = SipOptionsProbe | SipRegisterProbe


def _place(settings: SipProbe, timeout_ns: int, tls: TlsSettings | None) -> tuple[object, ...]:
    return settings.target, settings.source, tls, timeout_ns


def _rates(probes: Mapping[str, ProbeSettings]) -> dict[str, int | None]:
    """By registrar. The configuration has one for each, whichever probe says it."""
    return {registrar_of(each.target): each.rate for each in probes.values() if isinstance(each, SipRegisterProbe)}


def _sip_options(settings: SipOptionsProbe, means: Means) -> Probe:
    return OptionsProbe(
        means.sip,
        Trunk(settings.target.host, settings.target.port),
        _way(settings, means, settings.timeout),
        timeout_ns=settings.timeout,
        accepts=lambda status: is_accepted(status, settings.accept),
        rng=means.identifiers,
    )


def _sip_register(settings: SipRegisterProbe, means: Means, password: bytes | None) -> Probe:
    aor = Aor(settings.aor, registrar_uri(settings.aor), settings.timeout, settings.expires // NS_PER_S)
    given = settings.credentials
    credentials = None if given is None or password is None else Credentials(given.username, password, given.realm)
    line = Line(means.sip, means.permits(registrar_of(settings.target), settings.rate), means.rng)
    way = _way(settings, means, settings.timeout)
    if settings.mode == "bind":
        return RegisterBindProbe(aor, credentials, way, line)
    return RegisterQueryProbe(aor, credentials, way, line, contact_host=settings.contact_host)


def _way(settings: SipProbe, means: Means, timeout_ns: int) -> Way:
    """A fixed target, where DNS has nothing to say, or a name and what it leads to."""
    target, source, fixed = settings.target, settings.source, settings.address
    transport = Transport(target.default_transport)
    if fixed is None and not is_ip_address(target.host):
        return means.location(settings, timeout_ns, _tls_of(settings))
    endpoint = (target.host, target.default_port) if fixed is None else (fixed.host, fixed.port)
    return Target(
        transport,
        endpoint,
        source=None if source is None else source.host,
        source_port=0 if source is None else source.port,
        tls=_tls(settings) if transport is Transport.TLS else None,
    )


def _tls_of(settings: SipProbe) -> TlsSettings | None:
    return None if settings.tls is None else _tls(settings)


def _tls(settings: SipProbe) -> TlsSettings:
    tls = settings.tls
    if tls is None:
        return TlsSettings(settings.target.host)
    return TlsSettings(
        server_name=tls.server_name or settings.target.host,
        ca=tls.ca,
        certificate=tls.certificate,
        private_key=tls.private_key,
        minimum_version=TlsVersion(tls.minimum_version),
    )


def _http(settings: HttpSettings, means: Means) -> Probe:
    api = means.apis.web(settings.tls) if settings.api is None else means.apis.named(settings.api)
    body = b"" if settings.body is None else settings.body.encode()
    request = HttpRequest(settings.method, settings.url, Headers.of(settings.headers), body, settings.most_body)
    judge = Judge(settings.expect, settings.extract, has_api=settings.api is not None)
    return HttpProbe(api, request, judge, timeout_ns=settings.timeout)


def _passive(name: str, settings: WebhookSilenceProbe | AlertmanagerProbe, means: Means) -> Probe:
    if isinstance(settings, WebhookSilenceProbe):
        return passive.webhook_silence(settings, means.callers)
    means.alerts[name] = passive.alerts(settings)
    return passive.alertmanager(means.alerts[name])


def build(name: str, settings: ProbeSettings, means: Means) -> Probe:
    match settings:
        case SipOptionsProbe():
            return _sip_options(settings, means)
        case SipRegisterProbe():
            return _sip_register(settings, means, means.passwords.get(name))
        case HttpSettings():
            return _http(settings, means)
        case TrunkHealthProbe():
            return kinds.trunk_health(settings, means.apis.named(settings.api))
        case PlatformTestCallProbe():
            return kinds.platform_test_call(settings, means.apis.named(settings.api))
        case AgentConsistencyProbe():
            return kinds.agent_consistency(settings, means.apis.named(settings.api), means.rng)
        case WebhookSilenceProbe() | AlertmanagerProbe():
            return _passive(name, settings, means)
