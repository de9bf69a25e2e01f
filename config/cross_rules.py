"""What can only be judged across the fields of one rule of a gate, or between it and the probes that it judges. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil, log

from config import cross_facts
from config.finding import Finding, repeated
from config.gating import Rule, SuccessRatio, Value
from config.probing import AgentConsistencyProbe, HttpProbe, Probe, SipOptionsProbe, SipRegisterProbe, TrunkHealthProbe
from config.problem import Path, did_you_mean, quoted
from config.quantities import ratio_text
from config.units import duration_text, is_accepted

UNBOUND = 480
"""What a sip_register probe fails with when the registrar holds nothing for its AOR (`probes.sip.registering.result`)."""
COUNTING = ("consecutive", "failures")
"""Rules that count codes."""
HIGHEST_STATUS = 599
"""Of HTTP (RFC 9110 §15); SIP goes on to 699."""
HTTP_FACTS = ("connect_ms", "dns_ms", "tls_ms")
"""Numbers that an http probe tells of each answer, besides its duration (`probes.exchange.verdict`)."""
MOST_SAMPLES = 10_000
"""What a rule on a value keeps (`gates.rules.value`)."""
_SEQUENTIAL, _POINT = ("good", "bad", "alpha", "beta", "at_most"), ("at_least", "of")
Probes = Mapping[str, Probe]


def errors(path: Path, rule: Rule, probes: Probes) -> Iterator[Finding]:
    """`path` ends with the rule's index. `probes` are the sound ones of the file."""
    for index in repeated(rule.codes):
        yield Finding((*path, "codes", index), f"code {rule.codes[index]} is given twice")
    if rule.kind not in COUNTING and rule.codes != Rule.__dataclass_fields__["codes"].default:
        yield Finding((*path, "codes"), f"is for consecutive and failures: {rule.kind} takes every failure alike", at_key=True)
    need, count = rule.combine.need, len(rule.probes)
    if need is not None and need > count:
        message = f"quorum {need} of {count} probe{'s' if count > 1 else ''} cannot be reached: this rule would never be bad"
        yield Finding((*path, "combine"), message, reads=((*path, "probes"),))
    if rule.success_ratio is not None:
        yield from _basis((*path, "success_ratio"), rule.success_ratio)
    if rule.value is not None:
        yield from _fact((*path, "value"), rule.value, _judged(rule, probes))
    if rule.agreement is not None:
        yield from _agreement(path, _judged(rule, probes))


def warnings(path: Path, rule: Rule, probes: Probes) -> Iterator[Finding]:
    judged = _judged(rule, probes)
    if rule.kind in COUNTING:
        yield from _never_counted(path, rule, judged)
        yield from _unbound_not_counted(path, rule, judged)
        if rule.missing != "unknown":
            yield Finding((*path, "missing"), f"has no effect: {rule.kind} is never undecided", reads=((*path, "missing"),))
    if rule.success_ratio is not None:
        yield from _strange_ratio((*path, "success_ratio"), rule.success_ratio)
    if rule.value is not None:
        yield from cross_facts.warnings((*path, "value"), rule.value, judged)
        yield from _strange_value((*path, "value"), rule.value, judged)


def _judged(rule: Rule, probes: Probes) -> Probes:
    return {name: probes[name] for name in rule.probes if name in probes}


def _basis(path: Path, ratio: SuccessRatio) -> Iterator[Finding]:
    other, foreign = ("sequential", _SEQUENTIAL) if ratio.basis == "point" else ("point", _POINT)
    for key in foreign:
        if getattr(ratio, key) != SuccessRatio.__dataclass_fields__[key].default:
            message = (
                f"is for basis: {other}; basis {ratio.basis} knows {', '.join(_POINT if other == 'sequential' else _SEQUENTIAL)}"
            )
            yield Finding((*path, key), message, reads=((*path, "basis"),))


def _fact(path: Path, value: Value, probes: Probes) -> Iterator[Finding]:
    for name, probe in probes.items():
        # Other kinds tell what they find: nobody can say beforehand what that is.
        if isinstance(probe, HttpProbe) and value.fact not in ("duration", *HTTP_FACTS, *probe.extract):
            known = ("duration", *sorted((*HTTP_FACTS, *probe.extract)))
            near = did_you_mean(value.fact, known) or f"; known: {', '.join(known)}"
            yield Finding(
                (*path, "fact"), f"probe {quoted(name)} does not tell {quoted(value.fact)}{near}", reads=(_extract(name),)
            )
        else:
            yield from _unit(path, value, name, probe)


def _unit(path: Path, value: Value, name: str, probe: Probe) -> Iterator[Finding]:
    extract = probe.extract.get(value.fact) if isinstance(probe, HttpProbe) else None
    if value.fact != "duration" and extract is None:
        return
    is_duration = extract is None or extract.unit != "plain"
    for key, bound in (("below", value.below), ("above", value.above)):
        if bound is not None and bound.is_duration != is_duration:
            of = f"{value.fact} of probe {quoted(name)}"
            told = (
                f"{bound} is no duration, and {of} is: write 200ms or 5s"
                if is_duration
                else f"{bound} is a duration, and {of} is none"
            )
            yield Finding((*path, key), told, reads=(_extract(name),))


