"""The export of a Genesys Cloud data action: what it hands to the flow when the webhook's answer is not what it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from daemon.flow.finding import Finding, Pointer, fail_open, unjudged
from daemon.flow.subject import FIELD, places

NAME = "cutoverStatus"
MEANT = r'"\"DEGRADED\""'
_FIXED = re.compile(r'"cutoverStatus"\s*:\s*"\s*OK\s*"')
_AGE = re.compile(r"(max-age|s-maxage|max-stale)\s*(?:=\s*([0-9]+))?")


def is_data_action(node: Any) -> bool:
    """Whether this mapping is a data action that asks for cutoverStatus."""
    config = node.get("config") if isinstance(node, dict) else None
    if not isinstance(config, dict) or not isinstance(config.get("response"), dict):
        return False
    return any(FIELD in str(part).lower() for at, value in places(node) for part in (*at[-1:], value) if isinstance(part, str))


def judge(action: dict[str, Any], pointer: Pointer) -> Iterator[Finding]:
    config = action["config"]
    response: dict[str, Any] = config["response"]
    at = (*pointer, "config", "response")
    yield from _map(_mapping(response.get("translationMap")), (*at, "translationMap"))
    yield from _default(_mapping(response.get("translationMapDefaults")), (*at, "translationMapDefaults"))
    yield from _template(response.get("successTemplate"), (*at, "successTemplate"))
    request = _mapping(config.get("request"))
    yield from _caching(_mapping(request.get("headers")), (*pointer, "config", "request", "headers"))
    yield from _schema_default(action.get("contract"), (*pointer, "contract"))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _map(mapping: dict[str, Any], at: Pointer) -> Iterator[Finding]:
    path = mapping.get(NAME)
    if path is None:
        yield unjudged(at, f'{NAME} is not mapped, so no default holds for it: write "{NAME}": "$.{NAME}"')
    elif path != f"$.{NAME}":
        yield unjudged((*at, NAME), f'{path!r} is not the field of the answer: "$.{NAME}" was meant')


def _default(defaults: dict[str, Any], at: Pointer) -> Iterator[Finding]:
    if NAME not in defaults:
        yield fail_open(at, f'no default for {NAME}: an answer without it leaves the flow with nothing; write "{NAME}": {MEANT}')
        return
    text = _decoded(defaults[NAME])
    if text.strip().upper() == "OK":
        yield fail_open((*at, NAME), f"the default is OK: an answer without {NAME} takes the new path; {MEANT} was meant")
    elif text != "DEGRADED" or defaults[NAME] == text:
        yield unjudged((*at, NAME), f"{defaults[NAME]!r} is not DEGRADED as a JSON string: {MEANT} was meant")


def _decoded(value: Any) -> str:
    """A default is template text: a string there carries its own quotes."""
    try:
        return str(json.loads(str(value)))
    except ValueError:
        return str(value)


def _template(template: Any, at: Pointer) -> Iterator[Finding]:
    if not isinstance(template, str):
        yield unjudged(at, f'no template: {{"{NAME}": ${{{NAME}}}}} was meant')
    elif _FIXED.search(template):
        yield fail_open(at, f"{NAME} is always OK here, whatever the webhook answered: ${{{NAME}}} was meant")
    elif f"${{{NAME}}}" not in template or "#" in template:
        yield unjudged(at, f'what becomes of {NAME} here cannot be told: {{"{NAME}": ${{{NAME}}}}} was meant')


def _caching(headers: dict[str, Any], at: Pointer) -> Iterator[Finding]:
    for name, value in headers.items():
        if str(name).lower() == "cache-control" and _allows_stored(str(value).lower()):
            yield fail_open((*at, name), f"{value!r} accepts a stored answer, and OK is a lease: no-cache was meant")


def _allows_stored(value: str) -> bool:
    found = _AGE.search(value)
    return "only-if-cached" in value or (found is not None and (found[2] is None or int(found[2][:9]) > 0))


def _schema_default(contract: Any, at: Pointer) -> Iterator[Finding]:
    for place, value in places(contract, at):
        if place[-2:] == (NAME, "default") and str(value).strip().upper() == "OK":
            yield fail_open(place, 'the contract\'s default is OK: leave it out, or write "DEGRADED"')
