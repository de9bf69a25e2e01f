"""Which daemon a configuration file speaks of, found without reading more of the file than that takes.

`status` must start at once and must answer although somebody is half-way through editing the file: a glance at the events
of the YAML ends as soon as `name` and `server` are known. Whatever is not plainly in order is left to `config.load`, which
either makes sense of it or says everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import Event, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

from config.document import MAX_DEPTH, scalar

MAX_BYTES = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Identity:
    """`control` is the folder named by `server.control`, None when the file names none."""

    name: str
    control: str | None


def identify(file: Path) -> Identity:
    """Raises `config.problem.ConfigInvalid` when the file cannot say."""
    return _glance(file) or _load(file)


def _glance(file: Path) -> Identity | None:
    try:
        with file.open("rb") as source:
            text = source.read(MAX_BYTES).decode("utf-8-sig")
        found = _until_known(YAML(typ="safe", pure=True).parse(text))
    except (
        OSError,
        YAMLError,
        ValueError,
        ArithmeticError,
        LookupError,
        AttributeError,
        TypeError,
        RuntimeError,
        AssertionError,
    ):
        # ruamel's scanner lets a good many errors escape on malformed input: all of them mean "read it properly".
        return None
    server = found.get("server")
    name, control = found.get("name"), server.get("control") if isinstance(server, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    if control is not None and not (isinstance(control, str) and control.startswith("/")):
        return None
    return Identity(name, control) if isinstance(server, dict) else None


def _until_known(events: Iterator[Event]) -> dict[str, Any]:
    """The top of the file as far as it takes; empty when the top is no mapping."""
    found: dict[str, Any] = {}
    for event in events:
        if isinstance(event, MappingStartEvent):
            break
    for key in events:
        if isinstance(key, MappingEndEvent) or {"name", "server"} <= found.keys():
            break
        found[str(_value(events, key))] = _value(events, next(events))
    return found


def _value(events: Iterator[Event], event: Event, depth: int = 1) -> Any:
    """A mapping as a dict, a scalar as what it means, () for everything else; its events are consumed to the last."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(event, ScalarEvent):
        return scalar(event.value) if event.style is None else event.value
    if isinstance(event, MappingStartEvent):
        found: dict[str, Any] = {}
        while not isinstance(key := next(events), MappingEndEvent):
            found[str(_value(events, key, depth + 1))] = _value(events, next(events), depth + 1)
        return found
    if isinstance(event, SequenceStartEvent):
        while not isinstance(item := next(events), SequenceEndEvent):
            _value(events, item, depth + 1)
    return ()


def _load(file: Path) -> Identity:
    # What reads and judges the whole file takes longer to import than `status` may take.
    from config.load import load

    settings = load(file).settings
    return Identity(settings.name, settings.server.control)
