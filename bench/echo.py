"""A process that answers OPTIONS as cheaply as can be: the answer is made of the request's bytes by four slices."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

from probes.sip.engine.series import Series
from probes.sip.engine.target import Transport
from probes.sip.options import Trunk, options

TAIL = (
    b"Contact: <sip:127.0.0.1:5060>\r\nServer: echo\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE\r\nAccept: application/sdp\r\n"
    b"Supported: path, replaces\r\nContent-Length: 0\r\n\r\n"
)
RECEIVE_BUFFER = 1 << 22
SPINS = 2_000
"""How often it looks in vain, for some milliseconds, before it sleeps: waking a process costs whoever sends to it several
microseconds, which a trunk on another machine does not."""
_IP_PKTINFO, _PKTINFO = 8, struct.Struct("=I4s4s")


@dataclass(frozen=True, slots=True)
class Echo:
    """Where it answers, and a request as the probe writes it."""

    pid: int
    port: int
    request: bytes


@contextlib.asynccontextmanager
async def echoing(where: str = "127.0.0.1") -> AsyncIterator[Echo]:
    """At one address, or `everywhere`: on one port of each address of this machine, 127.0.0.0/8 with it."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.echo", where, stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    try:
        yield Echo(process.pid, port, _sample())
    finally:
        process.kill()
        await process.wait()


def _sample() -> bytes:
    return Series(options(Trunk("127.0.0.1", 40_000), Transport.UDP, ("127.0.0.1", 40_000)), "127.0.0.1").request(0).data


def answered(data: bytes) -> bytes:
    """Via, From, To, Call-ID and CSeq as they came, a tag in To, and what a neighbour would add."""
    start = data.index(b"\r\nVia: ") + 2
    contact = data.index(b"\r\nMax-Forwards: ", start) + 2
    echoed = data[start:contact].replace(b";rport", b";rport=40000;received=127.0.0.1", 1)
    return b"SIP/2.0 200 OK\r\n" + echoed.replace(b"\r\nCall-ID", b";tag=1928301774\r\nCall-ID", 1) + TAIL


def _serve(server: socket.socket) -> None:
    idle = 0
    while True:
        try:
            data, source = server.recvfrom(65_535)
        except BlockingIOError:
            idle += 1
            if idle > SPINS:
                select.select((server,), (), ())
        else:
            idle = 0
            server.sendto(answered(data), source)


def _serve_everywhere(server: socket.socket) -> None:
    """Answers leave from the address that was asked; it sleeps whenever there is nothing to answer."""
    server.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    server.setblocking(True)
    while True:
        data, control, _, source = server.recvmsg(65_535, 64)
        asked = _PKTINFO.unpack(control[0][2])[2]
        leave = (socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO.pack(0, asked, bytes(4)))
        server.sendmsg((answered(data),), (leave,), 0, source)


def _main(where: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        server.setblocking(False)
        server.bind(("" if where == "everywhere" else where, 0))
        print(server.getsockname()[1], flush=True)
        if where == "everywhere":
            _serve_everywhere(server)
        _serve(server)


if __name__ == "__main__":
    _main(sys.argv[1])
