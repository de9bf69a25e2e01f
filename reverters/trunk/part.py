"""The contract of what a `trunk` step can restore in a proxy. Pure: each part says what to ask, and what to order."""

from __future__ import annotations

from typing import Protocol

from reverters.plan import Document
from reverters.step import Trouble
from reverters.trunk.rpc import Answer, Call, Refused


class Part(Protocol):
    """One thing in one proxy. States are documents in the shape of `Step.wanted`."""

    @property
    def name(self) -> str:
        """For people: `dispatcher set 1`."""
        ...

    @property
    def question(self) -> Call:
        """What to ask for the present state. Changes nothing."""
        ...

    @property
    def lasting(self) -> Call | None:
        """What makes a change outlive a restart, ordered after all others. None: nothing does, or nothing is wanted to."""
        ...

    def state(self, told: Answer | Refused, where: str) -> Document | Trouble:
        """What the answer to `question` says."""
        ...

    def wanted(self, baseline: Document) -> Document | Trouble:
        """What this step restores, or sets, of what the baseline holds."""
        ...

    def is_same(self, one: Document, other: Document) -> bool:
        """Whether nothing that an operator sets differs. What the proxy's own pings say of a gateway does not count."""
        ...

    def orders(self, live: Document, wanted: Document) -> tuple[Call, ...] | Trouble:
        """What turns `live` into `wanted`, in an order in which callers always have somewhere to go."""
        ...

    def told(self, state: Document) -> str:
        """The state in a few words."""
        ...
