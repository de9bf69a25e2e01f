"""One TCP connection to real peers: what it brings, and how it ends."""

from __future__ import annotations

import errno
import socket
import threading

import pytest

from probes.sip.engine.exchanged import Break
from probes.sip.engine.flow import FlowEnd, Stage, Unconnected
from probes.sip.engine.stream_socket import KERNEL_BUFFER, UNACKNOWLEDGED_MS
from probes.sip.engine.target import Endpoint
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.message import parse
from tests.probes.sip.stream_peers import (
    Watched,
    answers_once,
    flow_to,
    leaves,
    peer,
    request,
    reset,
    response,
    says,
    tcp,
    until_closed,
)
from tests.probes.sip.stream_programs import sipp_over_tcp

pytestmark = pytest.mark.usefixtures("untroubled")


@pytest.fixture
def closed_port() -> Endpoint:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return "127.0.0.1", holder.getsockname()[1]


# What comes


async def test_a_request_is_answered_over_the_connection() -> None:
    with peer(answers_once) as address:
        async with flow_to(tcp(address)) as watched:
            (await watched.opened()).send(request())
            (answer,) = await watched.received()
    assert parse(answer).cseq.method == "OPTIONS"
    assert watched.calls == ["opened", "received", "ended"]


async def test_sipp_answers_options_over_tcp() -> None:
    async with sipp_over_tcp(503) as address, flow_to(tcp(address)) as watched:
        (await watched.opened()).send(request())
        (answer,) = await watched.received()
    assert answer.startswith(b"SIP/2.0 503 ")


async def test_a_message_that_comes_a_byte_at_a_time_is_one_message() -> None:
    whole = response(b"v=0\r\n\r\nSIP/2.0 200 OK\r\n")
    with peer(says(*(whole[at : at + 1] for at in range(len(whole))))) as address:
        async with flow_to(tcp(address)) as watched:
            assert await watched.received() == [whole]


async def test_two_responses_in_one_segment_are_two_messages() -> None:
    with peer(says(response(b"one") + response(b"two"))) as address:
        async with flow_to(tcp(address)) as watched:
            first, second = await watched.received(2)
    assert (first[-3:], second[-3:]) == (b"one", b"two")


async def test_more_than_is_read_in_one_turn_comes_all_the_same() -> None:
    many = [response(b"x" * 60_000) for _ in range(20)]
    with peer(says(b"".join(many))) as address:
        async with flow_to(tcp(address)) as watched:
            assert await watched.received(20) == many


async def test_what_came_before_the_peer_hung_up_is_handed_over_first() -> None:
    many = [response(b"x" * 60_000) for _ in range(20)]
    with peer(leaves(*many)) as address:
        async with flow_to(tcp(address)) as watched:
            assert await watched.ended() == FlowEnd(Break.CLOSED)
            assert watched.messages == many


async def test_closing_while_a_message_is_handed_over_stops_the_next() -> None:
    with peer(says(response() + response())) as address:
        async with flow_to(tcp(address)) as watched:
            watched.on_message = lambda _: watched.flow.close()
            assert await watched.ended() == FlowEnd(Trouble.CLOSED)
    assert len(watched.messages) == 1


async def test_ipv6_is_spoken_and_the_addresses_are_numeric() -> None:
    with peer(answers_once, host="::1") as address:
        async with flow_to(tcp(("0:0:0:0:0:0:0:1", address[1]))) as watched:
            flow = await watched.opened()
            flow.send(request())
            await watched.received()
            assert flow.peer == ("::1", address[1])
            assert flow.local[0] == "::1"


# Keep-alives


async def test_a_ping_of_the_peer_gets_one_line_end_back() -> None:
    heard: list[bytes] = []

    def ping(connection: socket.socket) -> None:
        connection.sendall(b"\r\n\r\n")
        heard.append(connection.recv(100))
        connection.sendall(response())
        heard.append(until_closed(connection))

    with peer(ping) as address:
        async with flow_to(tcp(address)) as watched:
            await watched.received()
    assert heard == [b"\r\n", b""]


async def test_a_single_line_end_of_the_peer_is_left_alone() -> None:
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.sendall(b"\r\n" + response())
        heard.append(until_closed(connection))

    with peer(script) as address:
        async with flow_to(tcp(address)) as watched:
            await watched.received()
    assert heard == [b""]


async def test_our_ping_is_two_line_ends_and_one_back_answers_it() -> None:
    heard: list[bytes] = []

    def pong(connection: socket.socket) -> None:
        heard.append(connection.recv(100))
        connection.sendall(b"\r\n" + response())
        heard.append(until_closed(connection))

    with peer(pong) as address:
        async with flow_to(tcp(address)) as watched:
            flow = await watched.opened()
            flow.ping()
            assert flow.is_pong_due
            await watched.received()
            assert not flow.is_pong_due
    assert heard == [b"\r\n\r\n", b""]


# How it ends


async def test_a_closed_port_refuses(closed_port: Endpoint) -> None:
    async with flow_to(tcp(closed_port)) as watched:
        assert await watched.ended() == FlowEnd(Unconnected("ECONNREFUSED"))


async def test_a_peer_that_hangs_up_between_messages_closed() -> None:
    with peer(leaves(response())) as address:
        async with flow_to(tcp(address)) as watched:
            assert await watched.ended() == FlowEnd(Break.CLOSED)


