"""What placeholders stand for: texts, paths and JSON of a definition, filled from the documents at hand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from config.templates import DROP, MERGE, Hole, parts
from probes.exchange.document import MISSING, Json, at
from reverters.http import places


class Unfilled(ValueError):
    """A placeholder that stands for nothing, or for something that has no place there. The message quotes no values."""


@dataclass(frozen=True, slots=True)
class Sources:
    """`documents` are what `{current/…}`, `{baseline/…}`, `{response/…}` and `{id/…}` look into; `vars` what bare names mean.
    `keep` and `ignore` say what `$merge` takes from the baseline."""

    vars: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Json] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def look_up(self, hole: Hole) -> Json:
        """Raises Unfilled."""
        if not hole.pointer and hole.name in self.vars:
            return self.vars[hole.name]
        if hole.name not in self.documents:
            raise Unfilled(f"{hole}: there is no {hole.name} yet")
        found = at(self.documents[hole.name], hole.pointer)
        if found is MISSING:
            raise Unfilled(f"{hole}: nothing stands there")
        return found


def text(template: str, sources: Sources) -> str:
    """Only texts, numbers and booleans can stand within a text. Raises Unfilled."""
    return "".join(part if isinstance(part, str) else _words(part, sources) for part in parts(template))


def path(template: str, query: Mapping[str, str], sources: Sources) -> str:
    """Path and query. What a placeholder stands for is percent-encoded whole, so that it adds neither segment nor parameter.

    Raises Unfilled, also where a value would be a segment of dots, which leads elsewhere (RFC 3986 §5.2.4).
    """
    filled = "".join(part if isinstance(part, str) else _segment(part, sources) for part in parts(template))
    if any(segment in (".", "..") for segment in filled.split("/")):
        raise Unfilled(f"{template}: a segment would be nothing but dots")
    asked = "&".join(f"{quote(name, safe='')}={quote(text(value, sources), safe='')}" for name, value in query.items())
    return f"{filled}?{asked}" if asked else filled


def value(template: Any, sources: Sources) -> Json:
    """JSON of the same shape. A text that is one placeholder becomes what that stands for, with its type. Raises Unfilled."""
    if isinstance(template, str):
        found = parts(template)
        return sources.look_up(found[0]) if len(found) == 1 and isinstance(found[0], Hole) else text(template, sources)
    if isinstance(template, list):
        return [value(each, sources) for each in template]
    return _object(template, sources) if isinstance(template, dict) else template


def _object(template: dict[str, Any], sources: Sources) -> Json:
    own = {key: value(each, sources) for key, each in template.items() if key not in (MERGE, DROP)}
    whole: Json = {}
    if MERGE in template:
        try:
            current, baseline = sources.look_up(Hole("current")), sources.look_up(Hole("baseline"))
            whole = places.merged(current, baseline, sources.keep, sources.ignore)
        except places.NoPlace as error:
            raise Unfilled(f"$merge: {error}") from None
    if not isinstance(whole, dict):
        raise Unfilled("$merge: the document is no object")
    return _dropped({**whole, **own}, template.get(DROP, ()))


def _dropped(document: Json, pointers: Iterable[str]) -> Json:
    for pointer in pointers:
        document = places.without(document, pointer)
    return document


def _segment(hole: Hole, sources: Sources) -> str:
    words = _words(hole, sources)
    if not words:
        raise Unfilled(f"{hole}: is empty, which would make another path")
    return quote(words, safe="")


def _words(hole: Hole, sources: Sources) -> str:
    found = sources.look_up(hole)
    if isinstance(found, str):
        return found
    if isinstance(found, bool | int | float):
        return orjson.dumps(found).decode()
    raise Unfilled(f"{hole}: {'null' if found is None else 'a list or an object'} cannot stand within a text")
