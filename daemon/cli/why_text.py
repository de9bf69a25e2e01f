"""The documents of `daemon.explain.why` as people read them. Pure; KeyError, TypeError or ValueError for one of another shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from daemon.cli import rules_text
from daemon.cli.wording import NS_PER_MS, at, at_instant, lasting, printable

Document = Mapping[str, Any]

_MOVING = frozenset({"asked_s", "connect_us", "expires_s", "failures", "pace", "retry_in_s", "stable_s", "waiting"})
"""Facts that differ from one result to the next while all goes on as before."""
_WORTH_TELLING_US = 1_000


def lines(found: Document) -> str:
    sections = _GATE if found["kind"] == "gate" else _PROBE
    told: list[str] = []
    for heading, section in sections:
        body = section(found)
        if body:
            told += ([""] if told else []) + ([heading] if heading else []) + body
    return "\n".join([*told, "", f"at {at_instant(found['at'])}"])


# A gate


def _verdict(found: Document) -> list[str]:
    lease = f", OK for {_ms(found['valid_for_ms'])} more" if found["valid_for_ms"] > 0 else ""
    reason = f" ({printable(found['reason'])})" if found["reason"] else ""
    aged = f"; youngest result {_ms(found['age_ms'])} old" if found["age_ms"] >= 0 else "; no result yet"
    switches = f"phase {found['phase']}, {'armed' if found['armed'] else 'not armed'}"
    if found["shadow"]:
        return [
            f"gate {printable(found['gate'])}: shadow, {found['state']}, {printable(found['distance'])}",
            f"  the IVR is told nothing: {printable(found['because'])}",
            f"  {switches}",
        ]
    return [
        f"gate {printable(found['gate'])}: {found['answer']}{reason}, {found['state']}, {printable(found['distance'])}",
        f"  the IVR is told {found['answer']}: {printable(found['because'])}",
        f"  route {found['route']}{lease}{aged}; {switches}",
    ]


def _overlays(found: Document) -> list[str]:
    return [_overlay(each) for each in found["overlays"]]


def _overlay(each: Document) -> str:
    until = f" (until {at_instant(each['until'])})" if "until" in each else ""
    return f"  {each['name']:<10}{printable(each['says'])}{until}; lifted by {printable(each['lifted_by'])}"


def _rule(found: Document) -> list[str]:
    rule = found["rule"]
    compared = printable(", ".join(rule["compare_with"]))
    told = [
        *rules_text.trips(rule),
        f"  compares    with {compared}: good only by a PASS to a request sent after the first counted failure"
        if compared
        else "  compares    with nothing: the baseline path is taken to be good",
        f"  recovers    by {rule['recover']} consecutive PASS of each needed probe{rules_text.recovers(rule)}",
        f"  max_age     {rule['max_age']} ({printable(rule['max_age_from'])})",
    ]
    runs = [f"  on trip     run {printable(each['plan'])} after {each['confirm_for']} without a PASS" for each in rule["on_trip"]]
    return told + (runs or ["  on trip     nothing runs: the gate only answers"])


def _evidence(found: Document) -> list[str]:
    return [line for each in found["evidence"] for line in _input(each)]


def _input(known: Document) -> list[str]:
    head = f"  {printable(known['probe'])} ({known['path']} path): "
    targets = [f"    {printable(each['target'])}: {_target(each)}" for each in known.get("targets", ())]
    if known["age_ms"] < 0:
        return [head + "no result that counts yet", *targets, *_results(known, "results", indent=4)]
    told = [head + _known(known)]
    for name, said in (("first_failed", "first failed"), ("first_counted", "first counted"), ("last_pass", "last PASS")):
        if moment := known[name]:
            told.append(f"    {said:<14}{_ms(moment['age_ms'])} ago, {_at(moment['at'])}")
    return told + targets + _results(known, "results", indent=4)


def _target(known: Document) -> str:
    last = f"{printable(known['last'])}; " if known["last"] else ""
    return last + (_known(known) if known["age_ms"] >= 0 else "no result that counts yet")


def _known(known: Document) -> str:
    fresh = "fresh" if known["fresh"] else "stale"
    kinds = ", ".join(f"{printable(kind)}: {count}" for kind, count in known["codes"].items())
    apart = f" ({kinds})" if len(known["codes"]) > 1 else ""
    counted = f"{known['counted']} counted{apart}, {known['failing']} failing, {known['passes']} PASS"
    return f"{counted}; newest sent {_ms(known['age_ms'])} ago, {fresh}"


def _transition(found: Document) -> list[str]:
    last = found["last_transition"]
    if last is None:
        return ["  none since the daemon started"]
    return [
        f"  {last['before']} → {last['after']}, {_ms(last['age_ms'])} ago, {_at(last['at'])}",
        f"  {printable(last['evidence'])} ({printable(last['cause'])})",
    ]


def _changes(found: Document) -> list[str]:
    told = [f"  {each['to']:<13} {printable(each['by'])}{_span(each)}" for each in found["would_change"]]
    return told + [f"  {printable(each['says'])}" for each in found["runs"]] + [_paces(found["cadence"])]


def _span(each: Document) -> str:
    if each["earliest_ms"] is None:
        return ""
    early, late = _ms(each["earliest_ms"]), _ms(each["latest_ms"])
    if not each["earliest_ms"]:
        return f": within {late}"
    return f": in {early}" if early == late else f": in {early} to {late}"


def _paces(cadences: list[Document]) -> str:
    told = [f"{printable(each['probe'])} {_pace(each)}" for each in cadences]
    return f"  (if every result from now on is such a one; asked now: {'; '.join(told)})"


def _pace(cadence: Document) -> str:
    then = "" if cadence["hastened"] else f", from the first failure every {_ms(cadence['suspect_every_ms'])}"
    same = cadence["suspect_every_ms"] == cadence["every_ms"]
    return f"every {_ms(cadence['now_ms'])}{'' if same else then}, timeout {_ms(cadence['timeout_ms'])}"


# A probe


def _asked(found: Document) -> list[str]:
    source = f" from {printable(found['source'])}" if found["source"] else ""
    hastened = f" (hastened by {printable(', '.join(found['hastened_by']))})" if found["hastened_by"] else ""
    mode = f", mode {printable(found['mode'])}" if found["mode"] else ""
    told = [
        f"probe {printable(found['probe'])}: {found['verdict']}{_newest(found['newest'])}",
        f"  asks        {printable(found['target'])}{source}, {printable(found['probe_kind'])}{mode}, {found['path']} path",
        f"  passes      on {printable(found['passes'])}",
        f"  cadence     {_pace(found['cadence'])}{hastened}",
    ]
    if found["is_rejected"]:
        told.append(
            "  rejected    nothing is sent any more; `cutoverd reload` when the credentials are mended here, "
            f"`cutoverd retry --probe {printable(found['probe'])}` when they are mended there"
        )
    return told


def _newest(known: Document | None) -> str:
    if known is None:
        return ""
    of = f"{printable(known['target'])}: " if known["target"] else ""
    least, or_before = ("", "") if known["is_whole"] else ("at least ", " or before")
    return f": {of}{printable(known['says'])}, {least}{known['in_a_row']} in a row since {at_instant(known['since'])}{or_before}"


def _needed(found: Document) -> list[str]:
    told = [line for each in found["needed_by"] for line in _need(each)]
    return told or ["  no gate: nothing is judged by it"]


def _need(each: Document) -> list[str]:
    targets = [f"    {printable(known['target'])}: {printable(known['counted'])}" for known in each.get("targets", ())]
    return [f"  gate {printable(each['gate'])}: {each['as']}; {each['state']}; {printable(each['counted'])}", *targets]


def _targets(found: Document) -> list[str]:
    return [
        f"  {printable(each['target'])}: {printable(each['last'])}, sent {_ms(each['age_ms'])} ago"
        for each in found.get("targets", ())
    ]


def _last(found: Document) -> list[str]:
    return _results(found, "results", indent=2) or ["  none yet"]


def _failed(found: Document) -> list[str]:
    if found["failures"] and found["failures"] == found["results"]:
        return ["  the same: each of the last results is one"]
    return _results(found, "failures", indent=2) or ["  none since the daemon started"]


def _messages(found: Document) -> list[str]:
    """Of the last failure; of the last result where nothing has failed."""
    seen = next((each for each in (*found["failures"], *found["results"]) if "trace" in each), None)
    if seen is None:
        return []
    of = f"{printable(seen['target'])}, " if seen.get("target") else ""
    told = [f"  {of}{_ms(seen['age_ms'])} ago, {_at(seen['sent'])}"]
    for mark, message in ((">", seen["trace"]["sent"]), ("<", seen["trace"]["received"])):
        told += [f"  {mark} {printable(line)}".rstrip() for line in message.rstrip("\r\n").split("\r\n")] if message else []
        told += [] if message else [f"  {mark} nothing"]
    return told


def _results(known: Document, which: str, *, indent: int) -> list[str]:
    """Newest first. Results of one target that follow each other and say the same are one line."""
    results: list[Document] = known[which]
    rows: list[list[Document]] = []
    open_rows: dict[str, list[Document]] = {}
    for each in results:
        row = open_rows.get(each["target"])
        if row is None or _same(row[0]) != _same(each):
            row = open_rows[each["target"]] = []
            rows.append(row)
        row.append(each)
    return [" " * indent + _row(row, known["durations"]) for row in rows]


def _same(each: Document) -> Document:
    facts = {name: value for name, value in each["facts"].items() if name not in _MOVING}
    return {**{key: each.get(key) for key in ("outcome", "code", "origin", "reason", "counts")}, "facts": facts}


def _row(row: list[Document], durations: list[str]) -> str:
    """`0.4 s ago, 2026-12-05 22:00:00.123Z (23:00:00 CET): FAIL 503, rejected, origin wire, …`."""
    newest, oldest = row[0], row[-1]
    if len(row) == 1:
        when = f"{_ms(newest['age_ms'])} ago, {_at(newest['sent'])}"
    else:
        when = f"{len(row)} ×, newest {_ms(newest['age_ms'])} ago, oldest {_ms(oldest['age_ms'])} ago, {_at(oldest['sent'])}"
    return f"{when}: {_result(newest, [each['took_us'] for each in row], durations)}"


def _result(each: Document, took_us: list[int], durations: list[str]) -> str:
    told = [each["outcome"].upper() + (f" {each['code']}" if each["code"] is not None else "")]
    told += [printable(each["reason"])] if each["reason"] else []
    took = "RTT" if each["origin"] == "wire" else "after"
    least, most = (f"{us / 1000:.1f}" for us in (min(took_us), max(took_us)))
    told += [f"origin {each['origin']}", f"{took} {least if least == most else f'{least} to {most}'} ms"]
    retry_after = [f"Retry-After {each['facts']['retry_after_s']} s"] if "retry_after_s" in each["facts"] else []
    facts = {name: lasting(value) if name in durations else value for name, value in each["facts"].items()}
    told += retry_after + [line for name, value in facts.items() if (line := _fact(name, value))]
    counts = f"; counts: {each['counts']}" if "counts" in each else ""
    of = f"{printable(each['target'])}: " if each.get("target") else ""
    return f"{of}{', '.join(told)}{counts}"


def _fact(name: str, value: str | int) -> str:
    match name, value:
        case "retry_after_s", _:
            return ""
        case "connect_us", int():
            return f"connect {value / 1000:.1f} ms" if value >= _WORTH_TELLING_US else ""
        case "asked_s", int():
            return f"asked {_ms(value * 1_000)} before"
        case "certificate_not_after", int():
            return f"certificate until {at_instant(datetime.fromtimestamp(value, UTC).isoformat())}"
        case _:
            return f"{printable(name)} {printable(value)}"


# Values


def _ms(ms: int) -> str:
    return lasting(ms * NS_PER_MS)


def _at(text: str) -> str:
    """To the millisecond: results of one second are told apart."""
    instant = datetime.fromisoformat(text)
    return at(int(instant.timestamp()) * 1_000 * NS_PER_MS + instant.microsecond * 1_000)


_GATE = (
    ("", _verdict),
    ("what stands over the verdict", _overlays),
    ("the rule", _rule),
    ("what the rules make of it", rules_text.readings),
    ("the evidence, newest first", _evidence),
    ("what changed last", _transition),
    ("what would change the verdict", _changes),
)
_PROBE = (
    ("", _asked),
    ("where its name leads", _targets),
    ("who needs it", _needed),
    ("the last results, newest first", _last),
    ("the last failures and errors, newest first", _failed),
    ("the messages of the last failure, or else of the last result (> sent, < received)", _messages),
)
