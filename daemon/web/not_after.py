"""When a certificate ends, out of its PEM. Pure: the standard library tells it of a peer's certificate only, not of our own.

RFC 5280 §4.1: Certificate → tbsCertificate → [version], serialNumber, signature, issuer, validity → notBefore, notAfter.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

_FIRST = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def not_after(pem: str) -> int | None:
    """UTC seconds, of the first certificate in the text, which is the server's own; None where there is none to be read."""
    found = _FIRST.search(pem)
    if found is None:
        return None
    try:
        return _of_der(base64.b64decode(found[1]))
    except (ValueError, IndexError):
        return None


def _of_der(der: bytes) -> int:
    parts = _parts(_inside(_inside(der)))
    fields = parts[1:] if parts[0][0] == _VERSION else parts
    tag, validity = fields[3]
    if tag != _SEQUENCE:
        raise ValueError("no validity")
    return _moment(*_parts(validity)[1])


def _inside(der: bytes) -> bytes:
    """The content of the first element."""
    tag, content, _ = _element(der)
    if tag != _SEQUENCE:
        raise ValueError("no sequence")
    return content


def _parts(content: bytes) -> list[tuple[int, bytes]]:
    found = []
    while content:
        tag, inner, content = _element(content)
        found.append((tag, inner))
    return found


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content, and what follows (X.690 §8.1, definite lengths)."""
    tag, length, at = der[0], der[1], 2
    if length >= 0x80:
        at += length & 0x7F
        length = int.from_bytes(der[2:at])
    if at + length > len(der):
        raise ValueError("cut short")
    return tag, der[at : at + length], der[at + length :]


def _moment(tag: int, text: bytes) -> int:
    """RFC 5280 §4.1.2.5: a year of two digits from 50 on is in the twentieth century. The library draws the line at 69."""
    written = text.decode("ascii")
    if tag == _UTC_TIME:
        written = ("19" if int(written[:2]) >= 50 else "20") + written
    elif tag != _GENERALIZED_TIME:
        raise ValueError("no time")
    return int(datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp())
