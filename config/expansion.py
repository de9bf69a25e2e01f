"""Probes that name their targets by a file (`targets: {file: fleet.json}`), each made into one probe for each target, before
anything else is judged. Works on the tree, so that what is wrong with such a probe is still told at its place in the file.

A probe `fleet` becomes `fleet-NAME` for each NAME of the list (`config.file_sd`). Wherever gates and periods of maintenance name
`fleet`, all of them are meant, and a rule's `combine` says how many must be bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from config import file_sd
from config.decode import decode
from config.document import Flaw, Node
from config.loaded import Stamp
from config.problem import Problem, path_text, quoted
from config.rules import FilePath
from config.units import named

TARGETS, KINDS = "targets", ("sip_options", "sip_register")
NOWHERE = "sip:list.invalid"
"""RFC 2606: no such name can exist. Nothing is ever sent there, for a file with such a probe is not used."""


@dataclass(frozen=True, slots=True)
class Text:
    """A list as it was read: stamped before, and the digest of its bytes."""

    text: str
    stamp: Stamp
    digest: bytes


ReadList = Callable[[str], Text]
"""An absolute path → the list. Raises ValueError with a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Targets:
    file: FilePath


@dataclass(slots=True)
class Expanded:
    """`flaws` are of the configuration itself, `problems` of its lists, each in its own file."""

    flaws: list[Flaw] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lists: dict[str, Text] = field(default_factory=dict)


def expand(root: Node, *, folder: str, read: ReadList) -> Expanded:
    """Changes the tree."""
    done, members = Expanded(), dict[str, tuple[str, ...]]()
    probes = root.child("probes")
    if probes is None or not isinstance(probes.value, dict):
        return done
    found: dict[str, Node] = {}
    for name, node in probes.value.items():
        given = node.child(TARGETS)
        if given is None:
            _put(found, name, node, done)
            continue
        made = _probes(name, node, given, folder, read, done)
        if made:
            members[name] = tuple(made)
        # Without a list the probe stands for itself, so that whatever else is wrong with it is told too.
        for each, copy in (made or {name: _with_target(node, given, NOWHERE)}).items():
            _put(found, each, copy, done)
    probes.value = found
    for names in _references(root):
        _spell_out(names, members)
    return done


def _put(found: dict[str, Node], name: str, node: Node, done: Expanded) -> None:
    if name in found:
        message = f"a target makes this probe's name {quoted(name)}, which another probe has"
        done.flaws.append(Flaw(node.key_mark, node.path, message))
    else:
        found[name] = node


def _probes(name: str, node: Node, given: Node, folder: str, read: ReadList, done: Expanded) -> dict[str, Node]:
    kind = node.child("kind")
    if kind is None or kind.value not in KINDS:
        done.flaws.append(Flaw(given.key_mark, given.path, f"a list of targets is for probes of kind {' and '.join(KINDS)}"))
        return {}
    if node.child("target") is not None:
        done.flaws.append(Flaw(given.key_mark, given.path, "target or targets, not both"))
        return {}
    decoded = decode(given, _Targets, folder=folder)
    done.flaws += decoded.flaws
    if decoded.flaws:
        return {}
    path = decoded.found["file"]
    try:
        text = done.lists.get(path) or read(path)
    except ValueError as error:
        done.flaws.append(Flaw(given.mark, (*given.path, "file"), f"{path}: {error}"))
        return {}
    done.lists[path] = text
    return _each(name, node, given, path, file_sd.read(text.text), done)


def _each(
    name: str, node: Node, given: Node, path: str, read: tuple[list[file_sd.Listed], list[Flaw]], done: Expanded
) -> dict[str, Node]:
    listed, flaws = read
    made: dict[str, Node] = {}
    for each in listed:
        full = f"{name}-{each.name}"
        try:
            named(full)
        except ValueError as error:
            flaws.append(Flaw(each.at.mark, each.at.path, f"{error}: give it a label name"))
        made[full] = _with_target(node, given, str(each.target))
    problems = [Problem(path, *flaw.mark, path_text(flaw.path), flaw.message) for flaw in flaws]
    done.problems += [problem for problem in problems if problem not in done.problems]
    return {} if flaws else made


def _with_target(node: Node, given: Node, target: str) -> Node:
    assert isinstance(node.value, dict)
    # Decoding prunes mappings and lists: each probe has its own.
    children = {key: child if _is_scalar(child) else deepcopy(child) for key, child in node.value.items() if key != TARGETS}
    children.setdefault("target", Node(given.path, given.mark, given.key_mark, target))
    return Node(node.path, node.mark, node.key_mark, children)


def _is_scalar(node: Node) -> bool:
    return not isinstance(node.value, dict | list)


def _references(root: Node) -> Iterator[Node]:
    """Every list of names of probes."""
    for gate in _values(root.child("gates")):
        trip = gate.child("trip")
        rules = trip.value if trip is not None and isinstance(trip.value, list) else [trip]
        for rule in rules:
            yield from _child(rule, "probes")
        yield from _child(gate, "compare_with")
    maintenance = root.child("maintenance")
    for period in maintenance.value if maintenance is not None and isinstance(maintenance.value, list) else ():
        yield from _child(period, "probes")


def _values(node: Node | None) -> Sequence[Node]:
    return tuple(node.value.values()) if node is not None and isinstance(node.value, dict) else ()


def _child(node: Node | None, key: str) -> Iterator[Node]:
    child = node.child(key) if node is not None else None
    if child is not None:
        yield child


def _spell_out(names: Node, members: Mapping[str, tuple[str, ...]]) -> None:
    if not isinstance(names.value, list):
        return
    found: list[Node] = []
    for each in names.value:
        meant = members.get(each.value, ()) if isinstance(each.value, str) else ()
        found += [Node(each.path, each.mark, each.key_mark, name) for name in meant] or [each]
    names.value = found
