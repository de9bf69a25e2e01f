"""What a name server's answer means. Pure: bytes and messages in, verdicts out, in words for whoever is on call.

Trust comes first (RFC 8945 §5.4): a signed request takes its result only from a signed response. Anything else that
arrives is passed over, so that a forged datagram cannot settle an update, and is named if nothing better comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.tsig

from reverters.dns.record import RecordSet, Target, shown
from reverters.step import Applied, Conflict, Trouble


@dataclass(frozen=True, slots=True)
class Failure:
    """There is no result: `timeout`, `unreachable`, `unverified`, `badkey`, `badsig`, `badtime`, `badtrunc` or `tsig`."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """What settles nothing; keep listening. `untrusted`: it has the shape of our answer but its signature does not hold."""

    untrusted: bool


Reply = dns.message.Message | Failure

TSIG_ERRORS = {
    dns.rcode.BADSIG: "badsig",
    dns.rcode.BADKEY: "badkey",
    dns.rcode.BADTIME: "badtime",
    dns.rcode.BADTRUNC: "badtrunc",
}
UNSIGNED_ERRORS = frozenset(
    {dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED, dns.rcode.NOTAUTH},
)
"""A server that gives up before it looks at the signature answers these unsigned."""


def accept(wire: bytes, query: dns.message.Message) -> Reply | Rejected:
    """Is this the answer to `query` (already rendered, hence signed if it has a key), and can it be believed?"""
    try:
        reply = dns.message.from_wire(wire, keyring=False, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return Rejected(untrusted=False)
    if not query.is_response(reply):
        return Rejected(untrusted=False)
    if not query.had_tsig:
        return reply
    if not reply.had_tsig:
        return reply if reply.rcode() in UNSIGNED_ERRORS else Rejected(untrusted=True)
    if reply.tsig_error:
        error = dns.rcode.Rcode.make(reply.tsig_error)
        return Failure(TSIG_ERRORS.get(error, "tsig"), dns.rcode.to_text(error, tsig=True))
    try:
        return dns.message.from_wire(wire, keyring=query.keyring, request_mac=query.mac, ignore_trailing=True)
    except dns.exception.DNSException:
        return Rejected(untrusted=True)


def judge_update(reply: Reply, target: Target, live: RecordSet, wanted: RecordSet) -> Applied | Conflict | Trouble:
    """The outcome of `record.change`. After a retryable trouble only an inspection tells what the zone holds."""
    if isinstance(reply, Failure):
        return _failed(reply, target, f"the update of {target}", target.server, "; whether it was made is unknown")
    rcode = reply.rcode()
    if rcode == dns.rcode.NOERROR:
        return Applied(f"{target.server} changed {target} from {live} to {wanted}")
    if rcode in (dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN):
        name = dns.rcode.to_text(rcode)
        return Conflict(
            f"{target} at {target.server} is no longer {live} ({name}): somebody else changed it, nothing was written"
        )
    return _error(rcode, target, f"the update of {target}", target.server)


def judge_answer(reply: Reply, target: Target, server: str) -> RecordSet | Trouble:
    """What `server` holds by its own authority, for `record.question`."""
    if isinstance(reply, Failure):
        return _failed(reply, target, f"the question for {target}", server, "")
    rcode = reply.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return _error(rcode, target, f"the question for {target}", server)
    if not reply.flags & dns.flags.AA:
        return Trouble(False, "notauth", f"{server} answers for {target} without authority: it does not serve {target.name}")
    for rrset in reply.answer:
        if rrset.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME):
            kind = dns.rdatatype.to_text(rrset.rdtype)
            alias = f"{rrset.name} is an alias of {rrset[0].to_text()} ({kind})"
            return Trouble(False, "cname", f"{server}: {alias}, so {target} cannot be read or restored there")
    mine = [rrset for rrset in reply.answer if (rrset.name, rrset.rdtype) == (target.name, target.rdtype)]
    values = sorted(rdata.to_text() for rrset in mine for rdata in rrset)
    return RecordSet(tuple(values), min((rrset.ttl for rrset in mine), default=0))


def judge_capture(found: dict[str, RecordSet], target: Target) -> RecordSet | Trouble:
    """One set from all servers that were asked, the first of them the one to be changed later; a baseline holds no guess."""
    first = found[target.server]
    for server, record in found.items():
        if not record.holds(first):
            detail = f"{target}: {target.server} answers {first}, {server} answers {record}; capture when they agree"
            return Trouble(True, "disagree", detail)
    if target.asserted is not None and first.values != target.asserted:
        detail = f"{target} at {target.server} is {first}, the plan expects {shown(target.asserted)}"
        return Trouble(False, "unexpected", detail)
    return first


def _failed(failure: Failure, target: Target, what: str, server: str, unknown: str) -> Trouble:
    key = f"{server} refused the TSIG key '{target.key}'"
    match failure.reason:
        case "timeout":
            return Trouble(True, "timeout", f"{server} did not answer {what} within {target.timeout_ns / 1e9:g} s{unknown}")
        case "unreachable":
            return Trouble(True, "unreachable", f"{server} cannot be reached for {what}: {failure.detail}{unknown}")
        case "unverified":
            detail = f"{server} answered {what}, but not signed with the TSIG key '{target.key}' as known here{unknown}"
            return Trouble(False, "unverified", detail)
        case "badkey":
            why = f"it does not know this name with {target.algorithm}, or this key may not change {target.zone}"
        case "badsig":
            why = "the secret here is not the secret there"
        case "badtime":
            why = "the two clocks are more than 300 s apart"
        case _:
            why = "it does not accept the signature"
    return Trouble(False, failure.reason, f"{key} ({failure.detail}) for {what}: {why}")


def _error(rcode: dns.rcode.Rcode, target: Target, what: str, server: str) -> Trouble:
    why = {
        dns.rcode.SERVFAIL: "it failed inside; it may work again",
        dns.rcode.REFUSED: "its access list does not allow this",
        dns.rcode.NOTAUTH: f"it is not the authority for {target.zone}, or the TSIG key '{target.key}' may not change it",
        dns.rcode.NOTZONE: f"it holds {target.name} to be outside {target.zone}",
        dns.rcode.FORMERR: "it cannot read the request",
        dns.rcode.NOTIMP: "it does not do this kind of request",
    }.get(rcode, "it gives no other reason")
    name = dns.rcode.to_text(rcode)
    return Trouble(rcode == dns.rcode.SERVFAIL, name.lower(), f"{server} refused {what} ({name}): {why}")
