"""What a reload would change, and what it may not: one configuration against another. Pure, and total over both.

Every field of the file stands in one of three places: FIXED cannot change while the daemon runs, RENEWED is taken over whole,
and the sections of NAMED are compared name by name, so that what is equal keeps its state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from config.model import Gate, Settings
from gates.cutover import Cutover
from gates.gate import GateSpec

Get = Callable[[Settings], object]

FIXED: Mapping[str, Get] = {
    "name": lambda s: s.name,
    "store": lambda s: s.store,
    "recording": lambda s: s.recording,
    "server.admin": lambda s: s.server.admin,
    "server.control": lambda s: s.server.control,
    "server.webhook.listen": lambda s: s.server.webhook.listen,
    "server.webhook.tls": lambda s: s.server.webhook.tls,
    "server.webhook.agent_check": lambda s: s.server.webhook.agent_check,
}
RENEWED: Mapping[str, Get] = {
    "cutover": lambda s: s.cutover,
    "interlocks": lambda s: s.interlocks,
    "maintenance": lambda s: s.maintenance,
    "resolvers": lambda s: s.resolvers,
    "server.webhook.allow": lambda s: s.server.webhook.allow,
    "server.webhook.unauthenticated_per_second": lambda s: s.server.webhook.unauthenticated_per_second,
    "server.webhook.per_key_per_second": lambda s: s.server.webhook.per_key_per_second,
    "server.webhook.regions": lambda s: s.server.webhook.regions,
    "server.webhook.numbers": lambda s: s.server.webhook.numbers,
    "server.webhook.conversation": lambda s: s.server.webhook.conversation,
    "server.webhook.absence_key": lambda s: s.server.webhook.absence_key,
    "server.webhook.absence_after": lambda s: s.server.webhook.absence_after,
}
NAMED = ("probes", "gates", "apis", "plans", "server.webhook.keys")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its settings, and what is made of them. `plans` are digests by name; `problem` says why there are none.

    `secrets` are fingerprints by what they belong to, such as ("probes", "trunk-new"): equal where the contents are.
    """

    settings: Settings
    gates: Mapping[str, GateSpec]
    plans: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    secrets: Mapping[tuple[str, str], bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """Names, in the order of their file."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class Changes:
    """`renewed` are keys of RENEWED, and what of a gate does not touch its state. `begun` are gates that begin afresh."""

    named: Mapping[str, Difference]
    renewed: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.renewed or any(self.named.values()))


@dataclass(frozen=True, slots=True)
class Unchangeable:
    """Why nothing is changed: a sentence each."""

    why: tuple[str, ...]


def decide(old: Side, new: Side, cutover: Cutover) -> Changes | Unchangeable:
    why = (*_fixed(old.settings, new.settings), *_latched(old, new, cutover), *_running(old, new, cutover))
    return Unchangeable(why) if why else compare(old, new)


def compare(old: Side, new: Side) -> Changes:
    """What is different, whether or not it may be."""
    was, now = old.settings, new.settings
    apis = _compared(was.apis, now.apis, rotated=_rotated("apis", old, new))
    stirred = {*apis.changed, *apis.added, *apis.removed}
    probes = _compared(was.probes, now.probes, rotated=_rotated("probes", old, new) | _users(now, stirred))
    gates = _compared(old.gates, new.gates, rotated=_crossed(was, now))
    keys = _compared(_keys(was), _keys(now), rotated=_rotated("keys", old, new))
    plans = _compared(was.plans, now.plans)
    fresh = {*probes.changed, *probes.added}
    begun = tuple(name for name, gate in now.gates.items() if name in (*gates.added, *gates.changed) or fresh & _used(gate))
    renewed = [key for key, get in RENEWED.items() if get(was) != get(now)]
    if "absence" in _rotated("absence", old, new):
        renewed.append("server.webhook.absence_key")
    retuned = [f"gates.{name}" for name in now.gates if name not in begun and was.gates[name] != now.gates[name]]
    named = dict(zip(NAMED, (probes, gates, apis, plans, keys), strict=True))
    return Changes(named, tuple(dict.fromkeys([*renewed, *retuned])), begun)


def _compared(old: Mapping[str, object], new: Mapping[str, object], *, rotated: frozenset[str] = frozenset()) -> Difference:
    return Difference(
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        changed=tuple(name for name in new if name in old and (new[name] != old[name] or name in rotated)),
    )


def _rotated(what: str, old: Side, new: Side) -> frozenset[str]:
    """Names whose place of a secret is the same, perhaps, but not its content."""
    return frozenset(
        name for (kind, name), print_ in new.secrets.items() if kind == what and old.secrets.get((kind, name)) != print_
    )


def _users(settings: Settings, apis: set[str]) -> frozenset[str]:
    return frozenset(name for name, probe in settings.probes.items() if getattr(probe, "api", None) in apis)


def _crossed(was: Settings, now: Settings) -> frozenset[str]:
    """Gates that become shadows, or cease to be."""
    return frozenset(name for name in now.gates if name in was.gates and now.gates[name].shadow != was.gates[name].shadow)


def _keys(settings: Settings) -> dict[str, object]:
    return {key.name: key for key in settings.server.webhook.keys}


def _used(gate: Gate) -> set[str]:
    return {*(probe for rule in gate.trip for probe in rule.probes), *gate.compare_with}


def _fixed(old: Settings, new: Settings) -> Iterator[str]:
    for key, get in FIXED.items():
        if get(old) != get(new):
            yield f"{key} cannot change while the daemon runs: it needs a restart"


def _latched(old: Side, new: Side, cutover: Cutover) -> Iterator[str]:
    for name in cutover.latched:
        if name in old.gates and name not in new.gates:
            yield f"gate {name} is latched and would be removed: `reset` first"
        elif name in new.gates and name in old.gates and new.settings.gates[name].shadow > old.settings.gates[name].shadow:
            yield f"gate {name} is latched and would become a shadow: `reset` first"


def _running(old: Side, new: Side, cutover: Cutover) -> Iterator[str]:
    if new.plans == old.plans:
        return
    run = cutover.run
    if run is not None and new.plans.get(run.plan) != run.digest:
        yield f"run {run.id} of plan {run.plan} ({run.digest[:12]}…) is in progress, and {_becomes(run.plan, new)}"
    if not cutover.armed or set(new.plans.values()) == set(cutover.armed):
        return
    for name, digest in old.plans.items():
        if digest in cutover.armed and new.plans.get(name) != digest:
            yield f"plan {name} is armed as {digest[:12]}…, and {_becomes(name, new)}: `disarm` first"
    for name in new.plans:
        if name not in old.plans:
            yield f"plan {name} would be new, and arming is of all plans as they stand: `disarm` first"


def _becomes(plan: str, new: Side) -> str:
    if new.problem and plan in new.settings.plans:
        return f"there would be no plans: {new.problem}"
    digest = new.plans.get(plan)
    return "would be removed" if digest is None else f"would become {digest[:12]}…"
