"""A list of targets in a file of its own, as Prometheus' `file_sd` has it, JSON or YAML. Pure: text in, targets or flaws out.

    [{"targets": ["sbc1.example.net:5060", "sip:192.0.2.7;transport=tcp"], "labels": {"site": "emea"}}]

A target is `host`, `host:port` or a SIP URI. The label `name` names the target of its group; other labels are for Prometheus.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from config.addresses import SipTarget
from config.decode import decode
from config.document import Flaw, Node, Unreadable, read_document
from config.problem import quoted
from config.rules import Parsed, not_empty
from config.units import OneOrMore

MOST_TARGETS = 1_000
"""In one list: each is a probe, and what a gate of so many reckons holds all others up."""
_SCHEME = re.compile(r"sips?:", re.IGNORECASE)


def _target(value: object) -> SipTarget:
    if not isinstance(value, str):
        raise ValueError("expected a target such as sbc.example.net:5060 or sip:192.0.2.7;transport=tcp")
    return SipTarget.parse(value if _SCHEME.match(value) else f"sip:{value}")


def _any(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    targets: Annotated[OneOrMore[Annotated[SipTarget, Parsed(_target)]], not_empty]
    labels: dict[str, Annotated[object, Parsed(_any)]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    groups: Annotated[tuple[_Group, ...], not_empty]


@dataclass(frozen=True, slots=True)
class Listed:
    """`name` is what comes after the probe's own; `at` is where the target stands in the list, for what is wrong with it."""

    target: SipTarget
    name: str
    at: Node


def read(text: str) -> tuple[list[Listed], list[Flaw]]:
    """The targets in the order of the list, and everything that is wrong with it."""
    try:
        root, flaws = read_document(text)
    except Unreadable as unreadable:
        return [], [unreadable.flaw]
    if not isinstance(root.value, list):
        return [], [*flaws, Flaw(root.mark, (), 'expected a list of groups, each with targets: [{"targets": ["host:port"]}]')]
    decoded = decode(Node((), root.mark, root.mark, {"groups": root}), _List, folder="")
    flaws += decoded.flaws
    if flaws:
        return [], flaws
    found = list(_listed(decoded.found["groups"], root.value))
    if len(found) > MOST_TARGETS:
        return [], [Flaw(root.mark, (), f"{len(found)} targets are too many: at most {MOST_TARGETS}")]
    return found, list(_flawed(found))


def _listed(groups: tuple[_Group, ...], nodes: list[Node]) -> Iterator[Listed]:
    for group, node in zip(groups, nodes, strict=True):
        given = group.labels.get("name")
        targets = node.child("targets")
        for index, target in enumerate(group.targets):
            at = targets.child(index) if targets is not None else None
            yield Listed(target, _name(target) if given is None else str(given), at or node)


def _flawed(found: list[Listed]) -> Iterator[Flaw]:
    names: dict[str, Listed] = {}
    for each in found:
        first = names.setdefault(each.name, each)
        if first is not each:
            what = f"target {quoted(str(each.target))} has the same name {quoted(each.name)} as that on line {first.at.mark[0]}"
            yield Flaw(each.at.mark, each.at.path, f"{what}: give each group with one target a label name of its own")


def _name(target: SipTarget) -> str:
    """`sbc-example-net-5060`, `192-0-2-7-tcp`: the same for the same target, wherever in the list it stands."""
    plain: list[Any] = [target.host, target.port, target.transport, "sips" if target.sips else None]
    text = "-".join(str(part) for part in plain if part is not None)
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()
