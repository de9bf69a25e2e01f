"""Where one message ends and the next begins on a stream (RFC 3261 §18.3, §7.3.1, §7.5, RFC 5626 §3.5.1)."""

from __future__ import annotations

import pytest

from probes.sip.engine.framing import MAX_HEAD, MAX_MESSAGE, Framer, KeepAlive
from probes.sip.messages.malformed import Malformation, MalformedMessage
from probes.sip.messages.message import parse
from tests.probes.sip.framed import frames
from tests.probes.sip.samples import RESPONSE, TORTUOUS

PING, PONG = KeepAlive.PING, KeepAlive.PONG


def message(body: bytes = b"", length: str | None = None, *, extra: str = "") -> bytes:
    """A response; `length` replaces the whole Content-Length line, line end and all."""
    line = f"Content-Length: {len(body)}\r\n" if length is None else length
    return RESPONSE.replace("Content-Length: 0\r\n", extra + line).encode() + body


def fault(data: bytes) -> Malformation:
    last = frames(data)[-1]
    assert isinstance(last, Malformation)
    return last


# Messages


def test_a_message_is_cut_at_the_end_of_its_body() -> None:
    assert frames(message(b"v=0\r\n")) == [message(b"v=0\r\n")]


def test_two_messages_in_one_read_are_two() -> None:
    assert frames(message(b"one") + message(b"two")) == [message(b"one"), message(b"two")]


def test_a_message_waits_for_its_last_byte() -> None:
    framer = Framer()
    whole = message(b"body")
    for at in range(len(whole) - 1):
        framer.add(whole[at : at + 1])
        assert framer.next_frame() is None
        assert framer.is_within_message
    framer.add(whole[-1:])
    assert framer.next_frame() == whole
    assert not framer.is_within_message
    assert framer.next_frame() is None


def test_a_body_that_looks_like_a_message_is_a_body() -> None:
    outer = message(message(b"inner"))
    assert frames(outer + message()) == [outer, message()]


@pytest.mark.parametrize(
    "line",
    [
        "Content-Length: 4\r\n",
        "content-length:4\r\n",
        "CONTENT-LENGTH :\t4  \r\n",
        "l: 4\r\n",
        "L\t : 4\r\n",
        "Content-Length:\r\n 4\r\n",
        "Content-Length\r\n : 4\r\n",
        "l:\r\n \t\r\n\t4\r\n",
        "Content-Length: 0004\r\n",
    ],
)
def test_content_length_is_found_however_it_is_spelt(line: str) -> None:
    spelt = message(b"body", line)
    assert frames(spelt + message()) == [spelt, message()]


def test_the_grammars_freedoms_do_not_hide_the_length() -> None:
    """RFC 4475 §3.1.1.1."""
    tortuous = TORTUOUS.encode()
    assert frames(tortuous + message()) == [tortuous, message()]


@pytest.mark.parametrize(
    "extra",
    [
        "X-Content-Length: 9\r\n",
        "Subject: l: 9\r\n",
        "Subject: Content-Length: 9\r\n",
        "Subject: x\r\n Content-Length: 9\r\n",
        "ll: 9\r\n",
    ],
)
def test_what_only_looks_like_content_length_is_not(extra: str) -> None:
    assert frames(message(b"body", extra=extra)) == [message(b"body", extra=extra)]


def test_a_malformed_message_whose_length_is_known_is_handed_over_and_the_next_is_found() -> None:
    spoilt = message(b"body").replace(b"CSeq: ", b"CSeq: -")
    assert frames(spoilt + message()) == [spoilt, message()]
    with pytest.raises(MalformedMessage):
        parse(spoilt)


# Between messages


def test_line_ends_before_a_message_are_skipped() -> None:
    framer = Framer()
    framer.add(b"\r\n" + message())
    assert framer.next_frame() == message()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\r\n", []),
        (b"\r\n\r\n", [PING]),
        (b"\r\n\r\n\r\n", [PING]),
        (b"\r\n\r\n\r\n\r\n", [PING, PING]),
        (b"\r\n" + message() + b"\r\n" + message(), [message(), message()]),
        (message() + b"\r\n\r\n" + message(), [message(), PING, message()]),
        (b"\n\r\r\r\n\n\r" + message(), [message()]),
    ],
)
def test_two_line_ends_are_a_ping_and_one_is_nothing(data: bytes, found: list[bytes | KeepAlive]) -> None:
    assert frames(data) == found


