"""Probes of these kinds made of what the file says."""

from __future__ import annotations

from config.probing import AgentConsistencyProbe as AgentSettings
from config.probing import PlatformTestCallProbe as CallSettings
from config.probing import TrunkHealthProbe as TrunkSettings
from probes.exchange.api import Api
from probes.platform.agent_consistency import AgentConsistencyProbe
from probes.platform.calling import Reads
from probes.platform.platform_test_call import PlatformTestCallProbe, Script
from probes.platform.rota import Rota, Shuffles
from probes.platform.trunk_health import TrunkHealthProbe
from probes.probe import Probe


def trunk_health(settings: TrunkSettings, api: Api) -> Probe:
    need = settings.combine.of(len(settings.trunks))
    return TrunkHealthProbe(api, settings.trunks, require=settings.require, need=need, timeout_ns=settings.timeout)


def platform_test_call(settings: CallSettings, api: Api) -> Probe:
    reads = Reads(settings.id, settings.state, settings.passed, settings.failed)
    start = settings.start
    script = Script(start.method, start.url, start.body, settings.poll, settings.poll_every, reads)
    return PlatformTestCallProbe(api, script, timeout_ns=settings.timeout)


def agent_consistency(settings: AgentSettings, api: Api, rng: Shuffles) -> Probe:
    rota = Rota(settings.agents, size=settings.sample, rng=rng)
    return AgentConsistencyProbe(api, settings.queue, rota, at_least=settings.at_least, timeout_ns=settings.timeout)