@pytest.mark.parametrize("cut", [1, 40, -1])
async def test_a_peer_that_hangs_up_within_a_message_is_told_apart(cut: int) -> None:
    with peer(leaves(response() + response(b"body")[:cut])) as address:
        async with flow_to(tcp(address)) as watched:
            assert await watched.ended() == FlowEnd(Break.MID_MESSAGE)
            assert len(watched.messages) == 1


async def test_a_peer_that_resets_is_told_apart_and_what_it_said_is_heard() -> None:
    may_reset = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(response())
        assert may_reset.wait(20)
        reset(connection)

    with peer(script) as address:
        async with flow_to(tcp(address)) as watched:
            await watched.received()
            may_reset.set()
            assert await watched.ended() == FlowEnd(Break.RESET, "ECONNRESET")


async def test_a_reset_within_a_message_is_told_apart() -> None:
    may_reset = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(response() + response()[:40])
        assert may_reset.wait(20)
        reset(connection)

    with peer(script) as address:
        async with flow_to(tcp(address)) as watched:
            await watched.received()
            may_reset.set()
            assert await watched.ended() == FlowEnd(Break.MID_MESSAGE, "ECONNRESET")


async def test_an_answer_that_lies_before_the_reset_that_our_sending_met_is_heard() -> None:
    may_reset, has_reset = threading.Event(), threading.Event()

    def script(connection: socket.socket) -> None:
        assert may_reset.wait(20)
        connection.sendall(response())
        reset(connection)
        has_reset.set()

    with peer(script) as address:
        watched = Watched(tcp(address))
        flow = await watched.opened()
        may_reset.set()
        assert has_reset.wait(20)
        assert flow.send(request())
        assert await watched.ended() == FlowEnd(Break.RESET, "ECONNRESET")
    assert watched.calls == ["opened", "received", "ended"]


async def test_much_that_lies_before_a_reset_is_heard() -> None:
    many = [response(b"x" * 20_000) for _ in range(6)]
    may_speak, has_reset = threading.Event(), threading.Event()

    def script(connection: socket.socket) -> None:
        assert may_speak.wait(20)
        connection.sendall(b"".join(many))
        reset(connection)
        has_reset.set()

    with peer(script) as address:
        async with flow_to(tcp(address)) as watched:
            await watched.opened()
            may_speak.set()
            assert has_reset.wait(20)
            assert await watched.ended() == FlowEnd(Break.RESET, "ECONNRESET")
    assert watched.messages == many


async def test_a_peer_that_accepts_and_resets_at_once_has_not_refused() -> None:
    has_reset = threading.Event()

    def script(connection: socket.socket) -> None:
        reset(connection)
        has_reset.set()

    with peer(script) as address:
        watched = Watched(tcp(address))
        assert has_reset.wait(20)
        assert await watched.ended() == FlowEnd(Break.RESET, "ECONNRESET")


async def test_garbage_ends_the_connection_by_its_reason() -> None:
    with peer(says(response() + b"220 mail.example.com ESMTP\r\n")) as address:
        async with flow_to(tcp(address)) as watched:
            assert await watched.ended() == FlowEnd(Break.GARBAGE, "start-line: not SIP")
            assert len(watched.messages) == 1


async def test_closed_by_us_is_our_own_doing_and_told_later_once() -> None:
    with peer(says()) as address:
        async with flow_to(tcp(address)) as watched:
            flow = await watched.opened()
            flow.close()
            flow.close()
            assert watched.calls == ["opened"]
            assert await watched.ended() == FlowEnd(Trouble.CLOSED)


async def test_a_connection_may_be_closed_before_it_is_one() -> None:
    with peer(says()) as address:
        async with flow_to(tcp(address)) as watched:
            assert watched.flow.stage is Stage.CONNECTING
            watched.flow.close()
            assert await watched.ended() == FlowEnd(Trouble.CLOSED)
        assert watched.calls == ["ended"]


@pytest.mark.parametrize(
    ("number", "connecting", "later"),
    [
        (errno.EHOSTUNREACH, Unconnected("EHOSTUNREACH"), Break.RESET),
        (errno.ENETUNREACH, Unconnected("ENETUNREACH"), Break.RESET),
        (errno.ETIMEDOUT, Unconnected("ETIMEDOUT"), Break.RESET),
        (errno.EPIPE, Unconnected("EPIPE"), Break.RESET),
        (errno.ENOBUFS, Trouble.NO_BUFFER, Trouble.NO_BUFFER),
        (errno.ENETDOWN, Trouble.NO_ROUTE, Trouble.NO_ROUTE),
        (errno.EPERM, Trouble.FORBIDDEN, Trouble.FORBIDDEN),
    ],
)
async def test_what_the_kernel_says_is_charged_to_whoever_caused_it(
    number: int, connecting: Unconnected | Trouble, later: Break | Trouble
) -> None:
    fault = OSError(number, "said the kernel")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()[:2]
        async with flow_to(tcp(address)) as watched:
            watched.flow._on_failed(fault)
            assert (await watched.ended()).how == connecting
        async with flow_to(tcp(address)) as watched:
            (await watched.opened())._on_failed(fault)
            assert (await watched.ended()).how == later


async def test_a_connection_delays_nothing_and_is_bounded_in_the_kernel_too() -> None:
    with peer(says()) as address:
        async with flow_to(tcp(address)) as watched:
            flow = await watched.opened()
            assert flow._socket is not None
            option = flow._socket._socket.getsockopt
            assert option(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert option(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNACKNOWLEDGED_MS
            for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                assert option(socket.SOL_SOCKET, buffer) <= 2 * KERNEL_BUFFER
