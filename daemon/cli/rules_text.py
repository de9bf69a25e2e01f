"""A gate's rules, and what they make of what was heard, as people read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.cli.wording import printable

Document = Mapping[str, Any]

_NOT_VALUES = frozenset({"rule", "probes", "combine", "need", "missing"})


def trips(rule: Document) -> list[str]:
    """One line for the only rule; of several, each by its number, and how many it takes."""
    clauses = rule["clauses"]
    if len(clauses) == 1:
        return [f"  trips       on {_clause(clauses[0])}"]
    need = "any" if rule["need"] == 1 else "all" if rule["need"] == len(clauses) else f"{rule['need']}"
    return [
        f"  trips       when {need} of these {len(clauses)} rules {'is' if rule['need'] == 1 else 'are'} bad:",
        *(f"    {number}         {_clause(each)}" for number, each in enumerate(clauses, 1)),
    ]


def recovers(rule: Document) -> str:
    return "" if _is_plain(rule) else ", and no rule bad"


def _is_plain(rule: Document) -> bool:
    return len(rule["clauses"]) == 1 and rule["clauses"][0]["rule"] == "consecutive"


def _clause(each: Document) -> str:
    probes = [printable(probe) for probe in each["probes"]]
    need = "any" if each["need"] == 1 else "all" if each["need"] == len(probes) else f"{each['need']}"
    of = probes[0] if len(probes) == 1 else f"{need} of {', '.join(probes)}"
    if each["rule"] == "consecutive":
        codes = " or ".join(str(code) for code in each["codes"])
        return f"{each['threshold']} consecutive {codes} of {of}, without a PASS between"
    values = ", ".join(f"{printable(name)} {_value(value)}" for name, value in each.items() if name not in _NOT_VALUES)
    missing = "" if each["missing"] == "unknown" else f"; undecided counts as {each['missing']}"
    return f"{printable(each['rule'])} ({values}) of {of}{missing}"


def _value(value: object) -> str:
    return printable("/".join(str(each) for each in value) if isinstance(value, list) else str(value))


def readings(found: Document) -> list[str]:
    """What each rule says of each of its probes; where there is one of them that counts in a row, the evidence says it all."""
    if _is_plain(found["rule"]) and len(found["readings"]) == 1:
        return []
    several = len(found["rule"]["clauses"]) > 1
    told = [
        f"  {_number(each) if several else ''}{printable(each['probe'])}: {each['level']}: {printable(each['arithmetic'])}"
        for each in found["readings"]
    ]
    return told + [f"  {printable(each)}" for each in found["combined"]]


def _number(each: Document) -> str:
    return f"{each['rule'] + 1} "
