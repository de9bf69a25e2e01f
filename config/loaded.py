"""A configuration that can be used."""

from __future__ import annotations

from dataclasses import dataclass

from config.model import Settings
from config.problem import Problem


@dataclass(frozen=True, slots=True)
class Loaded:
    """`source_digest` is the SHA-256 of the file's bytes, in hex."""

    settings: Settings
    warnings: tuple[Problem, ...]
    source_digest: str
