"""The answer to a caller: 200 and JSON, put together as bytes and written at once.

aiohttp builds a response out of a table of headers, each time anew, and that alone costs more than all of our checks. What it
would write for this one is known beforehand, but for the length and the date; a test holds the two against one another.
"""

from __future__ import annotations

from email.utils import formatdate
from typing import cast

from aiohttp import HttpVersion, HttpVersion10, HttpVersion11, web

from daemon.web.responses import HEADERS
from probes import clock
from probes.sample import NS_PER_S

_BEFORE = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
_KEPT = {
    (HttpVersion11, True): "",
    (HttpVersion10, True): "Connection: keep-alive\r\n",
    (HttpVersion11, False): "Connection: close\r\n",
}

Heads = dict[tuple[HttpVersion, bool], tuple[bytes, bytes]]
"""What comes before the body's length, and what comes after it; by the request's version and whether the connection is kept."""


class Dated:
    """The heads of this second."""

    __slots__ = ("_heads", "_until_ns")

    def __init__(self) -> None:
        self._heads: Heads = {}
        self._until_ns = 0

    def heads(self, *, now_ns: int) -> Heads:
        if now_ns >= self._until_ns:
            utc_s, past_ns = divmod(clock.read().utc_ns, NS_PER_S)
            self._heads = _heads(formatdate(utc_s, usegmt=True))
            self._until_ns = now_ns + NS_PER_S - past_ns
        return self._heads


def _heads(date: str) -> Heads:
    made: Heads = {}
    for version in (HttpVersion10, HttpVersion11):
        before = f"HTTP/{version.major}.{version.minor} 200 OK\r\n{_BEFORE}Content-Length: ".encode()
        for kept in (False, True):
            made[version, kept] = before, f"\r\nDate: {date}\r\n{_KEPT.get((version, kept), '')}\r\n".encode()
    return made


class Prompt(web.StreamResponse):
    """Not for HEAD. Whoever has it may close the connection after it, and nothing else."""

    def __init__(self, body: bytes, heads: Heads) -> None:
        # Not the parent's: it makes the table of headers that this class does without.
        self._status = 200
        self._content = body
        self._heads = heads

    async def prepare(self, request: web.BaseRequest) -> None:
        if request.version not in (HttpVersion11, HttpVersion10):
            self._keep_alive = False
        elif self._keep_alive is None:
            self._keep_alive = request.keep_alive
        self._req = request

    async def write_eof(self, data: bytes = b"") -> None:
        request = cast(web.BaseRequest, self._req)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client is gone")
        content = self._content
        # In any other version we answer in the highest of ours (RFC 9110 §2.5), and end.
        heads = self._heads.get((request.version, cast(bool, self._keep_alive)))
        before, after = heads or self._heads[HttpVersion11, False]
        self._req = None
        self._eof_sent = True
        transport.write(b"%b%d%b%b" % (before, len(content), after, content))
        if transport.get_write_buffer_size():  # a client that does not read must not fill our memory with answers
            await request.writer.drain()
