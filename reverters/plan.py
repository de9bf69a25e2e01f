"""A plan as it was decided, before anything is touched.

The digest covers everything here and nothing else: two plans with one digest do the same things to the same objects in
the same order. Secrets are not part of a plan; a step names its key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

Document = Mapping[str, Any]
"""A JSON object: strings, integers, booleans, lists and objects of these."""


def canonical(document: Document) -> bytes:
    """The one byte form of a document: sorted keys, no white space."""
    return orjson.dumps(dict(document), option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Step:
    """One object to restore. `key` is plan/stage/id/target and is stable across restarts.

    `spec` tells the reverter of this `kind` where the object lives; `wanted` is its state in the baseline.
    """

    key: str
    kind: str
    target: str
    spec: Document
    wanted: Document


@dataclass(frozen=True, slots=True)
class Wait:
    for_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    steps: tuple[Step, ...]
    wait: Wait | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    baseline: str
    stages: tuple[Stage, ...]

    def steps(self) -> Iterator[Step]:
        for stage in self.stages:
            yield from stage.steps

    def document(self) -> dict[str, Any]:
        """The plan as plain JSON: what the digest covers and what the journal keeps."""
        return {
            "name": self.name,
            "baseline": self.baseline,
            "stages": [
                {
                    "name": stage.name,
                    "steps": [
                        {"key": s.key, "kind": s.kind, "target": s.target, "spec": s.spec, "wanted": s.wanted}
                        for s in stage.steps
                    ],
                    "wait": {"for_ns": stage.wait.for_ns, "reason": stage.wait.reason} if stage.wait else None,
                }
                for stage in self.stages
            ],
        }

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical document, in hex."""
        return hashlib.sha256(canonical(self.document())).hexdigest()
