"""A step's definition as plain JSON, which a plan's digest covers, and back. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from config.steps import Answer, BodyOk, Capture, HttpStep, Poll, Send, Verify
from config.templates import Hole, holes
from reverters.http import filling
from reverters.http.filling import Sources
from reverters.plan import Document, canonical
from reverters.planner import StepSpec

_NESTED: Mapping[str, type] = {
    "capture": Capture,
    "poll": Poll,
    "verify": Verify,
    "body_ok": BodyOk,
    "conflict": Answer,
    "busy": Answer,
    "already": Answer,
}
_FREE = frozenset({"body", "ok", "failed", "match", "running", "vars", "query", "headers"})
"""Fields that hold JSON of the configuration's own, lists included."""
_SHORT = 12


def expand(step: HttpStep) -> StepSpec:
    """The object's name in the baseline bears a digest of how it is read: what was kept by another definition is none of this."""
    spec: Document = orjson.loads(canonical(asdict(step)))
    where = filling.path(step.capture.path, step.capture.query, Sources(step.vars))
    how = hashlib.sha256(canonical(spec["capture"])).hexdigest()[:_SHORT]
    return StepSpec(id=step.id, kind=step.kind, target=f"{step.api}:{where}", object=f"http:{step.api}:{where}#{how}", spec=spec)


def read(spec: Document) -> HttpStep:
    """The definition that `expand` made this document of."""
    step: HttpStep = _made(HttpStep, spec)
    return step


def of_baseline(step: HttpStep) -> Iterator[Hole]:
    """Every `{baseline/place}` of the definition."""
    templates: list[Any] = [step.poll.path, *step.poll.query.values()] if step.poll else []
    for conditions in (step.poll.match, step.poll.ok, step.poll.failed, step.poll.running) if step.poll else ():
        templates += conditions.values()
    for send in step.revert:
        templates += [send.path, *send.query.values(), *send.headers.values(), send.body]
    for template in templates:
        yield from (hole for hole in holes(template) if hole.name == "baseline")


def _made(model: type, document: Mapping[str, Any]) -> Any:
    return model(**{name: _value(name, value) for name, value in document.items()})


def _value(name: str, value: Any) -> Any:
    if name in _FREE or value is None:
        return value
    if name == "revert":
        return tuple(_made(Send, each) for each in value)
    if name in _NESTED:
        return _made(_NESTED[name], value)
    return tuple(value) if isinstance(value, list) else value
