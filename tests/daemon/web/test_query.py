"""One field of a query, as the whole would be decoded."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote_plus

import hypothesis.strategies as st
import pytest
from hypothesis import given

from daemon.web import query
from daemon.web.query import Query


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("region=emea", "emea"),
        ("x=1&region=emea&region=amer", "emea"),
        ("region=", ""),
        ("region", ""),
        ("region=a%20b+c", "a b c"),
        ("re%67ion=emea", "emea"),
        ("Region=emea", None),
        ("regions=emea", None),
        ("region=a=b", "a=b"),
        ("&&region=emea", "emea"),
        ("region=%ff", "\ufffd"),
    ],
)
def test_a_field_is_found_and_decoded(text: str, value: str | None) -> None:
    assert Query(text).get("region") == value


@given(st.text(alphabet="ab=&+%2067;é", max_size=30), st.sampled_from(["a", "b", "a b", "ab"]))
def test_it_is_what_the_standard_library_reads(text: str, name: str) -> None:
    expected = next((value for said, value in parse_qsl(text, keep_blank_values=True) if said == name), None)
    assert Query(text).get(name) == expected


@given(st.text(alphabet="ab=&+%2067;é", max_size=30), st.sampled_from(["a", "b", "a b", "ab"]))
def test_all_values_are_those_that_the_standard_library_reads(text: str, name: str) -> None:
    assert Query(text).all(name) == {value for said, value in parse_qsl(text, keep_blank_values=True) if said == name}


def test_names_that_are_too_long_to_be_the_field_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def decode(text: str) -> str:
        decoded.append(text)
        return unquote_plus(text)

    monkeypatch.setattr(query, "unquote_plus", decode)
    assert Query("%41" * 2_000 + "&re%67ion=emea").get("region") == "emea"
    assert decoded == ["re%67ion", "emea"]
