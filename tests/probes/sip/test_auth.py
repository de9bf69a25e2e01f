"""Challenges read, and digests against the vectors of RFC 2069's erratum, RFC 2617, RFC 7616 and its erratum 4897."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from probes.sip.digest.auth import (
    Algorithm,
    Challenge,
    Credentials,
    Flaw,
    Side,
    Unusable,
    authorization,
    challenges,
    is_available,
)
from probes.sip.messages.message import Response, parse
from tests.probes.sip.samples import RESPONSE

SESSION_OF_7616 = {
    "realm": "http-auth@example.org",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "user": "Mufasa",
    "secret": "Circle of Life",
    "uri": "/dir/index.html",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
}
SESSION_OF_2617 = {
    "realm": "testrealm@host.com",
    "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
    "user": "Mufasa",
    "secret": "Circle Of Life",
    "uri": "/dir/index.html",
    "cnonce": "0a4f113b",
}
SESSION_OF_4897 = {
    "realm": "api@example.org",
    "nonce": "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
    "user": "J\u00e4s\u00f8n Doe",
    "secret": "Secret, or not?",
    "uri": "/doe.json",
    "cnonce": "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
}


def made(**given: Any) -> Challenge:
    fields: dict[str, Any] = {
        "side": Side.REGISTRAR,
        "realm": "example.net",
        "nonce": "n",
        "algorithm": Algorithm.MD5,
        "is_session": False,
        "named": None,
        "has_qop": True,
        "opaque": None,
        "stale": False,
    }
    return Challenge(**(fields | given))


def value_of(challenge: Challenge, user: str = "alice", secret: str = "x", **given: Any) -> str:
    fields: dict[str, Any] = {"method": "REGISTER", "uri": "sip:example.net", "count": 1, "cnonce": "c"}
    return authorization(challenge, Credentials(user, secret.encode()), **(fields | given))


def told(*lines: str) -> tuple[Challenge | Unusable, ...]:
    """What a response with these header lines asks, having gone through the parser."""
    head = RESPONSE.replace("200 OK", "401 Unauthorized").removesuffix("Content-Length: 0\r\n\r\n")
    message = parse(
        (head + "".join(f"{line}\r\n" for line in lines) + "Content-Length: 0\r\n\r\n").encode("utf-8", "surrogateescape")
    )
    assert isinstance(message, Response)
    return challenges(message)


def only(*lines: str) -> Challenge:
    (found,) = told(*lines)
    assert isinstance(found, Challenge), found
    return found


def flaw(*lines: str) -> Flaw:
    (found,) = told(*lines)
    assert isinstance(found, Unusable), found
    return found.flaw


# Vectors


@pytest.mark.parametrize(
    ("session", "algorithm", "has_qop", "expected"),
    [
        (SESSION_OF_7616, Algorithm.MD5, True, "8ca523f5e9506fed4657c9700eebdbec"),
        (SESSION_OF_7616, Algorithm.SHA_256, True, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (SESSION_OF_4897, Algorithm.SHA_512_256, True, "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"),
        (SESSION_OF_2617, Algorithm.MD5, True, "6629fae49393a05397450978507c4ef1"),
        (SESSION_OF_2617 | {"secret": "CircleOfLife"}, Algorithm.MD5, False, "1949323746fe6a43ef61f9606e7febea"),
    ],
    ids=["rfc7616-md5", "rfc7616-sha-256", "erratum-4897-sha-512-256", "rfc2617", "rfc2069-erratum"],
)
def test_the_response_is_that_of_the_published_vector(
    session: dict[str, str], algorithm: Algorithm, has_qop: bool, expected: str
) -> None:
    challenge = made(realm=session["realm"], nonce=session["nonce"], algorithm=algorithm, has_qop=has_qop)
    value = value_of(challenge, session["user"], session["secret"], method="GET", uri=session["uri"], cnonce=session["cnonce"])
    assert f'response="{expected}"' in value


def test_a_session_algorithm_hashes_nonce_and_cnonce_into_the_secret() -> None:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    ha1 = md5(f"{md5('alice:example.net:x')}:n:c")
    expected = md5(f"{ha1}:n:00000007:c:auth:{md5('REGISTER:sip:example.net')}")
    value = value_of(made(is_session=True, named="md5-SESS"), count=7)
    assert f'response="{expected}"' in value
    assert "algorithm=MD5-sess" in value


# What is sent


def test_with_qop_the_count_of_the_nonce_and_our_own_nonce_are_told() -> None:
    value = value_of(made(), count=26)
    assert "qop=auth, nc=0000001a" in value
    assert 'cnonce="c"' in value


def test_without_qop_neither_is_told() -> None:
    value = value_of(made(has_qop=False))
    assert not any(name in value for name in ("qop", "nc=", "cnonce"))


def test_an_algorithm_that_was_not_named_is_not_named_back() -> None:
    assert "algorithm" not in value_of(made())
    assert "algorithm=SHA-256" in value_of(made(algorithm=Algorithm.SHA_256, named="sha-256"))


def test_nonce_and_opaque_go_back_as_they_came() -> None:
    challenge = only(r'WWW-Authenticate: Digest realm="r", nonce="a\"b+/==", opaque="x\\y"')
    value = value_of(challenge)
    assert r'nonce="a\"b+/=="' in value
    assert r'opaque="x\\y"' in value


def test_quotes_and_backslashes_in_user_and_realm_are_escaped_on_the_wire_and_not_in_the_hash() -> None:
    challenge = only(r'WWW-Authenticate: Digest realm="the \"new\" \\ path", nonce="n"')
    assert challenge.realm == 'the "new" \\ path'
    value = value_of(challenge, 'al"i\\ce', "x")
    assert r'username="al\"i\\ce"' in value
    assert r'realm="the \"new\" \\ path"' in value
    ha1 = hashlib.md5(b'al"i\\ce:the "new" \\ path:x', usedforsecurity=False).hexdigest()
    ha2 = hashlib.md5(b"REGISTER:sip:example.net", usedforsecurity=False).hexdigest()
    assert hashlib.md5(f"{ha1}:n:{ha2}".encode(), usedforsecurity=False).hexdigest() in value


# What is read


def test_a_challenge_is_read_with_all_its_parameters() -> None:
    found = only(
        'WWW-Authenticate: Digest realm="a, b; c", nonce="x", algorithm=SHA-256, qop="auth,auth-int", opaque="o", stale=TRUE'
    )
    assert found == made(realm="a, b; c", nonce="x", algorithm=Algorithm.SHA_256, named="SHA-256", opaque="o", stale=True)


def test_names_are_read_without_case_and_blanks_around_the_sign_are_nothing() -> None:
    found = only('www-authenticate: DIGEST Realm = "r" ,NONCE= "n" , Algorithm = "md5" , QOP = auth , stale = "false"')
    assert (found.realm, found.nonce, found.algorithm, found.has_qop, found.stale) == ("r", "n", Algorithm.MD5, True, False)


def test_a_folded_challenge_is_one() -> None:
    found = only('WWW-Authenticate: Digest realm="r",\r\n nonce="n",\r\n\talgorithm=SHA-256')
    assert (found.nonce, found.algorithm) == ("n", Algorithm.SHA_256)


def test_several_challenges_may_share_a_header() -> None:
    found = told('WWW-Authenticate: Digest realm="r", nonce="1", algorithm=SHA-256, Digest realm="r", nonce="2", algorithm=MD5')
    assert [challenge.nonce for challenge in found if isinstance(challenge, Challenge)] == ["1", "2"]


def test_several_headers_keep_their_order_and_the_registrar_comes_before_the_proxy() -> None:
    found = told(
        'Proxy-Authenticate: Digest realm="p", nonce="0"',
        'WWW-Authenticate: Digest realm="r", nonce="1", algorithm=SHA-512-256',
        'WWW-Authenticate: Digest realm="r", nonce="2"',
    )
    assert [(challenge.side, getattr(challenge, "nonce", None)) for challenge in found] == [
        (Side.REGISTRAR, "1"),
        (Side.REGISTRAR, "2"),
        (Side.PROXY, "0"),
    ]


def test_unknown_schemes_are_named_and_passed_over() -> None:
    found = told('WWW-Authenticate: Basic realm="r", Negotiate, Bearer abc==, Digest realm="r", nonce="n"')
    assert [challenge.detail if isinstance(challenge, Unusable) else challenge.nonce for challenge in found] == [
        "Basic",
        "Negotiate",
        "Bearer",
        "n",
    ]


@pytest.mark.parametrize(
    "value",
    [
        'Digest realm="r"',
        'Digest nonce="n"',
        "Digest",
        'Digest realm="r, nonce="n"',
        'Digest realm="r", nonce="n", realm="s"',
        'Digest realm="r", nonce="n" "m"',
        'Digest realm="r", nonce="n", =x',
        'realm="r", nonce="n"',
        'Digest realm="r\\", nonce="n"',
    ],
)
def test_a_malformed_challenge_is_a_value(value: str) -> None:
    assert flaw(f"WWW-Authenticate: {value}") is Flaw.MALFORMED


def test_a_malformed_challenge_does_not_hide_the_others() -> None:
    found = told('WWW-Authenticate: Digest realm="r', 'WWW-Authenticate: Digest realm="r", nonce="n"')
    assert [type(challenge) for challenge in found] == [Unusable, Challenge]


@pytest.mark.parametrize(
    ("parameters", "expected", "detail"),
    [
        ("algorithm=AKAv1-MD5", Flaw.ALGORITHM, "AKAv1-MD5"),
        ("algorithm=SHA-1-sess", Flaw.ALGORITHM, "SHA-1-sess"),
        ('qop="auth-int"', Flaw.QOP, "auth-int"),
        ("algorithm=MD5-sess", Flaw.QOP, "none"),
    ],
)
def test_what_we_cannot_do_is_named(parameters: str, expected: Flaw, detail: str) -> None:
    (found,) = told(f'WWW-Authenticate: Digest realm="r", nonce="n", {parameters}')
    assert found == Unusable(Side.REGISTRAR, expected, detail)


def test_a_hash_that_openssl_does_without_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = hashlib.new

    def without(name: str, *args: Any, **named: Any) -> Any:
        if name == "sha512_256":
            raise ValueError("unsupported hash type")
        return whole(name, *args, **named)

    monkeypatch.setattr(hashlib, "new", without)
    assert not is_available(Algorithm.SHA_512_256)
    (found,) = told('WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-512-256')
    assert found == Unusable(Side.REGISTRAR, Flaw.UNAVAILABLE, "SHA-512-256")


def test_what_is_shown_of_a_challenge_is_visible_and_short() -> None:
    (found,) = told(f'WWW-Authenticate: Digest realm="r", nonce="n", algorithm="\x1b[2J{"A" * 200}"')
    assert isinstance(found, Unusable)
    assert found.detail.isprintable()
    assert len(found.detail) == 60


def test_bytes_that_are_not_utf_8_survive_in_the_realm() -> None:
    challenge = only('WWW-Authenticate: Digest realm="caf\udce9", nonce="n"')
    assert 'realm="caf\udce9"' in value_of(challenge)


# Secrets


def test_credentials_do_not_show_their_secret() -> None:
    assert "swordfish" not in repr(Credentials("alice", b"swordfish"))


@pytest.mark.parametrize("name", ["", "al\r\nice", "al\x00ice"])
def test_a_user_name_that_cannot_be_sent_is_refused_without_telling_the_secret(name: str) -> None:
    with pytest.raises(ValueError, match="visible characters") as caught:
        Credentials(name, b"swordfish")
    assert "swordfish" not in str(caught.value)
