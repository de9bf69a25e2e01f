"""Targets, certificates and registrations: read at the scrape, so that what is gone is gone from it too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from daemon.metrics.families import PREFIX, by, count
from daemon.reach import Reach
from daemon.registration_view import RegistrarView, RegistrationView
from probes.sample import NS_PER_S, Moment, Outcome

_UNKNOWN = float("nan")

UP: dict[Outcome | None, float] = {Outcome.PASS: 1.0, Outcome.FAIL: 0.0, Outcome.ERROR: _UNKNOWN, None: _UNKNOWN}


class Targets(Collector):
    """`over_http` are the probes whose certificates are not those of SIP."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self.over_http: Callable[[], Collection[str]] = tuple

    def collect(self) -> Iterator[Metric]:
        told = "1: the target's last result was PASS, 0: FAIL, NaN: could not measure; where a name leads to several"
        family = GaugeMetricFamily(PREFIX + "probe_target_up", told, labels=["probe", "target"])
        for probe, target, outcome in self._reach.several():
            family.add_metric([probe, target], UP[outcome])
        yield family
        told, over_http = "When the peer's TLS certificate ends, the first to end of several targets", self.over_http()
        ends = self._reach.certificates()
        of_sip = {probe: at for probe, at in ends.items() if probe not in over_http}
        yield by("sip_certificate_expiry_seconds", told, "probe", of_sip)
        of_http = {probe: at for probe, at in ends.items() if probe in over_http}
        yield by("http_certificate_expiry_seconds", "When the server's TLS certificate ends", "probe", of_http)


class Registrations(Collector):
    def __init__(self, *, clock: Callable[[], Moment]) -> None:
        self.aors: Callable[[], Iterable[RegistrationView]] = tuple
        self.registrars: Callable[[], Iterable[RegistrarView]] = tuple
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        now_ns, aors, registrars = self._clock().mono_ns, list(self.aors()), list(self.registrars())
        registered = {aor.probe: _UNKNOWN if aor.registered is None else float(aor.registered) for aor in aors}
        yield by("sip_registered", "1: the registrar holds a binding, 0: it holds none, NaN: nobody knows", "probe", registered)
        left = {aor.probe: max(aor.expires_ns - now_ns, 0) / NS_PER_S for aor in aors if aor.expires_ns is not None}
        yield by("sip_registration_expires_seconds", "Until the registrar's binding ends", "probe", left)
        yield _by_registrar("sip_registers_sent", "REGISTERs sent", {each.registrar: each.sent for each in registrars})
        told = "REGISTERs that waited for their turn"
        yield _by_registrar("sip_registers_deferred", told, {each.registrar: each.deferred for each in registrars})
        yield from _paces(registrars)


def _paces(registrars: list[RegistrarView]) -> Iterator[Metric]:
    told = "Messages per second that may go to the registrar: configured, or learned so far"
    yield by("sip_register_rate", told, "registrar", {each.registrar: each.rate for each in registrars})
    waiting = {each.registrar: float(each.waiting) for each in registrars}
    yield by("sip_registers_waiting", "REGISTERs that wait for their turn now", "registrar", waiting)
    told = "What is left of the rest after a refusal or by Retry-After: nothing goes to the registrar meanwhile"
    yield by("sip_register_pause_seconds", told, "registrar", {each.registrar: each.pause_ns / NS_PER_S for each in registrars})


def _by_registrar(name: str, told: str, counts: dict[str, int]) -> Metric:
    return count(name, told, ["registrar"], {(registrar,): value for registrar, value in counts.items()})
