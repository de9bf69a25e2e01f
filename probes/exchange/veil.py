"""What people may not see of a message that they are shown: known secrets, and values whose names say that they are one. Pure.

A server may give back what it was sent, in a debug page or in the words after its status, and `why` shows its answer to everybody
who can read the admin server.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

VEIL = "…"
SHORTEST = 4
"""Bytes of a secret that is looked for: a shorter one stands everywhere, and guards nothing."""
_WORD = r"(?:token|secret|passw|pwd|api[_-]?key|authoriz|credential|assertion|signature|session)"
_NAME = rf"[\w.-]{{0,40}}{_WORD}[\w.-]{{0,40}}"
_HEADER = re.compile(rf"{_NAME}|cookie|set-cookie|proxy-authenticat\w*|authentication-info", re.IGNORECASE)
_FIELD = re.compile(rf"([?&;]{_NAME}=|^{_NAME}=)([^&;#\s\"'<>]+)".encode(), re.IGNORECASE | re.MULTILINE)
_MEMBER = re.compile(rf'("{_NAME}"\s{{0,9}}:\s{{0,9}}")((?:[^"\\]|\\.)+)'.encode(), re.IGNORECASE)


def is_secret_name(header: str) -> bool:
    """Whether a header of that name is shown without its value."""
    return _HEADER.fullmatch(header) is not None


def parts(value: bytes) -> tuple[bytes, ...]:
    """What is secret in the value of a header that says who we are: all of it, what follows the scheme, and basic's password."""
    scheme, _, rest = value.partition(b" ")
    found = {value, rest}
    if scheme.lower() == b"basic":
        found.add(_password(rest))
    return tuple(sorted((each for each in found if len(each) >= SHORTEST), key=len, reverse=True))


def _password(encoded: bytes) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


def without(text: bytes, secrets: Iterable[bytes]) -> bytes:
    """`secrets` longest first."""
    for secret in secrets:
        text = text.replace(secret, VEIL.encode())
    return text


def veiled(text: bytes, secrets: Iterable[bytes] = (), *, most: int) -> bytes:
    """The first `most` bytes. Give all of a text that may repeat `secrets`: of one that is cut in two nobody knows the half."""
    text = without(text, secrets)[:most]
    text = _FIELD.sub(rb"\1" + VEIL.encode(), text)
    return _MEMBER.sub(rb"\1" + VEIL.encode(), text)[:most]
