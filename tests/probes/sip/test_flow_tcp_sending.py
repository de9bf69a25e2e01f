"""One TCP connection to real peers: what is sent over it, and from where it leaves."""

from __future__ import annotations

import asyncio
import functools
import resource
import socket
import threading
from pathlib import Path

import pytest

from probes.sip.engine.exchanged import Break
from probes.sip.engine.flow import HIGH_WATER, FlowEnd
from probes.sip.engine.target import Endpoint, Target, Transport
from probes.sip.engine.trouble import Trouble
from tests.probes.sip.stream_peers import (
    Watched,
    flow_to,
    leaves,
    peer,
    reply,
    request,
    response,
    says,
    tcp,
    until_closed,
)

pytestmark = pytest.mark.usefixtures("untroubled")


@pytest.fixture
def closed_port() -> Endpoint:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return "127.0.0.1", holder.getsockname()[1]


# Sending


async def test_nothing_is_sent_before_it_is_open_nor_after_it_ended() -> None:
    with peer(leaves()) as address:
        async with flow_to(tcp(address)) as watched:
            with pytest.raises(ValueError, match="not open"):
                watched.flow.send(request())
            with pytest.raises(ValueError, match="not connected"):
                _ = watched.flow.local
            await watched.ended()
            with pytest.raises(ValueError, match="not open"):
                watched.flow.send(request())


async def test_what_is_sent_between_a_failure_and_its_telling_is_dropped() -> None:
    sent: list[bool] = []
    with peer(says(response() + b"\x00")) as address:
        async with flow_to(tcp(address)) as watched:
            # What a message sets off is run after the garbage behind it was met, and before that is told.
            send = functools.partial(watched.flow.send, request())
            watched.on_message = lambda _: asyncio.get_running_loop().call_soon(lambda: sent.append(send()))
            assert (await watched.ended()).how is Break.GARBAGE
            assert sent == [False]


async def test_a_peer_that_does_not_read_costs_a_bounded_amount_and_the_rest_is_dropped() -> None:
    done = threading.Event()
    heard: list[int] = []

    def script(connection: socket.socket) -> None:
        assert done.wait(20)
        heard.append(len(until_closed(connection)))

    message = request() + b"\r\n" * 400
    with peer(script) as address:
        async with flow_to(tcp(address)) as watched:
            flow = await watched.opened()
            sent = sum(flow.send(message) for _ in range(20_000))
            assert flow._socket is not None
            assert flow._socket.unsent <= HIGH_WATER
            assert flow.dropped == 20_000 - sent > 0
            done.set()
            async with asyncio.timeout(20):
                while flow._socket.unsent:
                    await asyncio.sleep(0)
            is_watched_for_room = asyncio.get_running_loop().remove_writer(flow._socket._socket.fileno())
            assert not is_watched_for_room
            assert flow.send(message)
    assert heard == [(sent + 1) * len(message)]


async def test_a_peer_that_pings_and_does_not_read_costs_a_bounded_amount() -> None:
    flood = b"\r\n\r\n" * 600_000

    def script(connection: socket.socket) -> None:
        connection.sendall(flood + response())
        until_closed(connection)

    with peer(script) as address:
        async with flow_to(tcp(address)) as watched:
            await watched.received()
            socket_ = watched.flow._socket
            assert socket_ is not None
            assert socket_.unsent <= HIGH_WATER


# From where


async def test_the_source_address_is_the_chosen_one() -> None:
    seen: list[Endpoint] = []

    def script(connection: socket.socket) -> None:
        seen.append(connection.getpeername())
        reply(connection)
        until_closed(connection)

    with peer(script) as address:
        async with flow_to(tcp(address, source="127.0.0.2")) as watched:
            flow = await watched.opened()
            flow.send(request())
            await watched.received()
            assert flow.local == seen[0]
    assert seen[0][0] == "127.0.0.2"


async def test_an_ipv6_source_address_is_the_chosen_one() -> None:
    with peer(says(), host="::1") as address:
        async with flow_to(tcp(address, source="::1")) as watched:
            assert (await watched.opened()).local[0] == "::1"


async def test_a_source_port_serves_two_peers_at_once_and_the_same_peer_again(closed_port: Endpoint) -> None:
    port = closed_port[1]
    with peer(says(), says()) as one, peer(says()) as other:
        async with flow_to(tcp(one, source_port=port)) as first, flow_to(tcp(other, source_port=port)) as second:
            assert (await first.opened()).local == (await second.opened()).local == ("127.0.0.1", port)
        async with flow_to(tcp(one, source_port=port)) as again:
            assert (await again.opened()).local == ("127.0.0.1", port)


@pytest.mark.parametrize("source", ["203.0.113.77", "::1"])
async def test_a_source_address_that_is_not_ours_is_our_own_trouble(source: str, closed_port: Endpoint) -> None:
    async with flow_to(tcp(closed_port, source=source)) as watched:
        assert (await watched.ended()).how is Trouble.NO_SOURCE


async def test_a_source_port_that_is_taken_is_our_own_trouble(closed_port: Endpoint) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = holder.getsockname()[1]
        async with flow_to(tcp(closed_port, source="127.0.0.1", source_port=taken)) as watched:
            end = await watched.ended()
    assert end == FlowEnd(Trouble.SOCKET, "[Errno 98] Address already in use")


async def test_no_route_is_our_own_trouble() -> None:
    async with flow_to(tcp(("192.0.2.1", 5060), source="127.0.0.1")) as watched:
        assert (await watched.ended()).how is Trouble.NO_ROUTE


async def test_too_many_open_files_are_our_own_trouble(closed_port: Endpoint) -> None:
    _, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        watched = Watched(tcp(closed_port))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert (await watched.ended()).how is Trouble.NO_SOCKET


async def test_every_descriptor_is_given_back(closed_port: Endpoint) -> None:
    before = descriptors()
    for address in (closed_port, closed_port):
        async with flow_to(tcp(address)) as watched:
            await watched.ended()
    with peer(says()) as address:
        async with flow_to(tcp(address)) as watched:
            await watched.opened()
    assert descriptors() == before


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_a_host_name_is_no_target(closed_port: Endpoint) -> None:
    with pytest.raises(ValueError, match="numeric"):
        Watched(tcp(("localhost", 5060)))


@pytest.mark.parametrize("target", [Target(Transport.UDP, ("127.0.0.1", 1)), Target(Transport.TLS, ("127.0.0.1", 1))])
async def test_a_target_without_a_connection_is_refused_at_once(target: Target) -> None:
    with pytest.raises(ValueError, match="not the target of a connection"):
        Watched(target)
