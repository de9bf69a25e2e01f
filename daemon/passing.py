"""What a probe's result must be to be a PASS, in words, as its settings have it. Pure."""

from __future__ import annotations

from config.model import Probe
from config.platform_probing import AgentConsistencyProbe, PlatformTestCallProbe, TrunkHealthProbe
from config.probing import (
    AlertmanagerProbe,
    HttpProbe,
    JsonCondition,
    SipOptionsProbe,
    SipRegisterProbe,
    WebhookSilenceProbe,
)
from config.units import duration_text
from gates.rules.figures import percent


def passes(probe: Probe) -> str:
    """`2xx`, or `2xx, and /status is UP, within 2s`."""
    match probe:
        case SipOptionsProbe():
            return _listed(probe.accept)
        case SipRegisterProbe():
            return "a binding that the registrar holds"
        case HttpProbe():
            return _answer(probe)
        case WebhookSilenceProbe():
            most = "" if probe.at_most is None else f", at most {probe.at_most}"
            return f"at least {probe.at_least}{most} callers a minute over {duration_text(probe.window)}"
        case AlertmanagerProbe():
            return f"no firing alert with {', '.join(f'{name}={value}' for name, value in probe.labels.items())}"
        case _:
            return _platform(probe)


def _platform(probe: TrunkHealthProbe | PlatformTestCallProbe | AgentConsistencyProbe) -> str:
    match probe:
        case TrunkHealthProbe():
            return f"trunks that are {' and '.join(probe.require)}"
        case PlatformTestCallProbe():
            return f"a call that ends in {_listed(probe.passed)}"
        case AgentConsistencyProbe():
            return f"at least {percent(probe.at_least)} of agents of whom the platform says the same everywhere"


def durations(probe: Probe | None) -> list[str]:
    """The facts of its results that are durations, in nanoseconds."""
    extracted = probe.extract if isinstance(probe, HttpProbe) else {}
    return [name for name, each in extracted.items() if each.unit != "plain"]


def _answer(probe: HttpProbe) -> str:
    wanted = [_listed(probe.expect.status), *(_condition(each) for each in probe.expect.json)]
    within = "" if probe.expect.within is None else f", within {duration_text(probe.expect.within)}"
    return f"{', and '.join(wanted)}{within}"


def _condition(condition: JsonCondition) -> str:
    place = f"{condition.pointer or 'the whole answer'}"
    if condition.equals is not None:
        return f"{place} is {condition.equals}"
    if condition.one_of:
        return f"{place} is {_listed(condition.one_of)}"
    if condition.below is not None:
        return f"{place} is below {condition.below}"
    return f"{place} is there" if condition.above is None else f"{place} is above {condition.above}"


def _listed(values: tuple[object, ...]) -> str:
    return " or ".join(str(each) for each in values)
