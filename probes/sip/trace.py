"""What people may see of an exchange: the messages as they were, without what proves who we are."""

from __future__ import annotations

import re

from probes.sample import Trace
from probes.sip.exchanged import Exchanged, SelfTrouble

MOST = 2_000
"""Bytes of each message that are kept."""

_CREDENTIALS = re.compile(
    rb"^((?:proxy-)?authorization[ \t]*:|authentication-info[ \t]*:)((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE
)
_NAMES = rb"username|realm|uri|algorithm|qop|nc"
_SHOWN = re.compile(rb"\b(" + _NAMES + rb')[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^ \t\r\n",]+)', re.IGNORECASE | re.DOTALL)


def trace(exchanged: Exchanged) -> Trace | None:
    if isinstance(exchanged, SelfTrouble) or not exchanged.sent:
        return None
    return Trace(redacted(exchanged.sent), redacted(getattr(exchanged, "received", b"")))


def redacted(message: bytes) -> bytes:
    """Of credentials only what names a user and a realm stays; nonce and response would let a password be guessed at leisure."""
    if b"uth" in message.lower():
        message = _CREDENTIALS.sub(_names_only, message)
    return message[:MOST]


def _names_only(match: re.Match[bytes]) -> bytes:
    shown = b", ".join(name + b"=" + value for name, value in _SHOWN.findall(match[2]))
    return match[1] + b" (redacted) " + shown
