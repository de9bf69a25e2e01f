"""One zone in memory: how an authoritative server answers from it (RFC 1034 §4.3.2) and updates it (RFC 2136 §3). No I/O.

A zone is a value. `updated` gives the next zone or the code that refuses, so an update is made whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset
import dns.update
import dns.zone

ANY, NONE = dns.rdataclass.ANY, dns.rdataclass.NONE
Key = tuple[dns.name.Name, dns.rdatatype.RdataType]
NOBODY_DELETES = (dns.rdatatype.SOA, dns.rdatatype.NS)


class Refused(Exception):
    """An update that is not made, with the response code that says why."""

    def __init__(self, rcode: dns.rcode.Rcode) -> None:
        super().__init__(dns.rcode.to_text(rcode))
        self.rcode = rcode


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: the response code, the answer section, and the SOA that dates a negative one."""

    rcode: dns.rcode.Rcode
    answer: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    origin: dns.name.Name
    sets: Mapping[Key, dns.rdataset.Rdataset]

    @classmethod
    def from_text(cls, text: str, origin: str) -> Self:
        """A zone from master file text (RFC 1035 §5); it needs its SOA and NS. Raises dns.exception.DNSException."""
        parsed = dns.zone.from_text(text, origin=origin, relativize=False)
        sets = {(name, rdataset.rdtype): rdataset for name, rdataset in parsed.iterate_rdatasets()}
        return cls(dns.name.from_text(origin), MappingProxyType(sets))

    @property
    def soa(self) -> dns.rdtypes.ANY.SOA.SOA:
        found = self.sets[self.origin, dns.rdatatype.SOA][0]
        assert isinstance(found, dns.rdtypes.ANY.SOA.SOA)
        return found

    def find(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        """What the zone says about a question, aliases followed as far as the zone goes."""
        if not name.is_subdomain(self.origin):
            return Found(dns.rcode.REFUSED)
        answer: list[dns.rrset.RRset] = []
        while (name, rdtype) not in self.sets and (name, dns.rdatatype.CNAME) in self.sets and len(answer) < 8:
            answer.append(self._rrset(name, dns.rdatatype.CNAME))
            name = answer[-1][0].target
            if not name.is_subdomain(self.origin):
                return Found(dns.rcode.NOERROR, tuple(answer))
        wanted = [key for key in self.sets if key[0] == name and rdtype in (key[1], dns.rdatatype.ANY)]
        if wanted:
            return Found(dns.rcode.NOERROR, (*answer, *(self._rrset(*key) for key in wanted)))
        known = any(owner.is_subdomain(name) for owner, _ in self.sets)
        rcode = dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN
        return Found(rcode, tuple(answer), (self._rrset(self.origin, dns.rdatatype.SOA),))

    def values(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> list[str]:
        return sorted(rdata.to_text() for rdata in self.sets.get((name, rdtype), ()))

    def updated(self, update: dns.update.UpdateMessage) -> Zone:
        """The zone after an update; `self` when it changes nothing. Raises Refused and then nothing has changed."""
        if not update.zone:
            raise Refused(dns.rcode.FORMERR)
        if update.zone[0].name != self.origin or update.zone[0].rdclass != dns.rdataclass.IN:
            raise Refused(dns.rcode.NOTAUTH)
        self._require(update.prerequisite)
        for rrset in update.update:
            if not rrset.name.is_subdomain(self.origin):
                raise Refused(dns.rcode.NOTZONE)
            if rrset.deleting is None and (not rrset or rrset.rdtype == dns.rdatatype.ANY):
                raise Refused(dns.rcode.FORMERR)
        sets = dict(self.sets)
        for rrset in update.update:
            self._change(sets, rrset)
        if _content(sets) == _content(self.sets):
            return self
        soa = self.soa
        serial = soa.replace(serial=(soa.serial + 1) & 0xFFFFFFFF)
        sets[self.origin, dns.rdatatype.SOA] = dns.rdataset.from_rdata(self.sets[self.origin, dns.rdatatype.SOA].ttl, serial)
        return Zone(self.origin, MappingProxyType(sets))

    def _require(self, prerequisites: list[dns.rrset.RRset]) -> None:
        """RFC 2136 §3.2: each must hold; those with values are gathered, as the whole set must match."""
        exact: dict[Key, set[dns.rdata.Rdata]] = {}
        for rrset in prerequisites:
            if not rrset.name.is_subdomain(self.origin):
                raise Refused(dns.rcode.NOTZONE)
            if rrset.deleting is None:
                exact.setdefault((rrset.name, rrset.rdtype), set()).update(rrset)
            elif rrset.rdtype == dns.rdatatype.ANY:
                self._exists(any(name == rrset.name for name, _ in self.sets), rrset, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN)
            else:
                self._exists((rrset.name, rrset.rdtype) in self.sets, rrset, dns.rcode.NXRRSET, dns.rcode.YXRRSET)
        for key, values in exact.items():
            if values != set(self.sets.get(key, ())):
                raise Refused(dns.rcode.NXRRSET)

    @staticmethod
    def _exists(exists: bool, rrset: dns.rrset.RRset, missing: dns.rcode.Rcode, present: dns.rcode.Rcode) -> None:
        if exists is not (rrset.deleting == ANY):
            raise Refused(present if exists else missing)

    def _change(self, sets: dict[Key, dns.rdataset.Rdataset], rrset: dns.rrset.RRset) -> None:
        """RFC 2136 §3.4.2: one record of the update section. The apex keeps its SOA and its last NS."""
        key = (rrset.name, rrset.rdtype)
        if rrset.deleting == ANY:
            for each in [k for k in sets if k[0] == key[0] and rrset.rdtype in (k[1], dns.rdatatype.ANY)]:
                if each[0] != self.origin or each[1] not in NOBODY_DELETES:
                    del sets[each]
        elif rrset.deleting == NONE:
            left = [rdata for rdata in sets.get(key, ()) if rdata not in rrset]
            if left:
                sets[key] = dns.rdataset.from_rdata_list(sets[key].ttl, left)
            elif key[0] != self.origin or key[1] not in NOBODY_DELETES:
                sets.pop(key, None)
        elif rrset.rdtype != dns.rdatatype.SOA and not _hidden_by_alias(sets, key):
            before = () if rrset.rdtype == dns.rdatatype.CNAME else sets.get(key, ())
            sets[key] = dns.rdataset.from_rdata_list(rrset.ttl, list(dict.fromkeys([*before, *rrset])))

    def _rrset(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.rrset.RRset:
        return dns.rrset.from_rdata_list(name, self.sets[name, rdtype].ttl, list(self.sets[name, rdtype]))

    def __iter__(self) -> Iterator[Key]:
        return iter(self.sets)


def _content(sets: Mapping[Key, dns.rdataset.Rdataset]) -> dict[Key, tuple[int, frozenset[dns.rdata.Rdata]]]:
    """Rdatasets compare equal whatever their TTL; a zone does not."""
    return {key: (rdataset.ttl, frozenset(rdataset)) for key, rdataset in sets.items()}


def _hidden_by_alias(sets: Mapping[Key, dns.rdataset.Rdataset], key: Key) -> bool:
    """An alias excludes every other record of its name; adding the second of the two is silently ignored."""
    name, rdtype = key
    if rdtype == dns.rdatatype.CNAME:
        return any(owner == name and other != dns.rdatatype.CNAME for owner, other in sets)
    return (name, dns.rdatatype.CNAME) in sets
