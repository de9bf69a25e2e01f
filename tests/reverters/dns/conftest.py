"""The two name servers that every rule of the step is shown against: real knot, and the lab's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.dns import DnsServer, serving
from lab.zone import Zone
from reverters.dns.rfc2136 import Rfc2136Reverter
from reverters.plan import Step
from tests.peers import knot

SECOND = 1_000_000_000


def spec(server: str, *, name: str = "sip.example.net.", kind: str = "A", **changed: Any) -> dict[str, Any]:
    """A step's `spec` for a record of example.net; `key`, `algorithm` and `timeout_ns` go to the provider."""
    rfc2136 = {"server": server, "key": knot.KEY, "algorithm": knot.ALGORITHM, "timeout_ns": 2 * SECOND}
    provider = {field: changed.pop(field, value) for field, value in rfc2136.items()}
    document = {"provider": {"rfc2136": provider}, "zone": knot.ORIGIN, "name": name, "type": kind}
    return document | {"authoritative": [server], "assert": None} | changed


def step(document: dict[str, Any], wanted: list[str], ttl: int = 300) -> Step:
    target = f"{document['name']} {document['type']}"
    return Step(f"rollback/dns/dns/{target}", "dns", target, document, {"values": wanted, "ttl": ttl})


def reverter(**changed: Any) -> Rfc2136Reverter:
    return Rfc2136Reverter({knot.KEY: knot.SECRET.encode()}, **changed)


@dataclass
class NameServer:
    """`change` is what a cutover does, sent by the real knsupdate; `updates` counts UPDATE messages that arrived."""

    server: str
    updates: Callable[[], int]

    async def holds(self, name: str = "sip.example.net.", kind: str = "A") -> list[str]:
        return await knot.kdig(self.server, name, kind)

    async def ttl(self, name: str = "sip.example.net.", kind: str = "A") -> int:
        host, _, port = self.server.rpartition(":")
        answer = await knot.run("kdig", f"@{host}", "-p", port, "+norec", "+noall", "+answer", name, kind)
        return int(answer.split()[1])

    async def change(self, *lines: str) -> None:
        said = await knot.knsupdate(self.server, *lines)
        assert "status: NOERROR" in said, said


@pytest.fixture(params=["knot", "lab"])
async def nameserver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NameServer]:
    async with AsyncExitStack() as stack:
        if request.param == "knot":
            real = await stack.enter_async_context(knot.knot(tmp_path))
            yield NameServer(real.server, real.updates)
        else:
            lab = await stack.enter_async_context(serving(lab_server()))
            yield NameServer(lab.address, lambda: lab.count("update"))


def lab_server(*records: str) -> DnsServer:
    """The lab's server with knot's zone and keys."""
    zone = Zone.from_text("\n".join([knot.ZONE, *records, ""]), knot.ORIGIN)
    keys = {knot.KEY: knot.SECRET, knot.READER: knot.READER_SECRET}
    return DnsServer(zone, keys, may_update=frozenset({knot.KEY}))
