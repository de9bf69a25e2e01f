"""The caller's region and number: labels of the configuration, whatever a request says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import given

from daemon.web.ledger import REMEMBERED, Column, Ledger, same_number, same_region
from daemon.web.query import Query

REGIONS = Column.of("region", ["emea", "AMER"], same_region)
NUMBERS = Column.of("dnis", ["+49 30 123", "18005550100"], same_number)
LEDGER = Ledger(REGIONS, NUMBERS)
EMPTY, BOTH = Query(""), Query("region=emea&dnis=18005550100")


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ({"region": "emea"}, "emea"),
        ({"region": " EMEA "}, "emea"),
        ({"region": "amer"}, "AMER"),
        ({"region": "mars"}, "other"),
        ({"region": ""}, "none"),
        ({"region": None}, "none"),
        ({"region": True}, "none"),
        ({"region": ["emea"]}, "none"),
        ({}, "none"),
    ],
)
def test_a_region_of_the_body_is_counted_under_its_configured_name(said: dict[str, Any], label: str) -> None:
    assert LEDGER.read(EMPTY, orjson.dumps(said))[0] == label


@pytest.mark.parametrize(
    "said", ["+4930123", "tel:+49-30-123", "sip:+4930123@sbc.example.net;user=phone", " 4930123", "4930123;ext=7", 4930123]
)
def test_a_number_is_known_however_it_is_written(said: str | int) -> None:
    assert LEDGER.read(EMPTY, orjson.dumps({"dnis": said}))[1] == "+49 30 123"


def test_the_query_goes_before_the_body() -> None:
    assert LEDGER.read(BOTH, b'{"region":"AMER"}') == ("emea", "18005550100")


def test_what_is_not_configured_is_not_counted() -> None:
    assert Ledger(regions=REGIONS).read(BOTH, b"") == ("emea", "")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"emea"', b"null", b"\xff", b"[" * 5000])
def test_a_body_that_is_no_json_object_says_nothing(body: bytes) -> None:
    assert LEDGER.read(EMPTY, body) == ("none", "none")


def test_however_many_values_are_said_few_are_remembered() -> None:
    column = Column.of("region", ["emea"], same_region)
    for number in range(2 * REMEMBERED):
        assert Ledger(column).read(Query(f"region={number}"), b"")[0] == "other"
    assert Ledger(column).read(Query("region=emea"), b"")[0] == "emea"
    assert len(column.seen) <= REMEMBERED


@given(query=st.dictionaries(st.sampled_from(["region", "dnis", "x"]), st.text()), body=st.binary())
def test_no_request_invents_a_label(query: dict[str, str], body: bytes) -> None:
    region, number = LEDGER.read(Query(urlencode(query, errors="replace")), body)
    assert region in {"emea", "AMER", "other", "none"}
    assert number in {"+49 30 123", "18005550100", "other", "none"}
