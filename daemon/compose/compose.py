"""From the configuration's words to the values that gates, probes and plans are made of.

Pure but for reading secrets and resolv.conf.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from config import secrets
from config.model import Plan as PlanSettings
from config.model import Probe, Settings, SipRegisterProbe
from config.secrets import SecretUnavailable
from config.steps import DnsStep, PlanStep, TrunkStep
from daemon.compose import gates as compose_gates
from daemon.moments import Window
from daemon.web import absence
from gates.gate import GateSpec
from probes.resolver import Resolver, Servers
from probes.schedule import Cadence
from reverters.dns.expand import expand
from reverters.http import definition
from reverters.plan import Wait
from reverters.planner import PlanSpec, StageSpec, StepSpec
from reverters.trunk import expand as trunk_expand

NS_PER_S = 1_000_000_000


def cadence(probe: Probe) -> Cadence:
    return Cadence(every_ns=probe.every, suspect_every_ns=probe.suspect_every or probe.every)


def gates(settings: Settings) -> dict[str, GateSpec]:
    return {name: compose_gates.of(name, found, settings.probes) for name, found in settings.gates.items()}


def plan(name: str, settings: PlanSettings) -> PlanSpec:
    stages = tuple(
        StageSpec(
            name=stage.name,
            steps=tuple(spec for step in stage.steps for spec in _expanded(step)),
            wait=Wait(stage.then_wait.for_, stage.then_wait.reason) if stage.then_wait else None,
        )
        for stage in settings.stages
    )
    return PlanSpec(name, stages)


def _expanded(step: PlanStep) -> tuple[StepSpec, ...]:
    match step:
        case DnsStep():
            return expand(step)
        case TrunkStep():
            return trunk_expand.expand(step)
        case _:
            return (definition.expand(step),)


def plans(settings: Settings) -> dict[str, PlanSpec]:
    return {name: plan(name, found) for name, found in settings.plans.items()}


def window(settings: Settings) -> Window:
    opens, closes = settings.cutover.opens.timestamp(), settings.cutover.closes.timestamp()
    return Window(int(opens) * NS_PER_S, int(closes) * NS_PER_S)


def resolvers(settings: Settings) -> Servers | None:
    return Servers(tuple((at.host, at.port) for at in settings.resolvers)) if settings.resolvers else None


def resolver(settings: Settings) -> Resolver:
    return Resolver(resolvers(settings))


def webhook_keys(settings: Settings, environ: Mapping[str, str]) -> dict[str, bytes]:
    """Name to secret, the reserved one's included. Raises SecretUnavailable, naming the place."""
    webhook = settings.server.webhook
    found = {key.name: secrets.read(key.secret, environ) for key in webhook.keys}
    if webhook.absence_key is None:
        return found
    reserved = secrets.read(webhook.absence_key, environ)
    if reserved in found.values():
        raise SecretUnavailable(f"{webhook.absence_key}: absence_key is also one of keys, so its callers would get no answers")
    return {**found, absence.KEY: reserved}


def passwords(settings: Settings, environ: Mapping[str, str]) -> dict[str, bytes]:
    """Probe to the password of its credentials. Raises SecretUnavailable, naming the place."""
    return {
        name: secrets.read(probe.credentials.password, environ)
        for name, probe in settings.probes.items()
        if isinstance(probe, SipRegisterProbe) and probe.credentials is not None
    }


def tsig_keys(settings: Settings, environ: Mapping[str, str]) -> dict[str, bytes]:
    """TSIG key name to secret. Raises SecretUnavailable, naming the place."""
    steps = [step for found in settings.plans.values() for stage in found.stages for step in stage.steps]
    keys = [step.provider.rfc2136.key for step in steps if isinstance(step, DnsStep)]
    return {key.name: _base64(key.secret, environ) for key in keys}


def _base64(secret: secrets.Secret, environ: Mapping[str, str]) -> bytes:
    """A TSIG secret as name servers write it. What is not base64 is known now, not in the night that needs it."""
    content = secrets.read(secret, environ)
    try:
        base64.b64decode(content, validate=True)
    except ValueError:
        raise SecretUnavailable(f"{secret}: not base64, as the secret of a TSIG key is") from None
    return content
