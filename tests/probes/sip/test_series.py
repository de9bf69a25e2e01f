"""A series of requests: the same but for one identifier."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probes.sip.engine.series import BITS, BRANCH_LENGTH, Series
from probes.sip.messages.headers import Address
from probes.sip.messages.message import Request, UnsafeMessage, parse, serialise
from tests.probes.sip.samples import options

REQUEST = options(("192.0.2.1", 5060))


def test_the_identifier_is_branch_tag_and_call_id_and_the_rest_is_the_request() -> None:
    made = Series(REQUEST, "192.0.2.1").request(0xABC)
    unique = f"{0xABC:048x}"
    request = parse(made.data)
    assert isinstance(request, Request)
    assert (request.vias[0].branch, request.from_.tag, request.call_id) == (f"z9hG4bK{unique}", unique, f"{unique}@192.0.2.1")
    same = replace(request, vias=REQUEST.vias, from_=REQUEST.from_, call_id=REQUEST.call_id)
    assert same == parse(serialise(REQUEST))


def test_what_an_answer_is_known_by_is_what_the_request_says() -> None:
    made = Series(REQUEST, "192.0.2.1").request(2**BITS - 1)
    request = parse(made.data)
    assert (made.branch, made.call_id, made.cseq) == (request.vias[0].branch, request.call_id, request.cseq)
    assert len(made.branch) == BRANCH_LENGTH
    assert made.data.count(made.unique) == 3


def test_requests_of_a_series_share_what_is_remembered_of_its_answers() -> None:
    series = Series(REQUEST, "192.0.2.1")
    assert series.request(1).likeness is series.request(2).likeness is not Series(REQUEST, "192.0.2.1").request(1).likeness


@pytest.mark.parametrize("text", ["\r\nX: y", "a\0b", "-place-of-an-identifier-"])
def test_no_series_is_made_of_a_request_that_could_break_out(text: str) -> None:
    with pytest.raises(UnsafeMessage):
        Series(replace(REQUEST, to=Address(None, f"sip:{text}")), "192.0.2.1")
