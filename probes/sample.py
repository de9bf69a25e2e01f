"""What a probe saw, and when: the values that every other package speaks in.

ERROR means *we could not measure*; it is never held against the target. FAIL means the target (or the way to it)
was bad, and `origin` says how we know: a response on the wire, silence, a transport refusal, or a failed look-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType

from probes.values import fast_dataclass

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

_NO_FACTS: Mapping[str, str | int] = MappingProxyType({})


@fast_dataclass(frozen=True, slots=True)
class Moment:
    """One instant on two clocks, in nanoseconds. Durations come from `mono_ns`, which is never stored."""

    utc_ns: int
    mono_ns: int


class Outcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"


class Origin(StrEnum):
    WIRE = "wire"
    TIMEOUT = "timeout"
    TRANSPORT = "transport"
    DNS = "dns"
    SELF = "self"


class Path(StrEnum):
    NEW = "new"
    BASELINE = "baseline"
    CONTROL = "control"


@fast_dataclass(frozen=True, slots=True)
class Trace:
    """The last message each way, as it was on the wire but for credentials. Empty where there was none."""

    sent: bytes
    received: bytes


@fast_dataclass(frozen=True, slots=True)
class ProbeResult:
    """One attempt as the probe saw it.

    `code` is a SIP status; silence is 408 and a refusal 503 (RFC 3261 §8.1.3.1), told apart from the wire by `origin`.
    `reason` is a token from a small closed set, `duration_ns` is from sending to the result, `facts` are small extras
    such as `retry_after_s`, `peer` or `detail`. Where a name leads to several targets (RFC 3263) each attempt gives one
    result for each of them: `target` is the one this result is about, `among` all that the name leads to now.
    """

    outcome: Outcome
    code: int | None
    origin: Origin
    reason: str
    duration_ns: int
    facts: Mapping[str, str | int] = field(default_factory=lambda: _NO_FACTS)
    target: str = ""
    among: tuple[str, ...] = ()
    trace: Trace | None = None


@fast_dataclass(frozen=True, slots=True)
class Sample:
    """A result pinned to its probe, vantage point, place in the order of sending, and moments of sending and arrival."""

    probe: str
    vantage: str
    sequence: int
    sent: Moment
    at: Moment
    result: ProbeResult
