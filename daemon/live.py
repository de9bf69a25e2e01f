"""The settings in force, and how the last reload went: one place that a reload replaces, and everybody reads when asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.loaded import Loaded, Stamp
from config.model import Settings


@dataclass(frozen=True, slots=True)
class Failure:
    """A reload that changed nothing. `at_utc_ns` is when, `why` a sentence for each thing that was wrong."""

    at_utc_ns: int
    why: tuple[str, ...]


@dataclass(slots=True)
class Live:
    """`path` is the file that the settings are from; empty where they are from none. `lists` are files that it names targets by,
    as they were when they were read.
    """

    settings: Settings
    path: str = ""
    digest: str = ""
    lists: Mapping[str, Stamp] = field(default_factory=dict)
    loaded_utc_ns: int = 0
    failure: Failure | None = None

    def take(self, loaded: Loaded, *, utc_ns: int) -> None:
        self.settings, self.digest, self.lists = loaded.settings, loaded.source_digest, loaded.lists
        self.loaded_utc_ns, self.failure = utc_ns, None


def of(loaded: Loaded, path: str, *, utc_ns: int) -> Live:
    return Live(loaded.settings, path, loaded.source_digest, loaded.lists, utc_ns)
