"""When a challenge is answered, with which of those offered, and when a rejection is final."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from probes.sip.digest.auth import Credentials, Flaw
from probes.sip.digest.login import MAX_ROUNDS, Login, LoginAttempt, Rejected, Why
from probes.sip.messages.headers import CSeq
from probes.sip.messages.message import Request
from tests.probes.sip.registrar import CREDENTIALS, asked, challenge, unauthorized
from tests.probes.sip.samples import options

URI = "sip:example.net"
REGISTER = replace(options(("192.0.2.1", 5060)), method="REGISTER", uri=URI, cseq=CSeq(1, "REGISTER"))
MD5, SHA_256, SHA_512_256 = ("algorithm=MD5", "algorithm=SHA-256", "algorithm=SHA-512-256")


def request() -> Request:
    return REGISTER


def begun(credentials: Credentials | None = CREDENTIALS) -> tuple[Login, LoginAttempt]:
    login = Login(credentials)
    return login, LoginAttempt(login)


def hear(attempt: LoginAttempt, *values: str, cnonce: str = "c") -> Rejected | None:
    return attempt.hear(unauthorized(request(), *values), cnonce=cnonce)


def proxied(*values: str, registrars: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    return (*(("Proxy-Authenticate", value) for value in values), *(("WWW-Authenticate", value) for value in registrars))


def sent(attempt: LoginAttempt) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in attempt.headers("REGISTER", URI):
        headers.setdefault(name, []).append(value)
    return headers


def parameter(value: str, name: str) -> str:
    match = re.search(rf'\b{name}="?([^",]*)', value)
    assert match is not None, value
    return match[1]


def answered_with(*values: str) -> str:
    """The algorithm of the answer to these."""
    _, attempt = begun()
    assert hear(attempt, *values) is None
    return parameter(sent(attempt)["Authorization"][0], "algorithm")


def test_nothing_is_sent_before_anybody_asks() -> None:
    assert sent(begun()[1]) == {}


def test_a_challenge_is_answered() -> None:
    _, attempt = begun()
    assert hear(attempt, challenge("n1")) is None
    (value,) = sent(attempt)["Authorization"]
    assert (parameter(value, "nonce"), parameter(value, "username"), parameter(value, "uri")) == ("n1", "alice", URI)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([MD5, SHA_256], "SHA-256"),
        ([SHA_256, MD5], "SHA-256"),
        ([MD5, SHA_512_256, SHA_256], "SHA-512-256"),
        ([MD5, SHA_256, SHA_512_256], "SHA-256"),
        (["algorithm=AKAv2-MD5", MD5], "MD5"),
        (['algorithm=SHA-256, qop="auth-int"', MD5], "MD5"),
    ],
)
def test_the_strongest_that_we_can_is_taken_and_the_order_decides_among_equals(offered: list[str], chosen: str) -> None:
    assert answered_with(*(challenge(f"n{at}", more=more) for at, more in enumerate(offered))) == chosen


def test_the_count_rises_with_each_use_of_a_nonce_and_starts_anew_with_the_next() -> None:
    login, attempt = begun()
    hear(attempt, challenge("n1"), cnonce="first")
    counts = [parameter(sent(attempt)["Authorization"][0], "nc") for _ in range(3)]
    assert counts == ["00000001", "00000002", "00000003"]
    hear(LoginAttempt(login), challenge("n2"), cnonce="second")
    (value,) = sent(attempt)["Authorization"]
    assert (parameter(value, "nc"), parameter(value, "cnonce")) == ("00000001", "second")


def test_a_nonce_is_remembered_for_the_next_attempt() -> None:
    login, attempt = begun()
    hear(attempt, challenge("n1"))
    assert parameter(sent(LoginAttempt(login))["Authorization"][0], "nonce") == "n1"


def test_a_second_challenge_with_a_fresh_nonce_is_final() -> None:
    _, attempt = begun()
    assert hear(attempt, challenge("n1")) is None
    assert hear(attempt, challenge("n2")) == Rejected(Why.REPEATED, "realm 'example.net'", is_final=True)


def test_another_realm_the_second_time_is_no_way_out() -> None:
    _, attempt = begun()
    hear(attempt, challenge("n1", realm="a"))
    rejected = hear(attempt, challenge("n2", realm="b"))
    assert rejected is not None
    assert rejected.is_final


def test_after_a_final_rejection_nothing_is_remembered() -> None:
    login, attempt = begun()
    hear(attempt, challenge("n1"))
    hear(attempt, challenge("n2"))
    assert not login.remembers


def test_a_remembered_nonce_that_fails_is_replaced_once_whatever_the_registrar_calls_it() -> None:
    login, attempt = begun()
    hear(attempt, challenge("n1"))
    later = LoginAttempt(login)
    assert hear(later, challenge("n2")) is None
    rejected = hear(later, challenge("n3"))
    assert rejected is not None
    assert rejected.is_final


def test_stale_is_no_rejection() -> None:
    _, attempt = begun()
    hear(attempt, challenge("n1"))
    assert hear(attempt, challenge("n2", more="stale=true, algorithm=SHA-256")) is None
    assert parameter(sent(attempt)["Authorization"][0], "nonce") == "n2"
    rejected = hear(attempt, challenge("n3"))
    assert rejected is not None
    assert rejected.reason == Why.REPEATED


def test_stale_for_ever_ends_without_being_final_for_credentials_that_were_taken_once() -> None:
    login, attempt = begun()
    login.is_proven = True
    heard = [hear(attempt, challenge(f"n{at}", more="stale=true")) for at in range(MAX_ROUNDS + 1)]
    assert heard[:-1] == [None] * MAX_ROUNDS
    assert heard[-1] == Rejected(Why.ROUNDS, "5 challenges answered", is_final=False)


def test_stale_is_believed_once_of_credentials_that_were_never_taken() -> None:
    _, attempt = begun()
    heard = [hear(attempt, challenge(f"n{at}", more="stale=true")) for at in range(3)]
    assert heard == [None, None, Rejected(Why.REPEATED, "realm 'example.net'", is_final=True)]


def test_a_chain_of_realms_without_end_is_final_for_credentials_that_were_never_taken() -> None:
    _, attempt = begun()
    heard = [
        attempt.hear(asked(request(), 407, ("Proxy-Authenticate", challenge("n", realm=f"r{at}"))), cnonce="c")
        for at in range(MAX_ROUNDS + 1)
    ]
    assert heard[-1] == Rejected(Why.ROUNDS, "5 challenges answered", is_final=True)


def test_a_proxy_and_the_registrar_are_answered_each_in_its_own_header() -> None:
    _, attempt = begun()
    assert attempt.hear(asked(request(), 407, *proxied(challenge("p1", realm="proxy"))), cnonce="c") is None
    assert hear(attempt, challenge("n1")) is None
    headers = sent(attempt)
    assert parameter(headers["Proxy-Authorization"][0], "nonce") == "p1"
    assert parameter(headers["Authorization"][0], "nonce") == "n1"
    assert parameter(headers["Proxy-Authorization"][0], "nc") == "00000001"


def test_both_may_ask_in_one_response() -> None:
    _, attempt = begun()
    both = asked(request(), 401, *proxied(challenge("p1", realm="proxy"), registrars=(challenge("n1"),)))
    assert attempt.hear(both, cnonce="c") is None
    assert set(sent(attempt)) == {"Authorization", "Proxy-Authorization"}


def test_proxies_are_told_apart_by_their_realms() -> None:
    _, attempt = begun()
    for realm in ("a", "b"):
        assert attempt.hear(asked(request(), 407, *proxied(challenge(realm=realm))), cnonce="c") is None
    assert [parameter(value, "realm") for value in sent(attempt)["Proxy-Authorization"]] == ["a", "b"]


def test_a_proxy_that_asks_again_with_a_fresh_nonce_is_final_too() -> None:
    _, attempt = begun()
    attempt.hear(asked(request(), 407, *proxied(challenge("p1"))), cnonce="c")
    rejected = attempt.hear(asked(request(), 407, *proxied(challenge("p2"))), cnonce="c")
    assert rejected is not None
    assert rejected.is_final


def test_403_to_an_answer_is_final() -> None:
    _, attempt = begun()
    hear(attempt, challenge("n1"))
    assert attempt.hear(asked(request(), 403), cnonce="c") == Rejected(Why.FORBIDDEN, "", is_final=True)


def test_403_to_nobody_in_particular_is_final() -> None:
    _, attempt = begun()
    assert attempt.hear(asked(request(), 403), cnonce="c") == Rejected(Why.FORBIDDEN, "", is_final=True)
    assert not attempt.has_answered


def test_403_to_remembered_credentials_drops_them_and_is_not_final() -> None:
    login, attempt = begun()
    hear(attempt, challenge("n1"))
    later = LoginAttempt(login)
    assert later.hear(asked(request(), 403), cnonce="c") == Rejected(Why.FORBIDDEN, "", is_final=False)
    assert not login.remembers


def test_a_challenge_without_anything_to_answer_with_is_final() -> None:
    _, attempt = begun(None)
    assert hear(attempt) == Rejected(Why.NO_CREDENTIALS, "challenged with 401", is_final=True)


def test_a_pinned_realm_is_the_only_one_that_is_answered() -> None:
    _, attempt = begun(Credentials("alice", b"swordfish", realm="ours"))
    rejected = hear(attempt, challenge("n1", realm="theirs"))
    assert rejected == Rejected(Why.REALM, "asked for realm 'theirs', configured is 'ours'", is_final=False)
    assert sent(attempt) == {}
    assert hear(attempt, challenge("n1", realm="theirs"), challenge("n2", realm="ours", more=MD5)) is None
    assert parameter(sent(attempt)["Authorization"][0], "nonce") == "n2"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (['Digest realm="r"'], Flaw.MALFORMED),
        (["Basic realm=r"], Flaw.SCHEME),
        ([challenge(more='qop="auth-int"')], Flaw.QOP),
        ([challenge(more="algorithm=AKAv1-MD5")], Flaw.ALGORITHM),
    ],
)
def test_what_cannot_be_answered_says_why_and_is_not_final(values: list[str], reason: Flaw) -> None:
    rejected = hear(begun()[1], *values)
    assert rejected is not None
    assert (rejected.reason, rejected.is_final) == (reason, False)


def test_a_401_that_asks_nothing_says_so() -> None:
    _, attempt = begun()
    assert attempt.hear(asked(request(), 401), cnonce="c") == Rejected(
        Why.NO_CHALLENGE, "no WWW-Authenticate header", is_final=False
    )


def test_a_407_is_not_answered_by_the_registrars_challenge_alone() -> None:
    _, attempt = begun()
    rejected = attempt.hear(asked(request(), 407, *proxied(registrars=(challenge(),))), cnonce="c")
    assert rejected == Rejected(Why.NO_CHALLENGE, "no Proxy-Authenticate header", is_final=False)
