"""What must stand at a place of a JSON answer, and numbers taken out of it. Pure; settings in, sentences and facts out."""

from __future__ import annotations

from math import isfinite

import orjson

from config.probing import Extract, JsonCondition
from config.units import duration_text
from config.web_values import Scalar
from probes.exchange.document import MISSING, Json, Missing, at
from probes.sample import NS_PER_MS, NS_PER_S

LONGEST_SHOWN = 40
_UNIT_NS = {"s": NS_PER_S, "ms": NS_PER_MS}

Fact = str | int


def unmet(document: Json, conditions: tuple[JsonCondition, ...]) -> str:
    """The first condition that does not hold, with what was found; "" where all do."""
    for condition in conditions:
        found = at(document, condition.pointer)
        wanted = _unmet(found, condition)
        if wanted:
            place = condition.pointer or "the whole"
            return f"{place} is {'not there' if found is MISSING else _shown(found)}, not {wanted}"
    return ""


def extracted(document: Json, extract: dict[str, Extract]) -> dict[str, Fact]:
    """Durations in nanoseconds; whole numbers as they are, others as text. What is no number says nothing."""
    facts: dict[str, Fact] = {}
    for name, each in extract.items():
        number = _number(at(document, each.pointer))
        if number is None:
            continue
        if each.unit != "plain":
            facts[name] = int(number * _UNIT_NS[each.unit])
        else:
            facts[name] = number if isinstance(number, int) else repr(number)
    return facts


def _unmet(found: Json | Missing, condition: JsonCondition) -> str:
    """What was wanted; "" where it is there."""
    if condition.equals is not None:
        return "" if _same(found, condition.equals) else _shown(condition.equals)
    if condition.one_of:
        wanted = f"one of {', '.join(_shown(each) for each in condition.one_of)}"
        return "" if any(_same(found, each) for each in condition.one_of) else wanted
    bound = condition.below or condition.above
    if bound is None:
        return "there" if found is MISSING else ""
    number = _number(found)
    if bound.is_duration and number is not None:
        number *= _UNIT_NS.get(condition.unit, NS_PER_S)
    is_below = condition.below is not None
    if number is not None and (number < bound.amount if is_below else number > bound.amount):
        return ""
    amount = duration_text(int(bound.amount)) if bound.is_duration else f"{bound.amount:g}"
    return f"{'below' if is_below else 'above'} {amount}"


def _same(found: Json | Missing, wanted: Scalar) -> bool:
    """As JSON has it: 1 is 1.0, but neither true nor "1"."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    return found == wanted


def _number(found: Json | Missing) -> int | float | None:
    if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
        return None
    return found


def _shown(value: Json | Missing) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # a whole number of the configuration that JSON readers would round
        text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
