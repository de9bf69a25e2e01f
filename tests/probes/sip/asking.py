"""An OPTIONS probe at one address, asked once."""

from __future__ import annotations

import random
from collections.abc import Callable

from probes.sample import ProbeResult
from probes.sip.engine.engine import SipEngine
from probes.sip.options import OptionsProbe, Trunk
from tests.probes.attempt import attempt
from tests.probes.sip.samples import udp

S = 1_000_000_000


def is_success(status: int) -> bool:
    return status in range(200, 300)


def options_probe(
    engine: SipEngine,
    rng: random.Random,
    port: int,
    host: str = "127.0.0.1",
    accepts: Callable[[int], bool] = is_success,
    source: str | None = None,
    timeout_ns: int = 5 * S,
) -> OptionsProbe:
    return OptionsProbe(engine, Trunk(host, port), udp((host, port), source), timeout_ns=timeout_ns, accepts=accepts, rng=rng)


async def asked_once(probe: OptionsProbe) -> ProbeResult:
    (result,) = await attempt(probe)
    return result
