"""Which code answers to which `kind:` of the configuration: a map that can be seen."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from config.model import SipOptionsProbe
from config.units import is_accepted
from probes.probe import Probe
from probes.sip.options import OptionsProbe, Trunk
from probes.sip.target import Target, Transport
from probes.sip.transport import SipEngine


@dataclass(frozen=True, slots=True)
class Means:
    """What probes share: the SIP engine and one source of randomness."""

    sip: SipEngine
    rng: random.Random


def _sip_options(settings: SipOptionsProbe, means: Means) -> Probe:
    host, port = settings.target.host, settings.target.port
    target = Target(Transport.UDP, (host, port), settings.source)
    return OptionsProbe(
        means.sip,
        Trunk(host, port),
        target,
        timeout_ns=settings.timeout,
        accepts=lambda status: is_accepted(status, settings.accept),
        rng=means.rng,
    )


KINDS: dict[str, Callable[[SipOptionsProbe, Means], Probe]] = {
    "sip_options": _sip_options,
}


def build(settings: SipOptionsProbe, means: Means) -> Probe:
    return KINDS[settings.kind](settings, means)
