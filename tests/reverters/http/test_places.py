"""Parts of documents: what is kept is restored, and nothing else is touched."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.exchange.document import MISSING, at
from reverters.http.places import NoPlace, differences, merged, project, put, same, without

PATIENT = settings(deadline=None, max_examples=60)  # a busy machine is no failure
NAMES = st.sampled_from(["a", "b", "c/d", "e~f"])
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "1"])
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=4)
KEEP = st.lists(st.sampled_from(["/a", "/b", "/c~1d", "/e~0f"]), unique=True, max_size=4)


@PATIENT
@given(current=OBJECTS, baseline=OBJECTS, keep=KEEP)
def test_a_merge_restores_what_is_kept_and_leaves_all_else(current: Any, baseline: Any, keep: list[str]) -> None:
    held = project(baseline, keep)
    result = merged(current, held, keep)
    assert differences(project(result, keep), held, keep, ()) == []
    for pointer in {"/a", "/b", "/c~1d", "/e~0f"} - set(keep):
        assert at(result, pointer) == at(current, pointer)


@PATIENT
@given(current=OBJECTS, baseline=OBJECTS, keep=KEEP)
def test_nothing_that_is_given_is_changed(current: Any, baseline: Any, keep: list[str]) -> None:
    before = deepcopy((current, baseline))
    merged(current, baseline, keep, ("/a/b",))
    project(current, keep, ("/a/b",))
    assert (current, baseline) == before


@PATIENT
@given(items=st.lists(JSON, max_size=5), data=st.data())
def test_the_order_of_a_set_is_no_difference(items: list[Any], data: st.DataObject) -> None:
    other = {"a": data.draw(st.permutations(items))}
    assert differences({"a": items}, other, ["/a"], ["/a"]) == []


@PATIENT
@given(items=st.lists(st.integers(-9, 9), min_size=1, max_size=4))
def test_an_item_of_a_set_that_is_there_twice_is_a_difference(items: list[int]) -> None:
    assert differences({"a": items}, {"a": [*items, items[0]]}, ["/a"], ["/a"]) == ["/a"]


def test_the_order_of_any_other_list_is_a_difference() -> None:
    assert differences({"a": [1, 2]}, {"a": [2, 1]}, ["/a"], []) == ["/a"]


def test_what_the_baseline_knows_to_be_absent_is_taken_away() -> None:
    current = {"flow": {"id": "new", "by": "us"}, "closed": {"id": "added"}}
    assert merged(current, {"flow": {"id": "old"}}, ["/flow/id", "/closed"]) == {"flow": {"id": "old", "by": "us"}}


def test_what_is_ignored_stays_as_it_is_now_within_what_is_kept() -> None:
    current, baseline = {"flow": {"id": "new", "seen": 5}}, {"flow": {"id": "old"}}
    assert merged(current, baseline, ["/flow"], ["/flow/seen"]) == {"flow": {"id": "old", "seen": 5}}
    assert project(current, ["/flow"], ["/flow/seen"]) == {"flow": {"id": "new"}}


def test_one_is_one_point_nought_and_neither_true_nor_text() -> None:
    assert same({"a": [1]}, {"a": [1.0]})
    assert not same(1, True)
    assert not same(0, "0")
    assert not same(None, MISSING)


def test_a_value_is_put_into_objects_that_are_made_on_the_way_and_into_items_of_lists() -> None:
    assert put({}, "/a/b", 1) == {"a": {"b": 1}}
    assert put({"a": [1, 2]}, "/a/1", 3) == {"a": [1, 3]}
    assert put({"a": None}, "/a/b", 1) == {"a": {"b": 1}}


@pytest.mark.parametrize(("document", "pointer"), [({"a": [1]}, "/a/1"), ({"a": [1]}, "/a/x"), ({"a": 5}, "/a/b")])
def test_a_value_that_has_no_place_says_which(document: Any, pointer: str) -> None:
    with pytest.raises(NoPlace, match=pointer):
        put(document, pointer, 1)


def test_taking_away_what_is_not_there_changes_nothing() -> None:
    assert without({"a": {"b": 1}}, "/a/c/d") == {"a": {"b": 1}}
    assert without({"a": {"b": 1, "c": 2}}, "/a/b") == {"a": {"c": 2}}
