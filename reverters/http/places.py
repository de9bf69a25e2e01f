"""Parts of JSON documents: taken out, put in, taken away, compared. Places are JSON pointers (RFC 6901). Pure.

Nothing here changes what it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy

import orjson

from probes.exchange.document import MISSING, Json, at


class NoPlace(ValueError):
    """A place that a value cannot be put at. The message names the place, and quotes nothing of the document."""


def project(document: Json, keep: Iterable[str], ignore: Iterable[str] = ()) -> dict[str, Json]:
    """An object that holds what stands at `keep`, each at its place, but for what stands at `ignore`. What is not there is left
    out. `keep` of "" keeps an object as it is, and nothing of anything else. Raises NoPlace where two places exclude each other.
    """
    found: Json = {}
    for pointer in keep:
        value = at(document, pointer)
        if value is not MISSING:
            found = put(found, pointer, deepcopy(value))
    for pointer in ignore:
        found = without(found, pointer)
    return found if isinstance(found, dict) else {}


def merged(current: Json, baseline: Json, keep: Iterable[str], ignore: Iterable[str] = ()) -> Json:
    """The document as it is now, with the baseline's values at `keep`. What the baseline knows to be absent is taken away; all
    outside `keep`, and what stands at `ignore` in an object that stays one, stays as it is now. Raises NoPlace."""
    result = deepcopy(current)
    for pointer in keep:
        value = at(baseline, pointer)
        result = without(result, pointer) if value is MISSING else put(result, pointer, deepcopy(value))
    for pointer in ignore:
        value = at(current, pointer)
        if value is not MISSING and isinstance(at(result, pointer.rpartition("/")[0]), dict):
            result = put(result, pointer, deepcopy(value))
    return result


def put(document: Json, pointer: str, value: Json) -> Json:
    """Objects on the way are made; an item of a list is replaced, and none is added. Raises NoPlace."""
    return _put(document, parts(pointer), value, pointer)


def without(document: Json, pointer: str) -> Json:
    """Members of objects only: an item of a list has no place of its own once another is gone. "" leads to None."""
    way = parts(pointer)
    if not way:
        return None
    if not isinstance(document, dict) or way[0] not in document:
        return document
    if len(way) == 1:
        return {key: each for key, each in document.items() if key != way[0]}
    return {**document, way[0]: without(document[way[0]], "".join("/" + escaped(part) for part in way[1:]))}


def differences(found: Mapping[str, Json], wanted: Mapping[str, Json], keep: Iterable[str], sets: Iterable[str]) -> list[str]:
    """The places of `keep` where two projections are not the same. Lists at `sets` are compared whatever their order."""
    one, other = _sorted(dict(found), sets), _sorted(dict(wanted), sets)
    return [pointer or "the whole" for pointer in keep if not same(at(one, pointer), at(other, pointer))]


def same(one: object, other: object) -> bool:
    """As JSON has it: 1 is 1.0, but neither true nor "1"."""
    if one is MISSING or other is MISSING:
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _put(document: Json, way: list[str], value: Json, pointer: str) -> Json:
    if not way:
        return value
    part, rest = way[0], way[1:]
    if isinstance(document, list):
        if not part.isdigit() or int(part) >= len(document):
            raise NoPlace(f"{pointer} leads into a list that has no such item")
        return [_put(each, rest, value, pointer) if at == int(part) else each for at, each in enumerate(document)]
    if not isinstance(document, dict):
        raise NoPlace(f"{pointer} leads through something that is neither an object nor a list")
    inner = document.get(part)
    return {**document, part: _put({} if rest and inner is None else inner, rest, value, pointer)}


def _sorted(document: Json, sets: Iterable[str]) -> Json:
    for pointer in sets:
        found = at(document, pointer)
        if isinstance(found, list):
            document = put(document, pointer, sorted(found, key=_order))
    return document


def _order(value: Json) -> bytes:
    """Numbers that are the same sort alike, however they are written."""
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)


def _plain(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
