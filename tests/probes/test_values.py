"""A value that is quick to make compares, hashes, unpacks and prints like any frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pytest

from probes.values import fast_dataclass


@fast_dataclass(frozen=True, slots=True)
class Fast:
    number: int
    text: str = "a"


@dataclass(frozen=True, slots=True)
class Frozen:
    number: int
    text: str = "a"


def test_it_compares_and_hashes_by_its_fields() -> None:
    assert Fast(1) == Fast(1, "a") != Fast(2)
    assert {Fast(1): "found"}[Fast(1, "a")] == "found"
    assert hash(Fast(1)) == hash(Frozen(1))


def test_it_can_be_changed_into_another_and_taken_apart() -> None:
    assert replace(Fast(1), text="b") == Fast(1, "b")
    assert [field.name for field in fields(Fast)] == ["number", "text"]
    match Fast(1, "b"):
        case Fast(number, text=text):
            assert (number, text) == (1, "b")


def test_it_has_slots_and_no_dictionary() -> None:
    with pytest.raises(AttributeError):
        Fast(1).other = 1  # type: ignore[attr-defined]
    assert repr(Fast(1)) == "Fast(number=1, text='a')"
