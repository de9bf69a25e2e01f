"""Where a `trunk` step's object lives: from the step's `spec` to the part that knows its commands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from reverters.plan import Document
from reverters.trunk.dispatcher import DispatcherSet
from reverters.trunk.part import Part
from reverters.trunk.pipe import Pipe
from reverters.trunk.switch import Switch


@dataclass(frozen=True, slots=True)
class Target:
    """`api` is its name in the configuration, `path` where Kamailio answers JSON-RPC within it."""

    api: str
    path: str
    timeout_ns: int
    part: Part

    def __str__(self) -> str:
        return f"{self.part.name} at {self.api}"

    @classmethod
    def read(cls, spec: Document) -> Self:
        """Raises KeyError where `spec` is not one of `reverters.trunk.expand`'s."""
        return cls(spec["api"], spec["path"], spec["timeout_ns"], _part(spec))


def _part(spec: Document) -> Part:
    match spec:
        case {"switch": switch}:
            return Switch(switch["table"], switch["key"], switch["store"])
        case {"set": id}:
            return DispatcherSet(id)
        case _:
            return Pipe(spec["pipe"]["name"], spec["pipe"]["limit"])
