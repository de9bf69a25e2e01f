"""A call that is up when the trunk turns: real sipp on both ends of a real Kamailio."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.trunk_steps import TrunkSwitch
from tests import peers
from tests.peers import need
from tests.peers.kamailio_trunk import Proxy, proxy
from tests.peers.sipp import free_udp_port, sipp
from tests.reverters.trunk.bench import WITHIN_S, captured, put_back, reverter, step, trunk

DATA = Path(peers.__file__).parent / "data"
GATEWAY, CALLER = (DATA / "trunk_uas.xml").read_text(), DATA / "trunk_uac.xml"
SWITCH = trunk(switches=(TrunkSwitch(table="cutover", key="inbound"),))
SET = trunk(dispatcher_sets=(1,))


@dataclass
class Call:
    id: str
    port: int
    process: asyncio.subprocess.Process

    async def hang_up(self) -> bool:
        """Whether the other side agreed to the end."""
        notify = [
            f"NOTIFY sip:caller@127.0.0.1:{self.port} SIP/2.0",
            "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-now",
            "From: <sip:test@127.0.0.1>;tag=1",
            f"To: <sip:caller@127.0.0.1:{self.port}>",
            f"Call-ID: {self.id}",
            "CSeq: 1 NOTIFY",
            "Content-Length: 0",
        ]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as us:
            us.sendto("\r\n".join([*notify, "", ""]).encode(), ("127.0.0.1", self.port))
        async with asyncio.timeout(WITHIN_S):
            return await self.process.wait() == 0


@contextlib.asynccontextmanager
async def calling(running: Proxy, id: str) -> AsyncIterator[Call]:
    """A call through the proxy that is up, until it is told to hang up."""
    port = free_udp_port()
    with tempfile.TemporaryDirectory(prefix="sipp-") as folder:
        process = await asyncio.create_subprocess_exec(
            *(need("sipp"), f"127.0.0.1:{running.port}", "-sf", str(CALLER), "-i", "127.0.0.1", "-p", str(port)),
            *("-m", "1", "-cid_str", id, "-nostdin", "-timeout", f"{WITHIN_S * 2}s", "-timeout_error"),
            cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await running.running.until(lambda: any(line.startswith(f"ACK {id} ") for line in running.running.said("FOLLOWED")))
            yield Call(id, port, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def went(running: Proxy, id: str) -> list[tuple[str, int]]:
    """The requests of a call in order, each with the port that it was sent on to; one sent again counts once."""
    lines = [line.split() for word in ("ROUTED", "FOLLOWED") for line in running.running.said(word)]
    return list(dict.fromkeys((method, int(to.rpartition(":")[2])) for method, call, to in lines if call == id))


@pytest.mark.parametrize("by", ["switch", "set"])
async def test_a_call_that_is_up_stays_where_it_is_and_the_next_goes_to_the_baseline(by: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        new, old = [await stack.enter_async_context(sipp(GATEWAY)) for _ in range(2)]
        uris = [f"sip:127.0.0.1:{each.port}" for each in (new, old)]
        if by == "switch":
            running = await stack.enter_async_context(proxy(f"1 {uris[0]} 0 0\n2 {uris[1]} 0 0\n", "WITH_SWITCH"))
            spec, cut_over = SWITCH, running.order("htable.sets", "cutover", "inbound", "new")
        else:
            running = await stack.enter_async_context(proxy(f"1 {uris[0]} 4 10\n1 {uris[1]} 0 5\n"))
            spec, cut_over = SET, running.order("dispatcher.set_state", "ap", 1, uris[0])
        back = await stack.enter_async_context(reverter(running.url))
        todo = step(spec, await captured(back, spec))
        await cut_over

        first = await stack.enter_async_context(calling(running, "up"))
        await put_back(back, todo)
        second = await stack.enter_async_context(calling(running, "next"))
        assert await first.hang_up()
        assert await second.hang_up()
        assert went(running, "up") == [("INVITE", new.port), ("ACK", new.port), ("BYE", new.port)]
        assert went(running, "next") == [("INVITE", old.port), ("ACK", old.port), ("BYE", old.port)]
