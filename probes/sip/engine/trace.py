"""What people may see of an exchange: the messages as they were, without what proves who we are."""

from __future__ import annotations

import re

from probes.sample import Trace
from probes.sip.engine.exchanged import Answered, Exchanged, SelfTrouble

MOST = 2_000
"""Bytes of each message that are kept."""

_CREDENTIALS = re.compile(
    rb"^((?:proxy-)?authorization[ \t]*:|authentication-info[ \t]*:)((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE
)
_MAY_HOLD = re.compile(rb"\n(?:[Aa][Uu]|[Pp][Rr])")
"""How the line of a credential begins; looked for first, because hardly any message has one."""
_NAMES = rb"username|realm|uri|algorithm|qop|nc"
_SHOWN = re.compile(rb"\b(" + _NAMES + rb')[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^ \t\r\n",]+)', re.IGNORECASE | re.DOTALL)

_PROOFS = re.compile(
    rb'\b(response|cnonce|nextnonce|rspauth)([ \t]*=[ \t]*)("(?:[^"\\]|\\.)*"|[^ \t\r\n",;]+)', re.IGNORECASE | re.DOTALL
)


def trace(exchanged: Exchanged) -> Trace | None:
    if isinstance(exchanged, SelfTrouble) or not exchanged.sent:
        return None
    if isinstance(exchanged, Answered) and exchanged.is_public:
        return Trace(exchanged.sent[:MOST], exchanged.received[:MOST])
    return Trace(redacted(exchanged.sent), redacted(getattr(exchanged, "received", b"")))


def may_hold_credentials(message: bytes) -> bool:
    return _MAY_HOLD.search(b"\n" + message) is not None


def redacted(message: bytes) -> bytes:
    """Of credentials only what names a user and a realm stays; nonce and response would let a password be guessed at leisure."""
    if may_hold_credentials(message):
        message = _CREDENTIALS.sub(_names_only, message)
    if b"response=" in message.lower():  # quoted back to us, under whatever name
        message = _PROOFS.sub(rb"\1\2(redacted)", message)
    return message[:MOST]


def _names_only(match: re.Match[bytes]) -> bytes:
    shown = b", ".join(name + b"=" + value for name, value in _SHOWN.findall(match[2]))
    return match[1] + b" (redacted) " + shown
