"""The record of what to restore: content-addressed, so that it cannot change and keep its name. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import orjson

from reverters.plan import Document, canonical


class BaselineMismatch(ValueError):
    """Bytes that are not the baseline of this id, or no baseline at all."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What stood when it was captured. Two captures are two baselines, even of an unchanged world.

    `id` is the SHA-256 in hex over the canonical bytes of everything else here. Keys of `objects` name the object
    ("dns:example.net.:sip.example.net.:A"), documents hold its state ({"values": ["192.0.2.1"], "ttl": 300}).
    """

    id: str
    captured_utc_ns: int
    actor: str
    objects: Mapping[str, Document]

    @classmethod
    def of(cls, *, captured_utc_ns: int, actor: str, objects: Mapping[str, Document]) -> Self:
        """Name these objects by their content. They are copied: what the caller does to them later changes nothing here.

        TypeError for a document that JSON cannot hold.
        """
        payload = _payload(captured_utc_ns, actor, objects)
        return cls(_address(payload), captured_utc_ns, actor, MappingProxyType(orjson.loads(payload)["objects"]))


def encode(baseline: Baseline) -> bytes:
    """The bytes that the id covers. Raises BaselineMismatch if the objects were changed since they were named."""
    payload = _payload(baseline.captured_utc_ns, baseline.actor, baseline.objects)
    _prove(baseline.id, payload)
    return payload


def decode(id: str, payload: bytes) -> Baseline:
    """The baseline of this id. Raises BaselineMismatch, and nothing else, for any other bytes."""
    _prove(id, payload)
    try:
        document = orjson.loads(payload)
    except ValueError as error:
        raise BaselineMismatch(f"baseline {id} is not JSON: {error}") from error
    if not _is_shaped(document):
        raise BaselineMismatch(f"baseline {id} does not have the shape of a baseline")
    return Baseline(id, document["captured_utc_ns"], document["actor"], MappingProxyType(document["objects"]))


def _payload(captured_utc_ns: int, actor: str, objects: Mapping[str, Document]) -> bytes:
    plain = {key: dict(document) for key, document in objects.items()}
    return canonical({"captured_utc_ns": captured_utc_ns, "actor": actor, "objects": plain})


def _address(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()


def _prove(id: str, payload: bytes) -> None:
    if (found := _address(payload)) != id:
        raise BaselineMismatch(f"baseline {id} is not what it names: its content hashes to {found}")


def _is_shaped(document: Any) -> bool:
    if not isinstance(document, dict) or set(document) != {"captured_utc_ns", "actor", "objects"}:
        return False
    objects = document["objects"]
    if type(document["captured_utc_ns"]) is not int or not isinstance(document["actor"], str) or not isinstance(objects, dict):
        return False
    return all(isinstance(each, dict) for each in objects.values())
