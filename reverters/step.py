"""The contract between a step kind and `reverters.runner`. Expected failures are values, not exceptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from reverters.plan import Document, Step


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the world holds now. `live` is journaled and handed to `apply` as the expected state of the swap.

    `may_repeat` False: the step starts something that must not be started twice, and the world does not show whether it was.
    The runner then applies nothing after an intent of which nobody knows what became.
    """

    at_baseline: bool
    live: Document
    detail: str = ""
    may_repeat: bool = True


@dataclass(frozen=True, slots=True)
class Applied:
    """The far side said that it made the change. Only `verify` proves it."""

    detail: str
    facts: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A compare-and-swap lost: the world is no longer what was inspected, and nothing was changed."""

    detail: str
    facts: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verification:
    holds: bool
    live: Document
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A request failed. `retryable` says whether trying again can help; after an `apply` the runner always inspects first.

    `reason` is a token (`timeout`, `refused`, `badkey`, …); `detail` is for people and never holds a secret.
    """

    retryable: bool
    reason: str
    detail: str
    retry_after_ns: int | None = None
    facts: Document = field(default_factory=dict)


class Reverter(Protocol):
    """Reads and restores one kind of object. Every call makes its requests under its own deadline."""

    async def capture(self, spec: Document) -> Document | Trouble:
        """Read the object that `spec` names, in the shape of `Step.wanted`."""
        ...

    async def inspect(self, step: Step) -> Inspection | Trouble: ...

    async def apply(self, step: Step, live: Document) -> Applied | Conflict | Trouble: ...

    async def verify(self, step: Step) -> Verification | Trouble: ...
