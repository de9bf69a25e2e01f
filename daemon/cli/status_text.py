"""The document of `daemon.status` as people read it. Pure; KeyError, TypeError or ValueError for one of another shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.cli.wording import at_instant, printable

Document = Mapping[str, Any]


def lines(found: Document) -> str:
    """The whole state, the verdict first."""
    window = found["window"]
    told = [
        one_line(found),
        f"  window      {at_instant(window['opens'])} to {at_instant(window['closes'])}{'' if window['inside'] else ': outside'}",
        f"  baseline    {printable(found['baseline']) or 'none'}",
        f"  generation  {found['generation']}",
    ]
    told += [f"  run         {_run(found['run'])}"] if found["run"] else []
    told += [f"  impaired    {printable(found['impaired'])}: every answer is DEGRADED"] if found["impaired"] else []
    told += [f"  problem     {printable(found['problem'])}"] if found["problem"] else []
    if found["control_failing"]:
        failing = printable(", ".join(found["control_failing"]))
        verb = "fails" if len(found["control_failing"]) == 1 else "fail"
        told.append(f"  control     {failing} {verb}: failures are not held against trunks")
    for each in found["interlocked"]:
        told.append(f"  interlock   {printable(each['interlock'])}: run of {printable(each['plan'])}: {printable(each['says'])}")
    told += _reload(found["configuration"])
    for gate in found["gates"]:
        told += ["", *_gate(gate)]
    plans = [_plan(plan, found["armed"]) for plan in found["plans"]]
    told += ["", *plans] if plans else []
    return "\n".join([*told, "", f"at {at_instant(found['at'])}"])


def _reload(configuration: Document) -> list[str]:
    failure = configuration.get("failure")
    if not failure:
        return []
    first, more = failure["why"][0], len(failure["why"]) - 1
    also = f" (and {more} more)" if more else ""
    return [printable(f"  reload      the last one ({at_instant(failure['at'])}) changed nothing: {first}{also}")]


def one_line(found: Document) -> str:
    """`DEGRADED acme-emea: open, armed; inbound DEGRADED (SUSPECT, 503: 2/3)`."""
    switches = [str(found["phase"]), "armed" if found["armed"] else "not armed"]
    switches += ["halted"] if found["halted"] else []
    if run := found["run"]:
        switches.append(f"run of {run['plan']} {'stopped' if run['stopped'] else 'in progress'}")
    gates = [f"{gate['gate']} {_answer(gate)} ({gate['state']}, {gate['distance']})" for gate in found["gates"]]
    return printable("; ".join([f"{found['verdict']} {found['name']}: {', '.join(switches)}", *gates]))


def _answer(gate: Document) -> str:
    """A shadow has none."""
    return "shadow" if gate["shadow"] else str(gate["answer"])


def _run(run: Document) -> str:
    stopped = f"stopped at {run['halted_at'] or 'its start'}: {run['detail']}" if run["stopped"] else "in progress"
    return printable(f"{run['id']}: {stopped}")


def _gate(gate: Document) -> list[str]:
    because = f" ({printable(gate['reason'])})" if gate["reason"] and not gate["shadow"] else ""
    lease = f", OK for {_ms(gate['valid_for_ms'])} more" if gate["valid_for_ms"] > 0 else ""
    told = [f"gate {printable(gate['gate'])}: {_answer(gate)}{because}, {gate['state']}, {printable(gate['distance'])}{lease}"]
    if gate["shadow"]:
        told.append("  shadow      judges, and touches nothing")
    if gate["admitted"] < 10_000:
        told.append(f"  admitted    {gate['admitted'] / 100:g}% of the callers")
    if gate["tripped"]:
        told.append(f"  tripped     {at_instant(gate['tripped'])}")
    if gate["latched"]:
        told.append("  latched     until `reset`")
    if hold := gate["hold"]:
        told.append(f"  held        {hold['answer']} until {at_instant(hold['until'])}: {printable(hold['reason'])}")
    return told + [line for known in gate["inputs"] for line in _input(known)]


def _input(known: Document) -> list[str]:
    targets = [f"    {printable(each['target'])}: {_heard(each)}" for each in known.get("targets", ())]
    return [f"  {printable(known['probe'])} ({known['path']} path): {_heard(known)}", *targets]


def _heard(known: Document) -> str:
    if known["age_ms"] < 0:
        return "no result yet"
    kinds = known.get("codes", {})
    apart = [f"{kind}: {count}" for kind, count in kinds.items()] if len(kinds) > 1 else known["streak"]
    streak = f": {', '.join(apart)}" if apart else ""
    count = f"{known['failing']} failing{streak}" if known["failing"] else f"{known['passes']} PASS"
    stale = "" if known["fresh"] else ", stale"
    return f"{printable(count)}, sent {_ms(known['age_ms'])} ago{stale}"


def _plan(plan: Document, armed: list[str]) -> str:
    return f"plan {printable(plan['name'])}: {printable(plan['digest'])}{', armed' if plan['digest'] in armed else ''}"


def _ms(ms: int) -> str:
    return f"{ms / 1000:.1f} s"
