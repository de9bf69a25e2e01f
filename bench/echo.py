"""A process that answers OPTIONS as cheaply as can be: the answer is made of the request's bytes by four slices."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

from probes.sip.headers import Address, CSeq, Via
from probes.sip.message import Request, serialise

TAIL = (
    b"Contact: <sip:127.0.0.1:5060>\r\nServer: echo\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE\r\nAccept: application/sdp\r\n"
    b"Supported: path, replaces\r\nContent-Length: 0\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Echo:
    port: int
    request: bytes


def _sample() -> bytes:
    local = "127.0.0.1:40000"
    return serialise(
        Request(
            method="OPTIONS",
            uri="sip:127.0.0.1:5060",
            vias=(Via("UDP", "127.0.0.1", 40000, (("branch", "z9hG4bK" + "0" * 24), ("rport", None))),),
            from_=Address(None, "sip:cutoverd@127.0.0.1", (("tag", "0" * 16),)),
            to=Address(None, "sip:127.0.0.1:5060"),
            call_id="0" * 24 + "@127.0.0.1",
            cseq=CSeq(1, "OPTIONS"),
            max_forwards=70,
            contacts=(Address(None, f"sip:cutoverd@{local}"),),
            headers=(("Accept", "application/sdp"), ("User-Agent", "cutoverd")),
        )
    )


@contextlib.asynccontextmanager
async def echoing() -> AsyncIterator[Echo]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.echo", stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    try:
        yield Echo(port, _sample())
    finally:
        process.kill()
        await process.wait()


def answered(data: bytes) -> bytes:
    """Via, From, To, Call-ID and CSeq as they came, a tag in To, and what a neighbour would add."""
    start = data.index(b"\r\nVia: ") + 2
    contact = data.index(b"\r\nMax-Forwards: ", start) + 2
    echoed = data[start:contact].replace(b";rport", b";rport=40000;received=127.0.0.1", 1)
    return b"SIP/2.0 200 OK\r\n" + echoed.replace(b"\r\nCall-ID", b";tag=1928301774\r\nCall-ID", 1) + TAIL


def _serve() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        server.bind(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        while True:
            data, source = server.recvfrom(65_535)
            server.sendto(answered(data), source)


if __name__ == "__main__":
    _serve()
