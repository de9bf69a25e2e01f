"""A template writes what `serialise` would, and nothing that could break out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.sip.messages.headers import Address, CSeq, Via
from probes.sip.messages.message import Request, UnsafeMessage, serialise
from probes.sip.messages.template import Template
from tests.probes.sip.samples import options
from tests.probes.sip.test_message_properties import REQUESTS, TOKEN

REQUEST = replace(options(("192.0.2.1", 5060)), headers=(("User-Agent", "cutoverd"),), body=b"v=0\r\n\r\n\0")
VALUES = {"branch": "z9hG4bK1", "tag": "a", "call_id": "b@c", "number": 7}
CALL_ID = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def filled(request: Request, branch: str, tag: str, call_id: str, number: int) -> Request:
    """The same request with these values: what stands in the places is replaced, what is missing added at the end."""

    def having(params: tuple[tuple[str, str | None], ...], name: str, value: str) -> tuple[tuple[str, str | None], ...]:
        names = [key for key, _ in params]
        return tuple((key, value if key == name else old) for key, old in params) + (() if name in names else ((name, value),))

    topmost, *others = request.vias
    return replace(
        request,
        vias=(replace(topmost, params=having(topmost.params, "branch", branch)), *others),
        from_=replace(request.from_, params=having(request.from_.params, "tag", tag)),
        call_id=call_id,
        cseq=CSeq(number, request.method),
    )


def without_nul(request: Request) -> bool:
    return b"\0" not in serialise(replace(request, body=b""))


@settings(max_examples=150, deadline=None)
@given(REQUESTS.filter(without_nul), TOKEN, TOKEN, CALL_ID, st.integers(0, 2**32 - 1))
def test_a_template_writes_what_the_request_would_be(request: Request, branch: str, tag: str, call_id: str, number: int) -> None:
    rendered = Template(request).render(branch=branch, tag=tag, call_id=call_id, number=number)
    assert rendered == serialise(filled(request, branch, tag, call_id, number))


def test_one_template_serves_again_and_again() -> None:
    template = Template(REQUEST)
    first = template.render(**VALUES)
    assert template.render(branch="z9hG4bK2", tag="d", call_id="e", number=8) != first
    assert template.render(**VALUES) == first
    assert template.method == "OPTIONS"


@pytest.mark.parametrize("text", ["\r\nX: y", "a\nb", "a\rb", "a b", "", "a;b", "é", "\0"])
@pytest.mark.parametrize("name", ["branch", "tag"])
def test_a_branch_or_tag_that_is_no_token_is_not_written(name: str, text: str) -> None:
    with pytest.raises(UnsafeMessage):
        Template(REQUEST).render(**{**VALUES, name: text})


@pytest.mark.parametrize("text", ["\r\nX: y", "a\nb", "a b", "", "é", "\0"])
def test_a_call_id_with_anything_but_visible_characters_is_not_written(text: str) -> None:
    with pytest.raises(UnsafeMessage):
        Template(REQUEST).render(**{**VALUES, "call_id": text})


@pytest.mark.parametrize("number", [-1, 2**32])
def test_a_number_that_cseq_cannot_hold_is_not_written(number: int) -> None:
    with pytest.raises(UnsafeMessage):
        Template(REQUEST).render(**{**VALUES, "number": number})


@pytest.mark.parametrize("text", ["\r\nX: y", "a\rb", "a\nb", "a\0b"])
@pytest.mark.parametrize("place", ["to", "display", "via", "header", "contact", "uri", "parameter"])
def test_no_template_is_made_of_a_request_that_could_break_out(place: str, text: str) -> None:
    changes = {
        "to": {"to": Address(None, text)},
        "display": {"from_": Address(text, "sip:a@b")},
        "via": {"vias": (Via("UDP", text, None),)},
        "header": {"headers": (("Subject", text),)},
        "contact": {"contacts": (Address(None, text),)},
        "uri": {"uri": text},
        "parameter": {"from_": Address(None, "sip:a@b", (("x", text),))},
    }
    with pytest.raises(UnsafeMessage):
        Template(replace(REQUEST, **changes[place]))
