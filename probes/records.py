"""What DNS is asked and what it says, as plain values: questions, records, and why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"
    SRV = "SRV"
    NAPTR = "NAPTR"


@dataclass(frozen=True, slots=True)
class Question:
    """`name` is absolute where it ends with a dot; without one a single-label host goes through the search list."""

    name: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.name} {self.kind}"


@dataclass(frozen=True, slots=True)
class Address:
    """An A or AAAA record: a numeric host, IPv6 without brackets."""

    host: str


@dataclass(frozen=True, slots=True)
class Alias:
    """A CNAME record; also the end of a chain of them whose last name the server says nothing about."""

    name: str


@dataclass(frozen=True, slots=True)
class Srv:
    """RFC 2782. `target` is absolute; "." says that the service is decidedly not available."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Naptr:
    """RFC 3403 §4.1. `flags` and `service` in lower case; `replacement` is absolute, "." for none."""

    order: int
    preference: int
    flags: str
    service: str
    regexp: str
    replacement: str


Record = Address | Alias | Srv | Naptr


class Fault(StrEnum):
    """Why there is no answer. `NXDOMAIN` and `NODATA` are what the owner of the name says; what is transient may have
    nothing to do with the name: our resolver is down, or its way to the owner."""

    NXDOMAIN = "dns-nxdomain"
    NODATA = "dns-nodata"
    SERVFAIL = "dns-servfail"
    """Any response code that has no token of its own; the detail names it."""
    REFUSED = "dns-refused"
    TIMEOUT = "dns-timeout"
    UNREACHABLE = "dns-unreachable"
    """No resolver can be spoken to at all: its port is closed, or there is no way to it."""
    MALFORMED = "dns-malformed"
    LOOP = "dns-loop"
    EXCESS = "dns-excess"
    UNAVAILABLE = "dns-unavailable"
    """The service is decidedly not there: an SRV record with the target "." (RFC 2782)."""
    NO_TARGETS = "dns-no-targets"
    EXCEPTION = "dns-exception"
    """A defect of ours; the log has it."""

    @property
    def is_transient(self) -> bool:
        return self in _TRANSIENT


_TRANSIENT = frozenset({Fault.SERVFAIL, Fault.REFUSED, Fault.TIMEOUT, Fault.UNREACHABLE, Fault.MALFORMED, Fault.EXCEPTION})


@dataclass(frozen=True, slots=True)
class Found:
    """`records` of one kind, never empty, and the least TTL of the chain that led to them, in seconds."""

    records: tuple[Record, ...]
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Failed:
    """`ttl_s` is how long the owner lets a negative answer be believed (RFC 2308), None where nobody says."""

    why: Fault
    ttl_s: int | None = None
    detail: str = ""

    @property
    def is_negative(self) -> bool:
        """Whether the owner says that there is no such record, so that the next of several ways may be tried."""
        return self.why in (Fault.NXDOMAIN, Fault.NODATA)


Reply = Found | Failed
