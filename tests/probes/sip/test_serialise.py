"""No value of ours can break out of its place on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from probes.sip.messages.headers import Address, CSeq, RetryAfter, Via
from probes.sip.messages.message import Response, UnsafeMessage, parse, serialise
from tests.probes.sip.samples import REQUEST, response

BREAKS = ["\r\nX: y", "a\rb", "a\nb"]


@pytest.mark.parametrize("text", BREAKS)
@pytest.mark.parametrize(
    "poison",
    [
        lambda message, text: replace(message, reason=text),
        lambda message, text: replace(message, call_id=text),
        lambda message, text: replace(message, from_=Address(text, "sip:a@b")),
        lambda message, text: replace(message, to=Address(None, text)),
        lambda message, text: replace(message, to=Address(None, "sip:a@b", (("tag", text),))),
        lambda message, text: replace(message, cseq=CSeq(1, text)),
        lambda message, text: replace(message, vias=(Via("UDP", text, None),)),
        lambda message, text: replace(message, contacts=(Address(None, text),)),
        lambda message, text: replace(message, retry_after=RetryAfter(1, text)),
        lambda message, text: replace(message, headers=(("Warning", text),)),
        lambda message, text: replace(message, headers=((text, "y"),)),
        lambda message, text: replace(message, vias=(Via("UDP", "h", None, ((text, None),)),)),
        lambda message, text: replace(message, contacts=(Address(None, "sip:a@b", (("expires", text),)),)),
    ],
)
def test_no_value_can_break_out_of_its_line(poison: Callable[[Response, str], Response], text: str) -> None:
    with pytest.raises(UnsafeMessage):
        serialise(poison(response(), text))


@pytest.mark.parametrize("field", ["method", "uri"])
@pytest.mark.parametrize("text", [*BREAKS, "sip:a SIP/2.0"])
def test_no_value_can_break_out_of_the_request_line(field: str, text: str) -> None:
    request = parse(REQUEST.encode())
    with pytest.raises(UnsafeMessage):
        serialise(replace(request, **{field: text}))


@pytest.mark.parametrize("name", ["Via", "v", "content-length", "L", "expires", "Min-Expires"])
def test_a_typed_header_cannot_be_given_twice(name: str) -> None:
    with pytest.raises(UnsafeMessage):
        serialise(replace(response(), headers=((name, "1"),)))


def test_a_character_that_has_no_bytes_is_not_written() -> None:
    with pytest.raises(UnsafeMessage):
        serialise(replace(response(), reason="\ud800"))
