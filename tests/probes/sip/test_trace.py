"""Messages shown to people, without what proves who we are."""

from __future__ import annotations

import random

import pytest

from probes.sample import Trace
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Refused, SelfTrouble, Silent
from probes.sip.engine.outgoing import Outgoing
from probes.sip.engine.trace import MOST, redacted, trace
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.headers import CSeq
from probes.sip.messages.message import Request, serialise
from tests.probes.sip.asking import asked_once, options_probe
from tests.probes.sip.peer import Peer
from tests.probes.sip.samples import ok

PEER = ("192.0.2.7", 5060)
SECRETS = (b"deadbeef", b"0a4f113b", b"c0ffee", b"5ccc069c")
AUTHORIZATION = (
    b'Digest username="ali\\"ce, the first", realm="a,b", nonce="c0ffee", uri="sip:r", response="deadbeef", '
    b'algorithm=SHA-256, cnonce="0a4f113b", qop=auth, nc=00000001, opaque="5ccc069c"'
)


@pytest.mark.parametrize(
    "header",
    [b"Authorization: ", b"Proxy-Authorization : ", b"AUTHORIZATION:", b"authorization:\r\n\t", b"Authentication-Info: "],
)
def test_what_proves_who_we_are_is_taken_out_and_names_stay(header: bytes) -> None:
    message = b"REGISTER sip:r SIP/2.0\r\n" + header + AUTHORIZATION + b"\r\nCSeq: 2 REGISTER\r\n\r\n"
    shown = redacted(message)
    assert not any(secret in shown for secret in SECRETS)
    for name in (b'username="ali\\"ce, the first"', b'realm="a,b"', b"algorithm=SHA-256", b"nc=00000001"):
        assert name in shown
    assert shown.startswith(b"REGISTER sip:r SIP/2.0\r\n")
    assert shown.endswith(b"\r\nCSeq: 2 REGISTER\r\n\r\n")


def test_folded_credentials_are_taken_out_whole() -> None:
    folded = AUTHORIZATION.replace(b", ", b",\r\n  ")
    shown = redacted(b"Authorization: " + folded + b"\r\nTo: <sip:a>\r\n\r\n")
    assert not any(secret in shown for secret in SECRETS)
    assert b"\r\nTo: <sip:a>\r\n" in shown


def test_a_peer_that_quotes_our_request_in_its_body_gives_nothing_away() -> None:
    quoted = b"SIP/2.0 400 Bad\r\nContent-Length: 999\r\n\r\nREGISTER sip:r SIP/2.0\r\nAuthorization: " + AUTHORIZATION
    assert not any(secret in redacted(quoted) for secret in SECRETS)


@pytest.mark.parametrize("header", [b"X-Original-Authorization: ", b"Warning: 399 sbc ", b"P-Asserted: "])
def test_what_proves_who_we_are_is_taken_out_under_any_name(header: bytes) -> None:
    shown = redacted(b"SIP/2.0 400 Bad\r\n" + header + AUTHORIZATION + b"\r\n\r\n")
    assert b"deadbeef" not in shown
    assert b"0a4f113b" not in shown


def test_no_repr_shows_what_was_sent() -> None:
    secret = b"Authorization: Digest response=deadbeef"
    for value in (Silent(1, PEER, 1, sent=secret, received=secret), Outgoing(secret, "b", "c", CSeq(1, "REGISTER"))):
        assert "deadbeef" not in repr(value)


def test_a_challenge_is_no_credential() -> None:
    challenge = b'WWW-Authenticate: Digest realm="a", nonce="c0ffee"\r\n'
    assert redacted(challenge) == challenge


def test_long_messages_are_cut() -> None:
    assert len(redacted(b"x" * 100_000)) == MOST


def test_what_was_never_sent_has_no_trace() -> None:
    assert trace(SelfTrouble(Trouble.NO_ROUTE, 0)) is None
    assert trace(Silent(1, PEER, 0)) is None


def test_a_refusal_shows_what_was_asked() -> None:
    assert trace(Refused("ECONNREFUSED", 1, PEER, None, sent=b"OPTIONS")) == Trace(b"OPTIONS", b"")


@pytest.mark.parametrize("status", [200, 503])
async def test_a_result_carries_both_messages(engine: SipEngine, peer: Peer, rng: random.Random, status: int) -> None:
    said: list[bytes] = []

    def reply(request: Request) -> list[bytes]:
        said.append(serialise(ok(request, status)))
        return said

    peer.reply = reply
    host, port = peer.address
    result = await asked_once(options_probe(engine, rng, port, host))
    assert result.trace is not None
    assert result.trace.received == said[0]
    assert result.trace.sent.startswith(b"OPTIONS sip:127.0.0.1")


async def test_silence_after_a_provisional_shows_the_provisional(engine: SipEngine, peer: Peer, rng: random.Random) -> None:
    peer.reply = lambda request: [serialise(ok(request, 183))]
    host, port = peer.address
    result = await asked_once(options_probe(engine, rng, port, host, timeout_ns=60_000_000))
    assert result.trace is not None
    assert result.trace.received.startswith(b"SIP/2.0 183 ")
