"""The first line of a message: a request line or a status line (RFC 3261 §7.1, §7.2)."""

from __future__ import annotations

from dataclasses import dataclass

from probes.sip.messages.malformed import Malformation, MalformedMessage
from probes.sip.messages.memo import Memo
from probes.sip.messages.syntax import is_token
from probes.sip.messages.uri import check_uri

VERSION = "SIP/2.0"


@dataclass(frozen=True, slots=True)
class RequestLine:
    method: str
    uri: str


@dataclass(frozen=True, slots=True)
class StatusLine:
    code: int
    reason: str


def _read_start_line(line: str) -> RequestLine | StatusLine:
    parts = line.split(" ", 2)
    if parts[0][:4].upper() == "SIP/":
        return _read_status_line(parts)
    if len(parts) != 3 or not is_token(parts[0]):
        raise MalformedMessage(Malformation.START_LINE, "neither a request line nor a status line")
    method, uri, version = parts
    try:
        check_uri(uri)
    except ValueError as fault:
        raise MalformedMessage(Malformation.START_LINE, f"Request-URI: {fault}") from fault
    _check_version(version)
    return RequestLine(method, uri)


def _read_status_line(parts: list[str]) -> StatusLine:
    _check_version(parts[0])
    status = parts[1] if len(parts) > 1 else ""
    if len(status) != 3 or not (status.isascii() and status.isdigit()) or not 100 <= int(status) <= 699:
        raise MalformedMessage(Malformation.START_LINE, "a status code has three digits, 100 to 699")
    return StatusLine(int(status), parts[2] if len(parts) > 2 else "")


def _check_version(version: str) -> None:
    if version.upper() == VERSION:
        return
    if version[:4].upper() == "SIP/" and " " not in version:
        raise MalformedMessage(Malformation.VERSION, "not SIP/2.0")
    raise MalformedMessage(Malformation.START_LINE, "no version where one belongs")


START_LINES: Memo[RequestLine | StatusLine] = Memo(_read_start_line, 1 << 20)
"""By their text; raises MalformedMessage."""
