"""What a document calls cutoverStatus: the name itself, and the variables that a data action writes it to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from daemon.flow.finding import Pointer

FIELD = "cutoverstatus"
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


@dataclass(frozen=True, slots=True)
class Subject:
    aliases: frozenset[str] = field(default_factory=frozenset)
    """Names of variables, in lower case."""

    def is_status(self, name: str) -> bool:
        lower = name.lower()
        return lower.rpartition(".")[2] == FIELD or lower in self.aliases

    def is_in(self, text: str) -> bool:
        return any(self.is_status(word) for word in _WORD.findall(text))


def leaves(node: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Every value that holds no other, with its place."""
    for at, value in places(node, pointer):
        if not isinstance(value, dict | list):
            yield at, value


def places(node: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Every value, outer before inner."""
    waiting: list[tuple[Pointer, Any]] = [(pointer, node)]
    while waiting:
        at, value = waiting.pop()
        yield at, value
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        waiting += reversed([((*at, key), child) for key, child in inner])


def subject(document: Any) -> Subject:
    """Outputs of a data action (`successOutputs: {cutoverStatus: {var: Task.answer}}`) give the variable a second name."""
    found = {
        str(value["var"]).lower()
        for at, value in places(document)
        if isinstance(value, dict)
        and isinstance(value.get("var"), str)
        and len(at) > 1
        and at[-2] == "successOutputs"
        and str(at[-1]).lower().rpartition(".")[2] == FIELD
    }
    return Subject(frozenset(found))
