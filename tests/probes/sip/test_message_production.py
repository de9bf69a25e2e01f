"""What equipment in the field sends, which the grammar may or may not have meant."""

from __future__ import annotations

import pytest

from probes.sip.messages.headers import ANY_CONTACT, Address
from probes.sip.messages.message import parse, serialise
from tests.probes.sip.samples import REQUEST, RESPONSE, changed, response, with_header

CHALLENGE = 'Digest realm="sip, example; net", nonce="a,b;c=", qop="auth,auth-int", algorithm=SHA-256'
OTHER = 'Digest realm="r", nonce="n", algorithm=MD5'


def test_challenges_in_several_headers_stay_apart() -> None:
    message = with_header(f"WWW-Authenticate: {CHALLENGE}\r\nwww-authenticate : {OTHER}")
    assert message.header("WWW-Authenticate") == [CHALLENGE, OTHER]


def test_challenges_in_one_header_stay_one_line_with_its_quotes_and_commas() -> None:
    assert with_header(f"Proxy-Authenticate: {CHALLENGE}, {OTHER}").header("proxy-authenticate") == [f"{CHALLENGE}, {OTHER}"]


def test_a_folded_challenge_is_one_line() -> None:
    folded = CHALLENGE.replace(", ", ",\r\n\t  ")
    assert with_header(f"WWW-Authenticate:\r\n {folded}").header("WWW-Authenticate") == [CHALLENGE]


@pytest.mark.parametrize("blank", [" ", "\t", " \t "])
def test_a_continuation_begins_with_any_blank(blank: str) -> None:
    assert with_header(f"Subject: a\r\n{blank}b").header("Subject") == ["a b"]


def test_a_line_of_blanks_within_a_fold_does_not_end_it() -> None:
    assert with_header("Subject: a  \r\n \t\r\n\tb").header("Subject") == ["a b"]


def test_a_continuation_after_a_header_that_is_whole_already_belongs_to_it() -> None:
    message = response(RESPONSE.replace("Call-ID: abc@192.0.2.1", "Call-ID:\r\n abc@192.0.2.1\r\nSubject: y\r\n z"))
    assert (message.call_id, message.header("Subject")) == ("abc@192.0.2.1", ["y z"])


@pytest.mark.parametrize("name", ["Contact", "contact", "CONTACT", "m", "M", "Contact ", "m\t"])
def test_a_header_is_known_by_any_spelling(name: str) -> None:
    assert with_header(f"{name}: <sip:a@b>").contacts == (Address(None, "sip:a@b"),)


@pytest.mark.parametrize("spelling", ["via", "VIA", "v", "V", "Via ", "vIa"])
def test_what_differs_in_every_message_is_known_by_any_spelling(spelling: str) -> None:
    assert response(RESPONSE.replace("Via:", f"{spelling}:")).vias == response().vias


def test_commas_and_semicolons_within_quotes_separate_nothing() -> None:
    message = with_header('Contact: "a, b; <c>" <sip:a@b>;x="1,2;3", "\\"d\\", e" <sip:c@d>;+sip.instance="<urn:uuid:0>"')
    assert message.contacts == (
        Address("a, b; <c>", "sip:a@b", (("x", '"1,2;3"'),)),
        Address('"d", e', "sip:c@d", (("+sip.instance", '"<urn:uuid:0>"'),)),
    )


def test_brackets_within_a_quoted_parameter_make_no_address() -> None:
    assert with_header('Contact: sip:a@b;x="<y>"').contacts == (Address(None, "sip:a@b", (("x", '"<y>"'),)),)


def test_a_branch_within_quotes_is_not_the_branch() -> None:
    text = RESPONSE.replace("branch=z9hG4bK1", 'x="a;branch=z9hG4bK2;b";branch=z9hG4bK1')
    assert response(text).vias[0].branch == "z9hG4bK1"
    assert response(text).vias[0].params[0] == ("x", '"a;branch=z9hG4bK2;b"')


@pytest.mark.parametrize("params", ["xbranch=z9hG4bK2", "a=branch=z9hG4bK2", "x"])
def test_what_only_looks_like_a_branch_is_none(params: str) -> None:
    (via,) = response(RESPONSE.replace("branch=z9hG4bK1", params)).vias
    assert via.branch is None
    assert str(via).endswith(f";{params};received=192.0.2.9;rport=5062")


@pytest.mark.parametrize(
    ("params", "expires", "q"),
    [
        ("", None, None),
        (";expires=60;q=0.5", 60, 0.5),
        (";Expires=0;Q=1.000", 0, 1.0),
        (";expires=99999999999", 2**32 - 1, None),
        (";expires=soon;q=2", 3600, None),
        (";expires;q=0.1234", None, None),
    ],
)
def test_a_contact_says_how_long_and_how_gladly(params: str, expires: int | None, q: float | None) -> None:
    (contact,) = with_header(f"Contact: <sip:a@b>{params}").contacts
    assert (contact.expires, contact.q) == (expires, q)


def test_the_lifetimes_of_a_registration_are_numbers() -> None:
    message = with_header("Expires: 0600\r\nMin-Expires : 60")
    assert (message.expires, message.min_expires) == (600, 60)
    assert parse(serialise(message)) == message


def test_all_bindings_are_removed_by_a_star_with_blanks_around_it() -> None:
    assert with_header("m :  *  ").contacts == (ANY_CONTACT,)


@pytest.mark.parametrize("number", [50, 250])
def test_several_hundred_bindings_are_not_too_many(number: int) -> None:
    line = "Contact: " + ", ".join(f"<sip:{at}@h>;expires=60" for at in range(number))
    assert len(with_header(line).contacts) == number


def test_bytes_that_are_not_utf8_pass_wherever_text_is_free() -> None:
    lines = b'Contact: "S\xfc" <sip:a@b>\r\nServer: \xe9\xff\r\n'
    message = parse(RESPONSE.encode().replace(b"Content-Length", lines + b"Content-Length"))
    assert all(line in serialise(message).split(b"\r\n") for line in lines.split(b"\r\n") if line)


def test_a_request_uri_keeps_its_escapes_headers_and_single_label() -> None:
    message = parse(changed(REQUEST, "sip:sbc01 SIP", "sip:+49%20(0)@sbc01:5060;transport=tcp?Subject=a%26b&X=y SIP"))
    assert getattr(message, "uri", "") == "sip:+49%20(0)@sbc01:5060;transport=tcp?Subject=a%26b&X=y"
