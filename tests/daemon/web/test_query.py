"""One field of a query, as the whole would be decoded."""

from __future__ import annotations

from urllib.parse import parse_qsl

import hypothesis.strategies as st
import pytest
from hypothesis import given

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
