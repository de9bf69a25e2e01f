"""A configuration that can be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.model import Settings
from config.problem import Problem

Stamp = tuple[int, int, int]
"""What changes when a file is written or replaced: modification in nanoseconds, size, inode."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """`source_digest` is the SHA-256 of the file's bytes and of those of every list of targets that it names, in hex.

    `lists` are those lists by their absolute paths, stamped before they were read.
    """

    settings: Settings
    warnings: tuple[Problem, ...]
    source_digest: str
    lists: Mapping[str, Stamp] = field(default_factory=dict)
