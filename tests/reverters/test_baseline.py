"""A baseline is named by its content, whole, and cannot be changed under its name."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverters.baseline import Baseline, BaselineMismatch, decode, encode

SIP = "dns:example.net.:sip.example.net.:A"
OBJECTS = {SIP: {"values": ["192.0.2.1"], "ttl": 300}}


def captured(**changes: Any) -> Baseline:
    return Baseline.of(**{"captured_utc_ns": 7, "actor": "root", "objects": OBJECTS} | changes)


def addressed(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()


def test_the_id_is_the_sha256_of_the_canonical_bytes() -> None:
    payload = b'{"actor":"root","captured_utc_ns":7,"objects":{"' + SIP.encode() + b'":{"ttl":300,"values":["192.0.2.1"]}}}'
    assert encode(captured()) == payload
    assert captured().id == addressed(payload)


@pytest.mark.parametrize("change", [{"captured_utc_ns": 8}, {"actor": "eve"}, {"objects": {SIP: {"values": [], "ttl": 300}}}])
def test_another_moment_actor_or_content_is_another_baseline(change: dict[str, Any]) -> None:
    assert captured(**change).id != captured().id


def test_the_order_of_objects_and_keys_does_not_matter() -> None:
    one = captured(objects={"a": {"x": 1, "y": 2}, "b": {}})
    assert one.id == captured(objects={"b": {}, "a": {"y": 2, "x": 1}}).id


@settings(deadline=None)
@given(
    st.integers(0, 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.dictionaries(st.text(max_size=5), st.dictionaries(st.text(max_size=5), st.integers(0, 9) | st.lists(st.text(max_size=5)))),
)
def test_a_baseline_comes_back_from_its_bytes(at: int, actor: str, objects: dict[str, Any]) -> None:
    baseline = Baseline.of(captured_utc_ns=at, actor=actor, objects=objects)
    assert decode(baseline.id, encode(baseline)) == baseline


@given(st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    payload = bytearray(encode(captured()))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BaselineMismatch, match="hashes to"):
        decode(captured().id, bytes(payload))


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b"[]",
        orjson.dumps({"captured_utc_ns": 1, "actor": "a"}),
        orjson.dumps({"captured_utc_ns": 1.5, "actor": "a", "objects": {}}),
        orjson.dumps({"captured_utc_ns": 1, "actor": 2, "objects": {}}),
        orjson.dumps({"captured_utc_ns": 1, "actor": "a", "objects": []}),
        orjson.dumps({"captured_utc_ns": 1, "actor": "a", "objects": {"k": 1}}),
    ],
)
def test_bytes_that_hash_to_the_id_but_are_no_baseline_are_refused(payload: bytes) -> None:
    with pytest.raises(BaselineMismatch, match=addressed(payload)):
        decode(addressed(payload), payload)


def test_what_the_caller_does_to_its_objects_later_does_not_reach_the_baseline() -> None:
    values = ["192.0.2.1"]
    baseline = captured(objects={SIP: {"values": values, "ttl": 300}})
    values.append("192.0.2.9")
    assert baseline.objects[SIP]["values"] == ["192.0.2.1"]


def test_objects_cannot_be_added() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        captured().objects["x"] = {}  # type: ignore[index]


def test_a_baseline_changed_in_memory_is_not_encoded() -> None:
    baseline = captured()
    baseline.objects[SIP]["values"].append("192.0.2.9")
    with pytest.raises(BaselineMismatch):
        encode(baseline)
