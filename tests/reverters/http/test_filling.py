"""What placeholders stand for."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.templates import Hole, holes, parse_body, parse_path, parts
from reverters.http.filling import Sources, Unfilled, path, text, value
from tests.reverters.http.test_places import JSON, PATIENT

SOURCES = Sources(
    {"id": "i/1"},
    {"current": {"version": 7, "dnis": ["+1"], "on": True, "keep": "me", "name": "new"}, "baseline": {"name": "old"}},
    ("/name",),
)


@PATIENT
@given(held=JSON)
def test_a_text_that_is_one_placeholder_keeps_the_type(held: Any) -> None:
    assert value({"a": ["{current/x}"]}, Sources(documents={"current": {"x": held}})) == {"a": [held]}


def test_within_a_text_numbers_and_booleans_are_as_json_writes_them() -> None:
    assert text("v{current/version}, {current/on}, {id}", SOURCES) == "v7, true, i/1"


@PATIENT
@given(name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(lambda name: name not in (".", "..")))
def test_a_value_in_a_path_is_one_segment_whatever_it_is(name: str) -> None:
    filled = path("/users/{id}/skills", {"q": "{id}"}, Sources({"id": name}))
    before, _, asked = filled.partition("?")
    assert [unquote(segment) for segment in before.split("/")] == ["", "users", name, "skills"]
    assert unquote(asked) == f"q={name}"
    assert filled.isascii()
    assert filled.isprintable()


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_value_that_would_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(Unfilled):
        path("/users/{id}", {}, Sources({"id": name}))


@pytest.mark.parametrize("template", ["{current/nothing}", "{response/id}", "{other}", "v{current/dnis}"])
def test_what_stands_for_nothing_or_has_no_place_is_refused(template: str) -> None:
    with pytest.raises(Unfilled):
        value(f"{template}", SOURCES) if not template.startswith("v") else text(template, SOURCES)


def test_doubled_braces_are_braces() -> None:
    assert text("{{id}} {id}", SOURCES) == "{id} i/1"
    assert parts("{{id}}") == ("{", "id", "}")


def test_a_merge_is_the_document_now_with_the_baselines_values_and_ours_over_it() -> None:
    template = {"$merge": ["current", "baseline"], "$drop": ["/on"], "version": "{current/version}", "reason": "rollback"}
    assert value(template, SOURCES) == {"version": 7, "dnis": ["+1"], "keep": "me", "name": "old", "reason": "rollback"}


@PATIENT
@given(body=JSON)
def test_a_body_without_placeholders_is_itself(body: Any) -> None:
    assert value(parse_body(body), SOURCES) == body


@pytest.mark.parametrize(
    "wrong", ["{", "a}", "{1x}", "{a b}", "{baseline/~2}", {"$merge": ["baseline"]}, {"$other": 1}, [1 << 64]]
)
def test_a_template_that_means_nothing_is_refused_when_it_is_read(wrong: Any) -> None:
    with pytest.raises(ValueError):
        parse_body(wrong)


@pytest.mark.parametrize("wrong", ["users", "//host/users", "/users?x=1", "/a b", "/ü", "/a\n", "/{", 5])
def test_what_is_no_path_within_an_api_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError):
        parse_path(wrong)


def test_the_placeholders_of_a_body_are_found_wherever_they_stand() -> None:
    body = {"$merge": ["current", "baseline"], "a": ["{x}", {"b": "v{baseline/a/0}"}], "c": 1}
    assert list(holes(body)) == [Hole("x"), Hole("baseline", "/a/0")]
