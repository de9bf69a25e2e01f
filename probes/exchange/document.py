"""JSON that others wrote, and places in it (RFC 6901). Pure."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

import orjson

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


MOST_NESTED = 150_000
"""Lists and objects in one document. Each costs more to make than its two bytes to send, and all are made in one go."""
MOST_MEMBERS = 500_000


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING
Missing = Literal[_Missing.MISSING]


class NotJson(ValueError):
    """The message says what is wrong, and quotes nothing."""


def decode(body: bytes) -> Json:
    """Strict (RFC 8259): UTF-8, neither NaN nor Infinity, limited depth. Of a member that is named twice the last counts.

    Raises NotJson, also for what would hold the loop: brackets and commas within texts are counted too, for that costs little.
    """
    if body.count(b"[") + body.count(b"{") > MOST_NESTED or body.count(b",") > MOST_MEMBERS:
        raise NotJson("JSON of too many parts")
    try:
        document: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotJson(f"not JSON: {error.msg} at byte {error.pos}") from None
    except RecursionError:
        raise NotJson("JSON that is nested too deeply") from None
    return document


def at(document: Json, pointer: str) -> Json | Missing:
    """What stands at `pointer` ("" is the whole document). Indices of lists are plain: neither `-` nor `01` leads anywhere."""
    found = document
    for part in pointer.split("/")[1:]:
        found_next = _member(found, part.replace("~1", "/").replace("~0", "~"))
        if found_next is MISSING:
            return MISSING
        found = found_next
    return found


def _member(document: Json, part: str) -> Json | Missing:
    if isinstance(document, dict):
        return document.get(part, MISSING)
    if isinstance(document, list) and _is_index(part) and int(part) < len(document):
        return document[int(part)]
    return MISSING


def _is_index(part: str) -> bool:
    return len(part) < 10 and part.isascii() and part.isdigit() and (part == "0" or not part.startswith("0"))
