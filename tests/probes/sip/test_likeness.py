"""What is read by its likeness to the last answer is what `parse` would have made of it, whatever a peer sends."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.sip.engine import likeness as likenesses
from probes.sip.engine.likeness import MOST, Likeness
from probes.sip.engine.outgoing import Outgoing
from probes.sip.engine.series import BITS, Series
from probes.sip.messages.headers import Address, CSeq, RetryAfter, Via
from probes.sip.messages.message import MalformedMessage, Request, Response, parse, serialise
from tests.probes.sip.mutations import PIECES, mutated
from tests.probes.sip.samples import ok, options
from tests.probes.sip.test_message_properties import TOKEN

SEED = 20261207
MUTANTS = 200_000
BASE = replace(options(("192.0.2.1", 5060)), max_forwards=70, headers=(("User-Agent", "cutoverd"),))
RNG = random.Random(SEED)


def series(request: Request = BASE) -> Series:
    return Series(request, "192.0.2.1")


def asked(of: Series) -> Outgoing:
    return of.request(RNG.getrandbits(BITS))


def answer(to: Outgoing, tag: str = "as1", **said: object) -> bytes:
    request = parse(to.data)
    assert isinstance(request, Request)
    tagged = replace(request.to, params=(*request.to.params, ("tag", tag)))
    says = {"reason": "OK", "contacts": (Address(None, "sip:sbc@192.0.2.7"),), "headers": (("Server", "SBC 8"),)} | said
    return serialise(replace(ok(request), to=tagged, **says))  # type: ignore[arg-type]


def learned(data: bytes, to: Outgoing) -> Likeness:
    message = parse(data)
    assert isinstance(message, Response)
    likeness = Likeness()
    likeness.learn(data, to.unique, message)
    return likeness


def test_an_answer_in_the_same_words_is_read_as_parse_reads_it() -> None:
    of = series()
    first, second = asked(of), asked(of)
    data = answer(second, "another-tag.7")
    assert learned(answer(first), first).read(data, second.unique) == parse(data)


def test_what_a_verdict_needs_is_known_without_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    of = series()
    first, second = asked(of), asked(of)
    said = {"status": 503, "reason": "Busy", "retry_after": RetryAfter(30)}
    likeness, data = learned(answer(first, **said), first), answer(second, **said)

    def refuse(_: bytes) -> Response:
        raise AssertionError("parsed")

    with monkeypatch.context() as without:
        without.setattr(likenesses, "parse", refuse)
        response = likeness.read(data, second.unique)
        assert response is not None
        assert (response.status, response.reason, response.retry_after) == (503, "Busy", RetryAfter(30))
        assert response.is_final
    assert response.vias[0].branch == second.branch
    assert response == parse(data)
    assert hash(response) == hash(parse(data))


def test_a_response_has_no_attributes_but_its_own() -> None:
    of = series()
    first, second = asked(of), asked(of)
    response = learned(answer(first), first).read(answer(second), second.unique)
    assert response is not None
    assert not hasattr(response, "method")
    assert response != b""


WORDS = st.sampled_from(["OK", "Fine", "", "\udcff", "ünü"])
SAYINGS = st.fixed_dictionaries(
    {
        "status": st.sampled_from([100, 200, 404, 503]),
        "reason": WORDS,
        "headers": st.lists(st.tuples(TOKEN.map("X-".__add__), WORDS), max_size=3).map(tuple),
        "contacts": st.sampled_from([(), (Address("a;tag=b", "sip:a@b", (("q", "1"),)),)]),
        "expires": st.sampled_from([None, 5]),
    }
)


@settings(max_examples=200, deadline=None)
@given(SAYINGS, TOKEN, TOKEN, st.booleans())
def test_whatever_a_peer_always_says_is_learned_and_read_alike(
    said: dict[str, object], one: str, other: str, folds: bool
) -> None:
    of = series()
    first, second = asked(of), asked(of)
    datas = [answer(first, one, **said), answer(second, other, **said)]
    if folds:
        datas = [data.replace(b"\r\nCSeq: ", b"\r\nCSeq:\r\n ") for data in datas]
    assert learned(datas[0], first).read(datas[1], second.unique) == parse(datas[1])


OTHER_WORDS = [
    (b"200 OK", b"503 OK"), (b"200 OK", b"200 ok"), (b"SBC 8", b"SBC 9"), (b";tag=as1\r\n", b"\r\n"), (b";tag=as1", b";tag="),
    (b";tag=as1", b";tag=a b"), (b";tag=as1", b";tag=" + b"a" * MOST), (b";tag=as1", b';tag="as1"'),
    (b";tag=as1", b";tag=a;x=y"), (b";tag=as1", b";tag=as1;tag=as2"), (b"Content-Length: 0", b"Content-Length: 1"),
    (b"\r\nFrom", b"\r\nfrom"), (b"CSeq: 1 ", b"CSeq: 2 "), (b";rport", b""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), OTHER_WORDS, ids=lambda words: repr(words[:16]))
def test_other_words_are_left_to_parse(old: bytes, new: bytes) -> None:
    of = series()
    first, second = asked(of), asked(of)
    data = answer(second)
    assert old in data
    assert learned(answer(first), first).read(data.replace(old, new, 1), second.unique) is None


def test_the_answer_to_another_request_is_left_to_parse() -> None:
    of = series()
    first, second = asked(of), asked(of)
    assert learned(answer(first), first).read(answer(first), second.unique) is None


def test_an_identifier_less_or_more_is_left_to_parse() -> None:
    of = series()
    first, second = asked(of), asked(of)
    likeness, data = learned(answer(first), first), answer(second)
    assert likeness.read(data.replace(second.unique, b"", 1), second.unique) is None
    assert likeness.read(data.replace(b"SBC 8", b"SBC 8" + second.unique), second.unique) is None


def fake_to(data: bytes) -> bytes:
    """The real To under its compact name, and a line in the body that looks like one."""
    return data.replace(b"\r\nTo:", b"\r\nt:", 1).replace(b"Content-Length: 0\r\n\r\n", b"\r\nTo: <sip:x>;tag=as1\r\n\r\n")


UNFIT: dict[str, Callable[[bytes], bytes]] = {
    "a body": lambda data: data.replace(b"Content-Length: 0", b"Content-Length: 2") + b"ab",
    "bytes after the end": lambda data: data + b"ab",
    "no To tag": lambda data: data.replace(b";tag=as1", b""),
    "a quoted To tag": lambda data: data.replace(b";tag=as1", b';tag="as1"'),
    "the identifier in a fourth place": lambda data: data.replace(b"SBC 8", data[data.index(b"z9hG4bK") + 7 :][: BITS // 4]),
    "a line of the body that looks like To": fake_to,
    "great length": lambda data: data.replace(b"SBC 8", b"SBC" * MOST),
    "line ends before it": lambda data: b"\r\n\r\n" + data,
}


@pytest.mark.parametrize("what", UNFIT)
def test_what_could_mislead_is_not_learned(what: str) -> None:
    of = series()
    first, second = asked(of), asked(of)
    likeness = learned(UNFIT[what](answer(first)), first)
    assert not likeness.is_public
    assert likeness.read(UNFIT[what](answer(second)), second.unique) is None


def test_a_request_whose_tag_stands_elsewhere_is_not_learned() -> None:
    first = asked(series())
    data = answer(first).replace(b";tag=" + first.unique, b";tag=x;y=" + first.unique)
    assert learned(data, first).read(data, first.unique) is None


def test_only_the_last_answer_is_remembered() -> None:
    of = series()
    first, second, third = asked(of), asked(of), asked(of)
    likeness = learned(answer(first), first)
    changed = answer(second, status=503)
    message = parse(changed)
    assert isinstance(message, Response)
    likeness.learn(changed, second.unique, message)
    assert likeness.read(answer(third), third.unique) is None
    assert likeness.read(answer(third, status=503), third.unique) is not None


@pytest.mark.parametrize("header", ["Authentication-Info", "AUTHORIZATION", "proxy-Authorization"])
def test_an_answer_with_a_credential_is_not_public(header: str) -> None:
    first = asked(series())
    assert learned(answer(first), first).is_public
    assert not learned(answer(first, headers=((header, "nextnonce=1"),)), first).is_public


def near(data: bytes, unique: bytes, rng: random.Random) -> bytes:
    """Spoilt where it matters: at the identifiers, the To line and the ends of lines."""
    marks = [b"tag=", b"\r\n", b"To:", b"Call-ID", b"branch=", unique, b";", b"@"]
    for _ in range(rng.choice([1, 1, 2])):
        mark = rng.choice(marks)
        piece = rng.choice(
            [b"", unique, unique[:-1], mark + mark, mark.swapcase(), rng.choice(PIECES), mark + rng.choice(PIECES)]
        )
        parts = data.split(mark)
        at = rng.randrange(len(parts))
        data = mark.join(parts[:at]) + piece + mark.join(parts[at:])
    return data


def test_two_hundred_thousand_mutants_are_read_as_parse_reads_them_or_left_to_it() -> None:
    rng = random.Random(SEED)
    foreign = parse(asked(series()).data)
    assert isinstance(foreign, Request)
    read = 0
    for at in range(MUTANTS):
        if at % 100 == 0:
            of = series(replace(BASE, cseq=CSeq(1 + at // 100, "OPTIONS"), vias=(Via("UDP", "192.0.2.1", at % 60_000),)))
            first = asked(of)
            headers = (("Server", f"SBC {at}"), ("Allow", "OPTIONS"))
            spoilt = near(answer(first, headers=headers), first.unique, rng)
            base = spoilt if rng.random() < 0.5 and is_response(spoilt) else answer(first, headers=headers)
            likeness = learned(base, first)
        second = asked(of)
        again = base.replace(first.unique, second.unique)
        data = near(again, second.unique, rng) if rng.random() < 0.6 else mutated(again, foreign, rng)
        response = likeness.read(data, second.unique)
        if response is not None:
            read += 1
            assert parse(data) == response
        if at % 10 == 0 and (response := likeness.read(again, second.unique)) is not None:
            assert parse(again) == response
    assert read > MUTANTS / 100


def is_response(data: bytes) -> bool:
    try:
        return isinstance(parse(data), Response)
    except MalformedMessage:
        return False
