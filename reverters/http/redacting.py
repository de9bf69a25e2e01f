"""JSON as the journal keeps it: without what is named like a secret, and no longer than a bound. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import orjson

from probes.exchange.document import Json, NotJson, decode
from reverters.http.places import escaped

REDACTED = "…"
MOST_BYTES = 4_000
"""Of one document; a longer one is told by its length, its hash and the names of its members."""
MOST_NAMES = 50
LONGEST_TEXT = 200
_SECRET = re.compile(
    r"passw|secret|token|api_?-?key|access_?-?key|private_?-?key|passphrase|authoriz|credential|signature|^pin$", re.I
)


def is_secret_name(name: str) -> bool:
    return _SECRET.search(name) is not None


def redacted(document: Json, *, is_secret: bool = False) -> Json:
    """Texts and numbers below a member that is named like a secret are made out. Objects below one are looked through: what is
    called `credentials` may be a reference, whose `id` is no secret."""
    if isinstance(document, dict):
        return {key: redacted(each, is_secret=is_secret_name(key)) for key, each in document.items()}
    if isinstance(document, list):
        return [redacted(each, is_secret=is_secret) for each in document]
    return REDACTED if is_secret and not (document is None or document == "" or isinstance(document, bool)) else document


def bounded(document: Json) -> Json:
    """Redacted, and shortened where it is long."""
    clean = redacted(document)
    written = orjson.dumps(clean, option=orjson.OPT_SORT_KEYS)
    if len(written) <= MOST_BYTES:
        return clean
    told: dict[str, Json] = {"bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}
    if isinstance(clean, dict):
        told["members"] = [name[:LONGEST_TEXT] for name in sorted(clean)[:MOST_NAMES]]
    return told


def body(content: bytes) -> Json:
    """An answer's body. What is no JSON is told by length and hash: nobody knows what of it is secret."""
    if not content:
        return None
    try:
        return bounded(decode(content))
    except NotJson:
        return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def secrets(document: Json, below: str = "") -> Iterator[str]:
    """The places of what would be made out."""
    if isinstance(document, dict):
        for key, each in document.items():
            place = f"{below}/{escaped(key)}"
            if is_secret_name(key) and redacted(each, is_secret=True) == REDACTED:
                yield place
            else:
                yield from secrets(each, place)
    elif isinstance(document, list):
        for index, each in enumerate(document):
            yield from secrets(each, f"{below}/{index}")
