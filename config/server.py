"""The servers of the file format: `server.webhook`, `server.admin` and the control socket's folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal

from config.problem import quoted
from config.rules import Between, Parsed
from config.secrets import Secret
from config.units import Address, Duration, FilePath, Name, OneOrMore, TlsVersion

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_VALUE = re.compile(r"[A-Za-z0-9+][A-Za-z0-9 ._+-]{0,62}")
LONGEST_HELD_NS = 120_000_000_000
MOST_VALUES = 200
"""Of one ledger field: each is a label of metrics, for every gate and answer."""


def _folder(path: str) -> str:
    if not path.startswith("/") or not path.isprintable():
        raise ValueError("expected the absolute path of a folder, such as /run/cutoverd")
    return path


def parse_network(value: object) -> IPv4Network | IPv6Network:
    """`192.0.2.0/24`, `2001:db8::/32` or one address. Beyond the prefix all must be zero."""
    if not isinstance(value, str):
        raise ValueError("expected a network such as 192.0.2.0/24 or 2001:db8::/32")
    try:
        meant = ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{quoted(value)} is not a network: write 192.0.2.0/24, 2001:db8::/32 or one address") from None
    try:
        return ip_network(value)
    except ValueError:
        raise ValueError(f"{quoted(value)} is an address within a network: write {meant} for the network") from None


Network = Annotated[IPv4Network | IPv6Network, Parsed(parse_network)]


def _field(name: str) -> str:
    if not _FIELD.fullmatch(name):
        raise ValueError(f"{quoted(name)} cannot be a field's name: letters, digits, _, . and -, 64 at most")
    return name


def _ledger_value(value: object) -> str:
    # YAML reads an unquoted telephone number as a number, and loses its zeros and its plus.
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise ValueError('expected a text in quotes such as "emea" or "+4930123456", 63 characters at most')
    return value


def _not_too_many(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) > MOST_VALUES:
        raise ValueError(f"{len(values)} values are too many: at most {MOST_VALUES}")
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    name: Name
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTls:
    """Files are PEM, and read again when they change."""

    certificate: FilePath
    """Our own, with its chain."""
    private_key: FilePath
    client_ca: FilePath | None = None
    """Authorities for clients' certificates. With it a client without one does not get as far as HTTP."""
    minimum_version: TlsVersion = "1.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerField:
    """A query or body field that answers are counted by. What is not among `values` is counted as `other`."""

    field: Annotated[str, _field]
    values: Annotated[OneOrMore[Annotated[str, Parsed(_ledger_value)]], _not_too_many]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCheck:
    """HAProxy's agent-check for one gate: a TCP port that says `up`, or `degraded`, and hangs up."""

    listen: Address
    gate: Name
    degraded: Literal["down", "drain"] = "down"


def _held_back(ns: int) -> int:
    if ns > LONGEST_HELD_NS:
        raise ValueError("at most 2m: every platform has given up by then")
    return ns


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookServer:
    listen: Address
    """Port 0 takes any free port."""
    keys: OneOrMore[Key]
    """Each may be presented; two while one is rotated."""
    tls: WebhookTls | None = None
    allow: tuple[Network, ...] = ()
    """Where requests may come from; default: anywhere."""
    unauthenticated_per_second: Annotated[int, Between(1, 10_000)] = 10
    """Requests without a good key that one source gets an answer to."""
    per_key_per_second: Annotated[int, Between(1, 1_000_000)] = 5_000
    """For a caller gone wild. Above what the platform's own limit lets through, or it turns callers away."""
    regions: LedgerField | None = None
    """Where a request says the caller's region."""
    numbers: LedgerField | None = None
    """Where a request says the number that was called (DNIS)."""
    conversation: Annotated[str, _field] = "conversationId"
    """Where a request says whose call it is: a gate with `admit` lets a share of the conversations in."""
    agent_check: tuple[AgentCheck, ...] = ()
    absence_key: Secret | None = None
    """Who shows this one is answered late, with an error, with garbage or not at all, and never OK (docs/ivr-genesys.md)."""
    absence_after: Annotated[Duration, _held_back] = 30_000_000_000
    """How long such an answer is held back: longer than the IVR waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminServer:
    listen: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    webhook: WebhookServer
    admin: AdminServer
    control: Annotated[str, _folder] | None = None
    """Folder of the control socket `<name>.sock`; default: the first of $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR, /run/cutoverd."""
