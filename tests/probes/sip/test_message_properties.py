"""What must hold for every message, and for every datagram whatsoever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.sip.messages.headers import Address, CSeq, RetryAfter, Via
from probes.sip.messages.message import Malformation, MalformedMessage, Request, Response, UnsafeMessage, parse, serialise
from tests.probes.sip.samples import REQUEST, RESPONSE, TORTUOUS

TOKEN = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)
HOST = st.sampled_from(["sbc01", "sbc-new.example.net", "192.0.2.1", "2001:db8::1"])
PORT = st.none() | st.integers(0, 65_535)
TEXT = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=("Cs",)), max_size=20)
LINE = TEXT.map(lambda text: text.strip(" \t"))
VALUE = TOKEN | st.just('"quoted; , <\\" string"') | st.none()
PARAMS = st.lists(st.tuples(TOKEN.map(lambda name: f"x{name}"), VALUE), max_size=4, unique_by=lambda pair: pair[0].lower()).map(
    tuple
)
URI = st.sampled_from(
    ["sip:sbc01", "sip:a@[2001:db8::1]:5060;transport=tcp", "sips:+1@h?Subject=x", "tel:+49;phone-context=x", "sip:a:b%40@c"]
)
ADDRESS = st.builds(Address, st.none() | TEXT, URI, PARAMS)
VIA_PARAMS = st.tuples(TOKEN, PARAMS).map(lambda pair: (("branch", "z9hG4bK" + pair[0]), ("rport", None), *pair[1]))
VIA = st.builds(Via, TOKEN, HOST, PORT, VIA_PARAMS)
COMMENT = st.none() | st.sampled_from(["", "busy", "in (a) meeting; later", "escaped \\)"])
SHARED = {
    "vias": st.lists(VIA, min_size=1, max_size=3).map(tuple),
    "from_": ADDRESS,
    "to": ADDRESS,
    "call_id": st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
    "max_forwards": st.none() | st.integers(0, 255),
    "contacts": st.lists(ADDRESS, max_size=3).map(tuple),
    "expires": st.none() | st.integers(0, 2**32 - 1),
    "min_expires": st.none() | st.integers(0, 2**32 - 1),
    "retry_after": st.none() | st.builds(RetryAfter, st.integers(0, 2**32 - 1), COMMENT, PARAMS),
    "headers": st.lists(st.tuples(TOKEN.map(lambda name: f"X-{name}"), LINE), max_size=4).map(tuple),
    "body": st.binary(max_size=40),
}
NUMBER = st.integers(0, 2**32 - 1)
REQUESTS = TOKEN.flatmap(
    lambda method: st.builds(Request, method=st.just(method), uri=URI, cseq=st.builds(CSeq, NUMBER, st.just(method)), **SHARED)
)
RESPONSES = st.builds(Response, status=st.integers(100, 699), reason=TEXT, cseq=st.builds(CSeq, NUMBER, TOKEN), **SHARED)


@settings(max_examples=300, deadline=None)
@given(REQUESTS | RESPONSES)
def test_what_was_serialised_parses_to_the_same_message(message: Request | Response) -> None:
    assert parse(serialise(message)) == message


def texts(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where in a message, its headers and their parameters there is text."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, tuple):
        for at, item in enumerate(value):
            yield from texts(item, (*path, at))
    elif is_dataclass(value):
        for part in fields(value):
            yield from texts(getattr(value, part.name), (*path, part.name))


def changed_at(value: Any, path: tuple[str | int, ...], change: Callable[[str], str]) -> Any:
    if not path:
        return change(value)
    at, *rest = path
    if isinstance(at, int):
        return (*value[:at], changed_at(value[at], tuple(rest), change), *value[at + 1 :])
    return replace(value, **{at: changed_at(getattr(value, at), tuple(rest), change)})


@settings(max_examples=200, deadline=None)
@given(REQUESTS | RESPONSES, st.sampled_from(["\r\n", "\r", "\n", "\r\n\r\n", "\r\nX: "]), st.data())
def test_no_text_of_a_message_can_end_its_line(message: Request | Response, break_: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(texts(message))))

    def broken(text: str) -> str:
        at = data.draw(st.integers(0, len(text)))
        return text[:at] + break_ + text[at:]

    with pytest.raises(UnsafeMessage):
        serialise(changed_at(message, path, broken))


PIECE = st.binary(max_size=4) | st.sampled_from([b"\r\n", b'"', b"<", b">", b"\\", b";", b",", b"(", b":", b"=", b" ", b"\xff"])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good message with a few bytes replaced, removed, inserted or moved."""
    data = bytearray(draw(st.sampled_from([REQUEST, RESPONSE, TORTUOUS])).encode())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        until = draw(st.integers(at, min(at + 12, len(data))))
        piece = st.binary(max_size=4) | st.sampled_from(
            [b"\r\n", b'"', b"<", b">", b"\\", b";", b",", b"(", b":", b"=", b" ", b"\xff"]
        )
        data[at:until] = draw(piece | st.just(bytes(data[until : until + 12])))
    return bytes(data)


@settings(max_examples=1000, deadline=None)
@given(mutated() | st.binary(max_size=200))
def test_any_datagram_parses_or_is_malformed_by_a_known_reason(data: bytes) -> None:
    reason = None
    try:
        message = parse(data)
    except MalformedMessage as fault:
        reason = fault.reason
    else:
        assert parse(serialise(message)) == message
    assert reason is None or reason in Malformation
