"""The answer that we write ourselves is, byte for byte, what aiohttp would write."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from daemon.web.limits import Limits
from daemon.web.listener import Listener
from daemon.web.prompt import Dated, Prompt
from daemon.web.responses import encoded
from probes.sample import NS_PER_S
from tests.daemon.web.world import exchange

BODY = b'{"cutoverStatus":"OK"}'
ASKED = b"GET /%b HTTP/%b\r\nHost: x\r\n%b\r\n"
FORMS = {
    "kept, and then closed": ASKED % (b"%b", b"1.1", b"") + ASKED % (b"%b", b"1.1", b"Connection: close\r\n"),
    "closed at once": ASKED % (b"%b", b"1.1", b"Connection: close\r\n"),
    "HTTP/1.0": ASKED % (b"%b", b"1.0", b""),
    "HTTP/1.0, kept": ASKED % (b"%b", b"1.0", b"Connection: keep-alive\r\n") + ASKED % (b"%b", b"1.0", b""),
    "with a body": b"POST /%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
    "a chunked body": b"POST /%b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


@pytest.fixture
async def both() -> AsyncIterator[Listener]:
    """/ours and /theirs."""
    dated = Dated()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        return Prompt(BODY, dated.heads(now_ns=0)) if request.path == "/ours" else encoded(BODY)

    listener = Listener(handle, limits=Limits(idle_s=2.0))
    await listener.open_tcp("127.0.0.1", 0)
    yield listener
    await listener.close()


def undated(response: bytes) -> bytes:
    found, count = re.subn(rb"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", b"Date\r\n", response)
    assert count == response.count(b"HTTP/1.") > 0
    return found


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
async def test_it_is_what_aiohttp_would_write(both: Listener, form: bytes) -> None:
    times = form.count(b"%b")
    ours, theirs = [undated(await exchange(both.port, form % ((path,) * times))) for path in (b"ours", b"theirs")]
    assert ours == theirs
    assert ours.count(BODY) == times


def test_the_date_is_that_of_the_second() -> None:
    dated = Dated()
    first = dated.heads(now_ns=1)
    assert dated.heads(now_ns=2) is first
    assert dated.heads(now_ns=1 + NS_PER_S) is not first