def test_the_line_end_that_is_due_is_a_pong_and_the_next_is_none() -> None:
    framer = Framer()
    framer.is_pong_due = True
    framer.add(b"\r\n\r\n")
    assert [framer.next_frame(), framer.next_frame()] == [PONG, None]
    assert not framer.is_pong_due


def test_a_ping_behind_the_pong_is_a_ping() -> None:
    framer = Framer()
    framer.is_pong_due = True
    framer.add(b"\r\n\r\n\r\n")
    assert [framer.next_frame(), framer.next_frame(), framer.next_frame()] == [PONG, PING, None]


@pytest.mark.parametrize("between", [b"", b"\r", b"\r\n", b"\r\n\r"])
def test_between_messages_nothing_is_broken_off(between: bytes) -> None:
    framer = Framer()
    framer.add(message() + between)
    while framer.next_frame() is not None:
        pass
    assert not framer.is_within_message


# What leaves the end of a message open


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        ("", Malformation.MISSING_HEADER),
        ("Content-Length: 0\r\nContent-Length: 0\r\n", Malformation.REPEATED_HEADER),
        ("Content-Length: 0\r\nl: 4\r\n", Malformation.REPEATED_HEADER),
        ("Content-Length: 0, 0\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length:\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length: -1\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length: +1\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length: 1_0\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length: 0x1\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length: 1 1\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length: ٣\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length: 4294967296\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length: 99999999999999999999999\r\n", Malformation.CONTENT_LENGTH),
        ("Content-Length: 65536\r\n", Malformation.TOO_LARGE),
        ("Content-Length: 0\nX: y\r\n", Malformation.LINE_ENDING),
        ("Content-Length: 0\r\nX: y\rz\r\n", Malformation.LINE_ENDING),
    ],
)
def test_a_length_that_leaves_doubt_makes_the_stream_unusable(length: str, reason: Malformation) -> None:
    assert fault(message(b"body", length)) is reason


def test_an_unusable_stream_stays_so() -> None:
    framer = Framer()
    framer.add(message() + message(length="") + message())
    assert framer.next_frame() == message()
    for _ in range(3):
        with pytest.raises(MalformedMessage, match=r"^missing-header: content-length$"):
            framer.next_frame()
        framer.add(message())


@pytest.mark.parametrize(
    "data",
    [
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"SSH-2.0-x\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"\x00",
        b"\xff",
        b" SIP/2.0",
    ],
)
def test_what_is_not_sip_at_all_is_known_by_its_first_line_or_byte(data: bytes) -> None:
    assert fault(data) is Malformation.START_LINE
    assert fault(message() + data) is Malformation.START_LINE


# Limits


def test_the_largest_message_is_taken_and_a_byte_more_is_not() -> None:
    room = MAX_MESSAGE - len(message(length="Content-Length: 65000\r\n"))
    assert frames(message(b"x" * room)) == [message(b"x" * room)]
    assert len(message(b"x" * room)) == MAX_MESSAGE
    assert fault(message(b"x" * (room + 1))) is Malformation.TOO_LARGE


def test_the_longest_head_is_taken_and_a_byte_more_is_not() -> None:
    room = MAX_HEAD - (len(message(extra="X: \r\n")) - len(b"\r\n\r\n"))
    longest = message(extra=f"X: {'y' * room}\r\n")
    assert frames(longest) == [longest]
    assert fault(message(extra=f"X: {'y' * (room + 1)}\r\n")) is Malformation.TOO_LARGE


@pytest.mark.parametrize("start", [b"SIP/2.0 200 OK\r\nX: ", b"SIP/2.0 200 "])
def test_a_head_without_end_is_given_up(start: bytes) -> None:
    endless = start + b"y" * MAX_HEAD
    framer = Framer()
    framer.add(endless[: MAX_HEAD + 3])
    assert framer.next_frame() is None
    framer.add(b"y")
    with pytest.raises(MalformedMessage, match=r"^too-large"):
        framer.next_frame()


def test_an_unusable_stream_holds_nothing() -> None:
    framer = Framer()
    framer.add(b"\x00" * 1_000_000)
    with pytest.raises(MalformedMessage):
        framer.next_frame()
    assert not framer.is_within_message
