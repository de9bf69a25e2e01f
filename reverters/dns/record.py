"""One record set in a zone: what may be touched, and the exact change that puts it back. Pure: no clock, no socket.

The change is a compare-and-swap. RFC 2136 lets an update name what must be true before it is made: the live set with
exactly these values (§2.4.2), or no such set (§2.4.3). The name server checks that and makes the change as one, or
makes none of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update

from reverters.plan import Document
from reverters.step import Trouble

TYPES = {"A": dns.rdatatype.A, "AAAA": dns.rdatatype.AAAA}
"""All that a step may change: a wrong NS or SOA would take the whole zone with it."""

ALGORITHMS = frozenset(name.to_text(omit_final_dot=True) for name in dns.tsig.mac_sizes if name != dns.tsig.GSS_TSIG)


@dataclass(frozen=True, slots=True)
class Target:
    """Where one record set lives. Servers are `host:port`; `key` is the TSIG key's name, never its secret."""

    server: str
    key: dns.name.Name
    algorithm: str
    timeout_ns: int
    zone: dns.name.Name
    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    authoritative: tuple[str, ...]
    asserted: tuple[str, ...] | None

    def __str__(self) -> str:
        return f"{self.name} {dns.rdatatype.to_text(self.rdtype)}"

    @classmethod
    def read(cls, spec: Document) -> Target | Trouble:
        """The target of a step's `spec`, or why it must not be touched (`reason` is `badspec`)."""
        kind, provider = spec["type"], spec["provider"]["rfc2136"]
        if kind not in TYPES:
            return _refused(f"{spec['name']} {kind}: only A and AAAA records are ever changed")
        if provider["algorithm"] not in ALGORITHMS:
            return _refused(f"{spec['name']} {kind}: TSIG algorithm {provider['algorithm']!r} is unknown")
        try:
            zone, name, key = (dns.name.from_text(text).canonicalize() for text in (spec["zone"], spec["name"], provider["key"]))
            server, servers = provider["server"], tuple(dict.fromkeys(spec["authoritative"]))
            for each in (server, *servers):
                endpoint(each)
            asserted = None if spec.get("assert") is None else addresses(spec["assert"], TYPES[kind])
        except (dns.exception.DNSException, ValueError) as error:
            return _refused(f"{spec['name']} {kind}: {error}")
        if not name.is_subdomain(zone):
            return _refused(f"{name} {kind}: the name is outside the zone {zone}")
        return cls(
            server=server, key=key, algorithm=provider["algorithm"], timeout_ns=provider["timeout_ns"], zone=zone, name=name,
            rdtype=TYPES[kind], authoritative=servers or (server,), asserted=asserted,
        )  # fmt: skip


def endpoint(server: str) -> tuple[str, int]:
    """`host:port` or `[address]:port` apart. Raises ValueError."""
    host, _, port = server.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{server!r} is not host:port")
    return host.strip("[]"), int(port)


def _refused(detail: str) -> Trouble:
    return Trouble(retryable=False, reason="badspec", detail=detail)


@dataclass(frozen=True, slots=True)
class RecordSet:
    """The addresses at one name and type, in canonical text and sorted, and the TTL in seconds; absent is () and 0."""

    values: tuple[str, ...] = ()
    ttl: int = 0

    def __str__(self) -> str:
        return shown(self.values)

    @classmethod
    def read(cls, document: Document, rdtype: dns.rdatatype.RdataType) -> Self:
        """Raises ValueError when the document holds something that is no address of this type."""
        return cls(addresses(document["values"], rdtype), int(document["ttl"]))

    def document(self) -> Document:
        return {"values": list(self.values), "ttl": self.ttl}

    def holds(self, other: RecordSet) -> bool:
        """Equality means values: a TTL lowered for the cutover does not make a record differ from its baseline."""
        return self.values == other.values


def shown(values: Iterable[str]) -> str:
    return ", ".join(values) or "no record"


def addresses(values: Iterable[str], rdtype: dns.rdatatype.RdataType) -> tuple[str, ...]:
    """The set in one form: canonical text, each once, sorted. Raises ValueError naming the value that is no address."""
    found = set()
    for value in values:
        try:
            found.add(dns.rdata.from_text(dns.rdataclass.IN, rdtype, value).to_text())
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(f"{value!r} is not an {dns.rdatatype.to_text(rdtype)} address") from error
    return tuple(sorted(found))


def restored(live: RecordSet, wanted: RecordSet) -> RecordSet:
    """What to write: the wanted values with the lower TTL, because the old long one would pin resolvers in mid-incident."""
    return RecordSet(wanted.values, min(live.ttl, wanted.ttl) if live.values else wanted.ttl)


def question(target: Target, *, message_id: int) -> dns.message.QueryMessage:
    """The question to an authoritative server: recursion not desired, so that no cache answers."""
    return dns.message.make_query(target.name, target.rdtype, flags=dns.flags.Flag(0), id=message_id)


def change(target: Target, live: RecordSet, wanted: RecordSet, *, message_id: int) -> dns.update.UpdateMessage:
    """The update that turns exactly `live` into `wanted`, unsigned. It touches this one record set and nothing else."""
    update = dns.update.UpdateMessage(target.zone, id=message_id)
    kind = dns.rdatatype.to_text(target.rdtype)
    if live.values:
        update.present(target.name, kind, *live.values)
    else:
        update.absent(target.name, kind)
        # A server silently ignores an address added beside an alias (RFC 2136 §3.4.2.2): make it refuse instead.
        update.absent(target.name, "CNAME")
    update.delete(target.name, kind)
    if wanted.values:
        update.add(target.name, restored(live, wanted).ttl, kind, *wanted.values)
    return update
