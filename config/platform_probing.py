"""Probes that ask a platform about itself, in the file: one dataclass for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from config.quantities import ANY, Combine, Ratio
from config.rules import Between, not_empty
from config.units import Duration, Name, OneOrMore, ProbePath
from config.web_values import ApiPath, JsonPointer, Scalar

S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkHealthProbe:
    """What a Genesys Cloud organisation says of its trunks: one verdict for all of them."""

    kind: Literal["trunk_health"]
    path: ProbePath
    api: Name
    trunks: OneOrMore[Annotated[str, not_empty]]
    """Their ids."""
    require: OneOrMore[Literal["in_service", "connected", "registered", "options"]] = ("in_service", "connected")
    """What a trunk must be to be up."""
    combine: Combine = ANY
    """How many of the trunks must be down: any, all, or {quorum: 2}."""
    every: Duration = 15 * S
    suspect_every: Duration | None = None
    timeout: Duration = 5 * S

    @property
    def asked(self) -> str:
        return f"trunks of {self.api}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: Literal["GET", "POST", "PUT", "PATCH"] = "POST"
    url: ApiPath
    body: str | None = None
    """JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformTestCallProbe:
    """A platform's own test call: started, and asked after until it has a result."""

    kind: Literal["platform_test_call"]
    path: ProbePath
    api: Name
    start: Request
    id: JsonPointer = "/id"
    """Where the answer to `start` says which call it was."""
    poll: ApiPath
    """Where the call is asked after; `{id}` in it stands for the call's."""
    poll_every: Duration = 1 * S
    state: JsonPointer = "/status"
    passed: OneOrMore[Scalar]
    """Values of `state` that end a good call."""
    failed: OneOrMore[Scalar]
    """And a bad one."""
    every: Duration = 60 * S
    suspect_every: Duration | None = None
    timeout: Duration = 30 * S
    """From the start to the result."""

    @property
    def asked(self) -> str:
        return f"{self.start.method} {self.start.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConsistencyProbe:
    """The share of agents whose configuration, live routing state and queue membership agree (Genesys Cloud)."""

    kind: Literal["agent_consistency"]
    path: ProbePath
    api: Name
    queue: Annotated[str, not_empty]
    """The id of the queue that they belong to."""
    agents: OneOrMore[Annotated[str, not_empty]]
    """The ids of users. Of a larger list than `sample` each attempt takes the next ones, until all had their turn."""
    sample: Annotated[int, Between(1, 1000)] = 50
    at_least: Ratio = 0.98
    every: Duration = 60 * S
    suspect_every: Duration | None = None
    timeout: Duration = 30 * S

    @property
    def asked(self) -> str:
        return f"agents of queue {self.queue} of {self.api}"
