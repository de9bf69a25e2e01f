"""A stream of bytes cut into SIP messages by Content-Length (RFC 3261 §18.3, §7.5, RFC 5626 §3.5.1). Sans-IO.

What a datagram is by itself, a stream must be told: where a message ends. Once that is in doubt, nothing that follows can be
trusted, and the connection cannot be used any further. So whatever leaves the end of a message open to interpretation is fatal
here, while a message that is merely malformed is handed over whole: `messages.message.parse` will say so, and the next one
is found all the same.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from probes.sip.messages.headers import parse_content_length
from probes.sip.messages.malformed import Malformation, MalformedMessage

MAX_MESSAGE = 65_535
"""Head and body together: what a datagram could hold."""
MAX_HEAD = 32_768
"""Start line and headers."""

_END = b"\r\n\r\n"
_WINDOW = MAX_HEAD + len(_END)
_FIRST = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~")
_FOLD = re.compile(rb"\r\n[ \t]+")
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:([^\r]*)", re.IGNORECASE)
_CR, _LF = b"\r\n"


class KeepAlive(Enum):
    """Line ends between messages (RFC 5626 §3.5.1)."""

    PING = auto()
    """Two line ends: the peer wants one back."""
    PONG = auto()
    """One line end that was due to us. One that was not means nothing and is not reported."""


class Framer:
    """`add` what was read, then take frames until there is None. Holds no more than one message and what was added last."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        """How far the head was searched for its end: a byte at a time must not cost more than all at once."""
        self._is_started = False
        self._length: int | None = None
        self._refusal: tuple[Malformation, str] | None = None
        self._half_ping = False
        self.is_pong_due = False
        """A line end from the peer is the answer to our ping: whoever sends one sets this."""

    @property
    def is_within_message(self) -> bool:
        return bool(self._buffer) and self._buffer != b"\r"

    def add(self, data: bytes) -> None:
        self._buffer += data

    def next_frame(self) -> bytes | KeepAlive | None:
        """The next whole message, to the end of its body, or keep-alive; None until more is added.

        Raises MalformedMessage, from then on always, where the stream cannot be cut any further. How the bytes were
        divided among the calls of `add` makes no difference to what is returned and raised.
        """
        if self._refusal is not None:
            self._buffer.clear()
            raise MalformedMessage(*self._refusal)
        try:
            return self._next()
        except MalformedMessage as fault:
            # The error itself would hold on to this very call, and so to us.
            self._refusal = fault.reason, str(fault).partition(": ")[2]
            self._buffer.clear()
            raise

    def _next(self) -> bytes | KeepAlive | None:
        if self._length is None:
            keep_alive = self._skip_line_ends()
            if keep_alive is not None:
                return keep_alive
            self._length = self._find_length()
        if self._length is None or len(self._buffer) < self._length:
            return None
        message = bytes(memoryview(self._buffer)[: self._length])
        del self._buffer[: self._length]
        self._searched, self._is_started, self._length, self._half_ping = 0, False, None, False
        return message

    def _skip_line_ends(self) -> KeepAlive | None:
        """Between messages. A CR or an LF by itself is no keep-alive, and does no harm (RFC 3261 §7.5 is stricter)."""
        buffer, at, found = self._buffer, 0, None
        while found is None and at < len(buffer):
            if buffer[at] == _LF:
                at += 1
            elif buffer[at] != _CR:
                break
            elif at + 1 == len(buffer):
                break  # what follows decides
            elif buffer[at + 1] == _LF:
                at += 2
                found = self._line_end()
            else:
                at += 1
        if at:
            del buffer[:at]
        return found

    def _line_end(self) -> KeepAlive | None:
        if self.is_pong_due:
            self.is_pong_due = False
            return KeepAlive.PONG
        self._half_ping = not self._half_ping
        return None if self._half_ping else KeepAlive.PING

    def _find_length(self) -> int | None:
        """Of the message that the buffer starts with, head and body; None until its head is complete."""
        buffer = self._buffer
        if not self._is_started and not self._check_start():
            return None
        end = buffer.find(_END, max(0, self._searched - len(_END) + 1), _WINDOW)
        if end < 0:
            self._searched = min(len(buffer), _WINDOW)
            if len(buffer) >= _WINDOW:
                raise MalformedMessage(Malformation.TOO_LARGE, f"no end of the headers within {MAX_HEAD} bytes")
            return None
        length = end + len(_END) + _content_length(bytes(buffer[:end]))
        if length > MAX_MESSAGE:
            raise MalformedMessage(Malformation.TOO_LARGE, f"{length} bytes")
        return length

    def _check_start(self) -> bool:
        """Whether the start line is complete. Says early that this is not SIP at all, but a banner, HTTP or TLS."""
        buffer = self._buffer
        if not buffer or buffer == b"\r":
            return False
        if buffer[0] not in _FIRST:
            raise MalformedMessage(Malformation.START_LINE, "not SIP")
        end = buffer.find(b"\r\n", max(0, self._searched - 1), _WINDOW)
        if end < 0:
            self._searched = min(len(buffer), _WINDOW)
            if len(buffer) >= _WINDOW:
                raise MalformedMessage(Malformation.TOO_LARGE, f"no end of the headers within {MAX_HEAD} bytes")
            return False
        if b"SIP/" not in buffer[:end].upper():
            raise MalformedMessage(Malformation.START_LINE, "not SIP")
        self._is_started, self._searched = True, end
        return True


def _content_length(head: bytes) -> int:
    """Raises MalformedMessage where there is not exactly one (RFC 3261 §20.14), or where one might see another line end."""
    breaks = head.count(b"\r\n")
    if head.count(b"\r") != breaks or head.count(b"\n") != breaks:
        raise MalformedMessage(Malformation.LINE_ENDING, "a CR or LF by itself")
    if b"\r\n " in head or b"\r\n\t" in head:
        head = _FOLD.sub(b" ", head)
    values = _LENGTH.findall(head)
    if not values:
        raise MalformedMessage(Malformation.MISSING_HEADER, "content-length")
    if len(values) > 1:
        raise MalformedMessage(Malformation.REPEATED_HEADER, "content-length")
    try:
        return parse_content_length(values[0].strip(b" \t").decode("utf-8", "surrogateescape"))
    except ValueError as fault:
        raise MalformedMessage(Malformation.CONTENT_LENGTH, str(fault)) from fault
