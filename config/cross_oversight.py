"""What can only be judged across fields of `interlocks` and `maintenance`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from config.finding import Finding, repeated
from config.gating import Interlocks, Period
from config.problem import Path, did_you_mean, quoted

OWN = ("blocked", "between-runs", "blast-radius", "control")
"""Names of interlocks that are always there (`gates.interlock`): a rule that bears one could not be told from it."""


def errors(
    interlocks: Interlocks,
    maintenance: Iterable[Period],
    *,
    gates: Collection[str],
    plans: Collection[str],
    probes: Collection[str],
    shadows: Collection[str],
) -> Iterator[Finding]:
    """`gates`, `plans` and `probes` are the names that the file declares; `shadows` those of its shadow gates."""
    yield from _names(interlocks)
    for index, window in enumerate(interlocks.blocked):
        yield from _span(("interlocks", "blocked", index), window.from_, window.until)
    for index, assertion in enumerate(interlocks.assertions):
        path: Path = ("interlocks", "assertions", index)
        yield from _known((*path, "gates"), "gate", assertion.gates, gates, shadows)
        if assertion.at_least >= len(assertion.gates):
            message = (
                f"{assertion.at_least} of {len(assertion.gates)} gates can never be HEALTHY without the one that runs: "
                f"at most {len(assertion.gates) - 1}"
            )
            yield Finding((*path, "at_least"), message, reads=((*path, "gates"),))
    for index, gating in enumerate(interlocks.gating):
        path = ("interlocks", "gating", index)
        yield from _known((*path, "plans"), "plan", gating.plans, plans)
        yield from _known((*path, "needs"), "gate", gating.needs, gates, shadows)
    for index, period in enumerate(maintenance):
        path = ("maintenance", index)
        yield from _span(path, period.from_, period.until)
        yield from _known((*path, "probes"), "probe", period.probes, probes)


def _names(interlocks: Interlocks) -> Iterator[Finding]:
    seen: set[str] = set()
    named = [("assertions", index, rule.name) for index, rule in enumerate(interlocks.assertions)]
    named += [("gating", index, rule.name) for index, rule in enumerate(interlocks.gating)]
    for section, index, name in named:
        path: Path = ("interlocks", section, index, "name")
        if name in OWN:
            yield Finding(path, f"{quoted(name)} is the name of an interlock that is always there: give another")
        elif name in seen:
            yield Finding(path, f"interlock {quoted(name)} is named twice: an override could not tell them apart")
        seen.add(name)


def _span(path: Path, began: datetime, until: datetime) -> Iterator[Finding]:
    if began >= until:
        yield Finding((*path, "until"), "ends before it begins: until must be after from")


def _known(
    path: Path, what: str, names: tuple[str, ...], known: Collection[str], shadows: Collection[str] = ()
) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name not in known:
            listed = f"; known: {', '.join(sorted(known))}" if known else f"; the file has no {what}s"
            yield Finding((*path, index), f"unknown {what} {quoted(name)}{did_you_mean(name, sorted(known)) or listed}")
        elif name in shadows:
            yield Finding((*path, index), f"gate {quoted(name)} is a shadow, which touches nothing")
    for index in repeated(names):
        yield Finding((*path, index), f"{what} {quoted(names[index])} is named twice")