def _extract(name: str) -> Path:
    return ("probes", name, "extract")


def _agreement(path: Path, probes: Probes) -> Iterator[Finding]:
    for name, probe in probes.items():
        tells = isinstance(probe, AgentConsistencyProbe | TrunkHealthProbe)
        if tells or (isinstance(probe, HttpProbe) and {"agreed", "asked"} <= probe.extract.keys()):
            continue
        how = "extract agreed and asked" if isinstance(probe, HttpProbe) else "agent_consistency and trunk_health probes do"
        message = f"probe {quoted(name)} ({probe.kind}) does not tell how many agree: {how}"
        yield Finding((*path, "agreement"), message, reads=(("probes", name, "kind"), _extract(name)))


def _never_counted(path: Path, rule: Rule, probes: Probes) -> Iterator[Finding]:
    for index, code in enumerate(rule.codes):
        for name, probe in probes.items():
            found = _why_never(code, probe)
            if found is not None:
                key, why = found
                message = f"probe {quoted(name)} {why}, so it never counts as its failure"
                yield Finding((*path, "codes", index), message, reads=(("probes", name, key),))


def _why_never(code: int, probe: Probe) -> tuple[str, str] | None:
    """What of the probe keeps it from ever failing with `code`."""
    if isinstance(probe, SipOptionsProbe) and is_accepted(code, probe.accept):
        return "accept", f"accepts {code}"
    if not isinstance(probe, HttpProbe) or code == probe.expect.counts_as:
        return None
    if is_accepted(code, probe.expect.status):
        return "expect", f"accepts {code}"
    return ("kind", f"speaks HTTP, which has no status {code}") if code > HIGHEST_STATUS else None


def _unbound_not_counted(path: Path, rule: Rule, probes: Probes) -> Iterator[Finding]:
    names = [name for name, probe in probes.items() if isinstance(probe, SipRegisterProbe)]
    if not names or UNBOUND in rule.codes:
        return
    listed, several = ", ".join(quoted(name) for name in names), len(names) > 1
    codes: Path = (*path, "codes")
    message = (
        f"{'probes' if several else 'probe'} {listed} {'fail' if several else 'fails'} with {UNBOUND} when the registrar holds "
        f"nothing, which never trips this gate: write codes: [{', '.join(str(code) for code in (*rule.codes, UNBOUND))}]"
    )
    yield Finding(codes, message, reads=(codes, *(("probes", name, "kind") for name in names)))


def _strange_ratio(path: Path, ratio: SuccessRatio) -> Iterator[Finding]:
    if ratio.basis == "sequential":
        straight = ceil(log((1 - ratio.alpha) / ratio.beta) / log(ratio.good / ratio.bad))
        if ratio.at_most < straight:
            message = (
                f"{ratio.at_most} attempts cannot accept, which takes {straight} passes in a row: the likelier would be guessed"
            )
            yield Finding((*path, "at_most"), message, reads=tuple((*path, key) for key in (*_SEQUENTIAL, "basis")))
        return
    reads = ((*path, "at_least"), (*path, "of"), (*path, "basis"))
    if ratio.at_least == 0:
        yield Finding((*path, "at_least"), "0% is always reached: this rule is never bad", reads=reads)
    elif ratio.of * (1 - ratio.at_least) < 1 - 1e-9:
        message = f"{ratio_text(ratio.at_least)} of {ratio.of} leaves no room for one failure: the first one is bad"
        yield Finding((*path, "of"), message, reads=reads)


def _strange_value(path: Path, value: Value, probes: Probes) -> Iterator[Finding]:
    if value.above is not None and value.percentile > 50:
        message = (
            f"p{value.percentile} is above {value.above} already when {100 - value.percentile + 1}% of the samples are: to say "
            f"that nearly all must be, write percentile: {100 - value.percentile or 1}"
        )
        yield Finding((*path, "percentile"), message, reads=((*path, "percentile"),))
    yield from _too_few(path, value, probes)


def _too_few(path: Path, value: Value, probes: Probes) -> Iterator[Finding]:
    for name, probe in probes.items():
        reads = ((*path, "window"), (*path, "at_least_samples"), ("probes", name, "every"), ("probes", name, "suspect_every"))
        if _results(value, probe.every) < value.at_least_samples:
            message = (
                f"{duration_text(value.window)} holds {_results(value, probe.every)} results of probe {quoted(name)} (every "
                f"{duration_text(probe.every)}), and {value.at_least_samples} are needed: this rule would never decide"
            )
            yield Finding((*path, "at_least_samples"), message, reads=reads)
        elif _results(value, min(probe.every, probe.suspect_every or probe.every)) > MOST_SAMPLES:
            message = f"of probe {quoted(name)} the newest {MOST_SAMPLES} samples are kept, which may be less than this"
            yield Finding((*path, "window"), message, reads=reads)


def _results(value: Value, every_ns: int) -> int:
    """So many the window holds at this pace."""
    return value.window // every_ns + 1
