"""What a registrar's 200 says: bindings, the granted interval, and how steady it all is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probes.sample import Moment
from probes.sip.messages.headers import ANY_CONTACT
from probes.sip.registering.binding import Binding, BindingWatch, bindings, contact_differs, contact_key, granted_s
from tests.probes.sip.registrar import CONTACT, S, holding
from tests.probes.sip.samples import ok, options

REQUEST = options(("192.0.2.1", 5060))


def at(second: int) -> Moment:
    return Moment(utc_ns=second * S, mono_ns=second * S)


def seen(*uris: str) -> tuple[Binding, ...]:
    return tuple(Binding(uri, 60) for uri in uris)


def test_each_contact_is_a_binding_with_what_is_left_of_it() -> None:
    response = holding(REQUEST, "sip:a@192.0.2.1;expires=30;q=0.5", "sip:b@192.0.2.2", expires=90)
    assert bindings(response) == (Binding("sip:a@192.0.2.1", 30, 0.5), Binding("sip:b@192.0.2.2", 90, None))


def test_a_registrar_may_leave_out_how_long() -> None:
    assert bindings(holding(REQUEST, "sip:a@192.0.2.1")) == (Binding("sip:a@192.0.2.1", None),)


def test_a_star_is_no_binding() -> None:
    assert bindings(type(ok(REQUEST))(status=200, vias=REQUEST.vias, from_=REQUEST.from_, to=REQUEST.to, call_id="c",
                                      cseq=REQUEST.cseq, contacts=(ANY_CONTACT,))) == ()  # fmt: skip


@pytest.mark.parametrize(
    ("uri", "host"), [("sip:a@SBC01.example.net:5080", "sbc01.example.net"), ("sip:[2001:db8::1]", "2001:db8::1"), ("tel:+1", "")]
)
def test_a_binding_knows_its_host(uri: str, host: str) -> None:
    assert Binding(uri, None).host == host


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("sip:a@HOST", "sip:a@host:5060;ob", True),
        ("sip:a@host;transport=tls", "sip:a@host:5061;transport=tls", True),
        ("sips:a@host", "sips:a@host:5061", True),
        ("sip:a@host", "sip:A@host", False),
        ("sip:a@host:5060", "sip:a@host:5062", False),
        ("sip:a@host", "sip:host", False),
        ("tel:+1", "tel:+1", True),
    ],
)
def test_contacts_are_the_same_where_they_lead_to_the_same_place(left: str, right: str, same: bool) -> None:
    assert (contact_key(left) == contact_key(right)) is same


@pytest.mark.parametrize(
    ("contacts", "expires", "granted"),
    [
        ([f"{CONTACT};expires=120"], 300, 120),
        ([CONTACT], 300, 300),
        ([CONTACT], None, 600),
        (["sip:other@192.0.2.9;expires=10", f"{CONTACT};expires=120"], None, 120),
        (["sip:other@192.0.2.9;expires=10"], 300, None),
        ([], 300, 300),
        ([], 0, None),
        ([], None, None),
        (["sip:alice@203.0.113.5:1024;expires=90"], None, 90),
        (["sip:alice@203.0.113.5:1024;expires=90", "sip:bob@192.0.2.9"], None, 90),
        (["sip:alice@203.0.113.5:1024", "sip:alice@203.0.113.6:1024"], 300, None),
        ([f"{CONTACT};expires=0"], None, None),
        ([f"{CONTACT};expires=soon"], None, 3600),
    ],
)
def test_what_is_granted_is_our_contacts_own_interval(contacts: list[str], expires: int | None, granted: int | None) -> None:
    assert granted_s(holding(REQUEST, *contacts, expires=expires), CONTACT, asked_s=600) == granted


@pytest.mark.parametrize("name", ["Contact", "m"])
def test_an_unreadable_contact_may_be_ours(name: str) -> None:
    response = replace(holding(REQUEST, "sip:other@192.0.2.9", expires=90), headers=((name, "<sip:a b@h>"),))
    assert granted_s(response, CONTACT, asked_s=600) == 90
    assert contact_differs(response, CONTACT) == "unreadable"


@pytest.mark.parametrize(
    ("contacts", "differs"), [([CONTACT], ""), ([], "not-listed"), (["sip:alice@203.0.113.5:1024"], "rewritten")]
)
def test_how_our_contact_is_missing_is_told(contacts: list[str], differs: str) -> None:
    assert contact_differs(holding(REQUEST, *contacts, expires=90), CONTACT) == differs


def watched(*history: tuple[str, ...]) -> BindingWatch:
    watch = BindingWatch()
    for second, uris in enumerate(history):
        watch.see(seen(*uris), now=at(second))
    return watch


A, B = "sip:a@192.0.2.1", "sip:a@192.0.2.2"


@pytest.mark.parametrize(
    ("history", "flaps", "since"),
    [
        ([(A,), (A,), (A,)], 0, 0),
        ([(), (), (A,)], 0, 2),
        ([(A,), (), ()], 1, None),
        ([(A,), (), (A,)], 1, 2),
        ([(A,), (B,), (B,)], 1, 1),
        ([(A,), (A, B)], 0, 0),
        ([(A, B), (A,)], 1, 1),
        ([(A,), (), (A,), (), (A,)], 2, 4),
        ([()], 0, None),
    ],
)
def test_a_flap_is_a_binding_that_went_away_or_became_another(
    history: list[tuple[str, ...]], flaps: int, since: int | None
) -> None:
    watch = watched(*history)
    assert (watch.flaps, watch.stable_since) == (flaps, None if since is None else at(since))
