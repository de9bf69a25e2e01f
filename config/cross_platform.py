"""What can only be judged across the fields of probes that ask a platform's API, and what they ask of its budget. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from config.api import Api
from config.finding import Finding, repeated
from config.probing import AgentConsistencyProbe, ApiProbe, PlatformTestCallProbe, Probe, TrunkHealthProbe
from config.problem import Path, quoted
from config.units import duration_text

USERS_PAGE, MEMBERS_PAGE = 50, 100
"""How many a page holds that `probes.platform.agent_consistency` asks for."""

PlatformProbe = TrunkHealthProbe | PlatformTestCallProbe | AgentConsistencyProbe


def errors(path: Path, probe: PlatformProbe) -> Iterator[Finding]:
    match probe:
        case TrunkHealthProbe():
            yield from _twice((*path, "trunks"), "trunk", probe.trunks)
            yield from _twice((*path, "require"), "condition", probe.require)
            yield from _quorum(path, probe)
        case PlatformTestCallProbe():
            yield from _call(path, probe)
            yield from _alone(path, probe, "test calls would pile up")
        case AgentConsistencyProbe():
            yield from _twice((*path, "agents"), "agent", probe.agents)
            yield from _alone(path, probe, "one sample would be read into the next")


def warnings(probes: Mapping[str, Probe], apis: Mapping[str, Api]) -> Iterator[Finding]:
    for name, api in apis.items():
        asking = {each: probe for each, probe in probes.items() if isinstance(probe, ApiProbe) and probe.api == name}
        yield from _budget(name, api, asking)


def requests(probe: ApiProbe) -> int:
    """How many one attempt makes: at the most for a test call, that many at the least for agents whose queue has more members."""
    match probe:
        case PlatformTestCallProbe():
            return 1 + probe.timeout // probe.poll_every
        case AgentConsistencyProbe():
            drawn = min(probe.sample, len(probe.agents))
            return drawn + ceil(drawn / USERS_PAGE) + ceil(len(probe.agents) / MEMBERS_PAGE)
        case _:
            return 1


def _twice(path: Path, what: str, values: Sequence[str]) -> Iterator[Finding]:
    for index in repeated(values):
        yield Finding((*path, index), f"{what} {quoted(values[index])} is given twice")


def _quorum(path: Path, probe: TrunkHealthProbe) -> Iterator[Finding]:
    need, count = probe.combine.need, len(probe.trunks)
    if need is not None and need > count:
        message = f"quorum {need} of {count} trunk{'s' if count > 1 else ''} cannot be reached: this probe would never fail"
        yield Finding((*path, "combine"), message, reads=((*path, "trunks"),))


def _call(path: Path, probe: PlatformTestCallProbe) -> Iterator[Finding]:
    if "{id}" not in probe.poll:
        yield Finding((*path, "poll"), "does not hold {id}: without it each call would be asked after as if it were the same")
    yield from _body((*path, "start", "body"), probe.start.body)
    for index, state in enumerate(probe.failed):
        if any(state == good and isinstance(state, bool) == isinstance(good, bool) for good in probe.passed):
            written = quoted(state) if isinstance(state, str) else json.dumps(state)
            yield Finding((*path, "failed", index), f"{written} stands in passed as well", reads=((*path, "passed"),))
    if probe.poll_every >= probe.timeout:
        message = (
            f"{duration_text(probe.poll_every)} is not shorter than timeout ({duration_text(probe.timeout)}): nothing is polled"
        )
        yield Finding((*path, "poll_every"), message, reads=((*path, "timeout"),))


def _body(path: Path, body: str | None) -> Iterator[Finding]:
    if body is None:
        return
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        yield Finding(path, f"is not JSON ({error.msg}, line {error.lineno} column {error.colno}), which it is sent as")
    except RecursionError:
        yield Finding(path, "is JSON that is nested too deeply")


def _alone(path: Path, probe: PlatformTestCallProbe | AgentConsistencyProbe, why: str) -> Iterator[Finding]:
    """Attempts of these kinds do not overlap: one that comes too early is ERROR."""
    paces = {"every": probe.every, "suspect_every": probe.suspect_every}
    for key, pace in paces.items():
        if pace is not None and pace < probe.timeout:
            message = f"{duration_text(pace)} is shorter than timeout ({duration_text(probe.timeout)}): {why}"
            yield Finding((*path, key), message, reads=((*path, "timeout"),))


def _budget(name: str, api: Api, asking: Mapping[str, ApiProbe]) -> Iterator[Finding]:
    """At the pace that holds while something is suspect, for then the answers matter most."""
    paces = {each: min(probe.every, probe.suspect_every or probe.every) for each, probe in asking.items()}
    per = api.budget.per
    counts = {each: ceil(requests(probe) * per / paces[each]) for each, probe in asking.items()}
    total = sum(counts.values())
    if total <= api.budget.requests:
        return
    most = sorted(counts, key=lambda each: (-counts[each], each))[:3]
    listed = ", ".join(f"{quoted(each)} {requests(asking[each])} every {duration_text(paces[each])}" for each in most)
    more = f", and {len(counts) - len(most)} more" if len(counts) > len(most) else ""
    message = (
        f"probes would ask {quoted(name)} {total} times in {duration_text(per)} and its budget is {api.budget.requests}: "
        f"what finds no room is ERROR ({listed}{more})"
    )
    reads = tuple(("probes", each, key) for each in asking for key in ("every", "suspect_every"))
    yield Finding(("apis", name, "budget"), message, reads=(("apis", name, "budget"), *reads))
