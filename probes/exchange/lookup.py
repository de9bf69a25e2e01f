"""Where a host's name leads: its addresses, asked anew each time of the daemon's own resolvers."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Protocol

from probes.records import Address, Alias, Failed, Fault, Found, Kind, Question, Reply

MOST_ALIASES = 8
MOST_ADDRESSES = 8
"""Of one kind; more are never tried."""
RESOLUTION_DELAY_S = 0.05
"""RFC 8305 §3: how long the second answer is waited for once the first is there."""


class Asks(Protocol):
    """`probes.resolver.Resolver`."""

    async def ask(self, question: Question, *, timeout_ns: int) -> Reply: ...


async def addresses(host: str, resolver: Asks, *, timeout_ns: int) -> tuple[str, ...] | Failed:
    """Numeric addresses, IPv6 and IPv4 in turn, in the order in which they are to be tried (RFC 8305 §4)."""
    if is_numeric(host):
        return (host,)
    asked = [asyncio.ensure_future(_of_kind(host, kind, resolver, timeout_ns)) for kind in (Kind.AAAA, Kind.A)]
    try:
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        has_some = any(not isinstance(each.result(), Failed) for each in asked if each.done())
        await asyncio.wait(asked, timeout=RESOLUTION_DELAY_S if has_some else None)
        replies = [each.result() for each in asked if each.done()]
    finally:
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    found = [reply for reply in replies if not isinstance(reply, Failed)]
    if not found:
        return _worse(*(reply for reply in replies if isinstance(reply, Failed)))
    return tuple(each for each in chain.from_iterable(zip_longest(*found)) if each is not None)


def is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _of_kind(host: str, kind: Kind, resolver: Asks, timeout_ns: int) -> tuple[str, ...] | Failed:
    name = host
    for _ in range(MOST_ALIASES):
        reply = await resolver.ask(Question(name, kind), timeout_ns=timeout_ns)
        if not isinstance(reply, Found):
            return reply
        found = tuple(record.host for record in reply.records if isinstance(record, Address))
        if found:
            return found[:MOST_ADDRESSES]
        aliases = [record.name for record in reply.records if isinstance(record, Alias)]
        if not aliases:
            return Failed(Fault.NODATA)
        name = aliases[0]
    return Failed(Fault.LOOP, None, "too many aliases in a row")


def _worse(*failures: Failed) -> Failed:
    """What says more: a name that does not exist has neither kind, and trouble leaves open what there is."""
    return max(failures, key=lambda each: (each.why is Fault.NXDOMAIN, not each.is_negative))
