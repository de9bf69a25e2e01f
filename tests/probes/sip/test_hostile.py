"""What somebody may send who wants us to see a trunk as other than it is."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from probes.clock import mono_ns
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.exchanged import Answered, Silent
from probes.sip.messages.headers import CSeq, Via
from probes.sip.messages.message import Malformation, Request, serialise
from tests.probes.sip.attacker import LONG_NS, REASONS, ask, bound
from tests.probes.sip.mutations import COUNT, NUMBERS, SEED, TRANSACTIONS, TRUNKS, campaign
from tests.probes.sip.peer import Peer
from tests.probes.sip.samples import ok, options, udp

pytestmark = pytest.mark.usefixtures("untroubled")


# Ten thousand mutations


class Clock:
    """The real one, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead_ns = 0

    def __call__(self) -> int:
        return mono_ns() + self.ahead_ns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("probes.sip.engine.engine.mono_ns", clock)
    monkeypatch.setattr("probes.sip.engine.alarm.mono_ns", clock)
    return clock


async def test_ten_thousand_mutations_harm_nothing_and_settle_no_other_trunk(engine: SipEngine, peer: Peer, clock: Clock) -> None:
    plan = campaign()
    with contextlib.ExitStack() as stack:
        trunks = [stack.enter_context(bound()) for _ in range(TRUNKS)]
        asked = [await ask(engine, trunks[n % TRUNKS], build=lambda _, n=n: plan.asked[n]) for n in range(TRANSACTIONS)]
        for start in range(0, COUNT, 40):
            for mutant in plan.mutants[start : start + 40]:
                trunks[mutant.trunk].sendto(mutant.data, asked[0].local)
            await asked[0].heard(trunks[0])
        ignored = asked[0].ignored()
        clock.ahead_ns += LONG_NS
        engine._alarm.ring()
        results = await asyncio.gather(*(each.result for each in asked))
    print(
        f"\n{COUNT} mutations, seed {SEED}: {len(plan.answers)} answer, {plan.provisionals} are provisional, ignored: {ignored}"
    )
    assert {type(result) for result in results} == {Answered, Silent}
    assert {n: result.response for n, result in enumerate(results) if isinstance(result, Answered)} == plan.answers
    assert sum(ignored.values()) == COUNT - len(plan.answers) - plan.provisionals
    assert set(engine.ignored) <= REASONS
    assert isinstance(await engine.exchange(udp(peer.address), options, timeout_ns=LONG_NS), Answered)
    assert (len(engine._pending), len(engine._alarm.deadlines._heap) < 10) == (0, True)


def test_a_good_part_of_the_mutations_keeps_branch_and_call_id() -> None:
    plan = campaign()
    keeping = plan.keeping()
    strangers = plan.strangers()
    print(f"\n{COUNT} mutations, seed {SEED}: {len(keeping) / COUNT:.1%} keep both; {len(strangers)} answer for another trunk")
    assert len(plan.mutants) == COUNT
    assert len(keeping) >= 0.3 * COUNT
    assert len(strangers) >= 0.03 * COUNT
    assert 0.2 * TRANSACTIONS < len(plan.answers) < 0.8 * TRANSACTIONS


# Each kind of nonsense under its own name


def changed(old: bytes, new: bytes) -> Callable[[Request], bytes]:
    def change(asked: Request) -> bytes:
        whole = serialise(ok(asked))
        assert old in whole
        return whole.replace(old, new, 1)

    return change


STRAYS: dict[str, Callable[[Request], bytes]] = {
    "foreign-branch": changed(b"branch=z9hG4bK", b"branch=z9hG4bKx"),
    "foreign-branch, none at all": changed(b"branch=", b"x="),
    "foreign-branch, the old magic": changed(b"branch=z9hG4bK", b"branch="),
    "foreign-call-id": lambda asked: serialise(replace(ok(asked), call_id="guess")),
    "foreign-call-id, other case": lambda asked: serialise(replace(ok(asked), call_id=asked.call_id.upper())),
    "foreign-cseq, number": lambda asked: serialise(replace(ok(asked), cseq=CSeq(2, "OPTIONS"))),
    "foreign-cseq, method": lambda asked: serialise(replace(ok(asked), cseq=CSeq(1, "INVITE"))),
    "foreign-cseq, case": lambda asked: serialise(replace(ok(asked), cseq=CSeq(1, "options"))),
    "several-vias": lambda asked: serialise(replace(ok(asked), vias=(*asked.vias, Via("UDP", "a", 1)))),
    "request": serialise,
    "request, ours with a status": changed(b"SIP/2.0 200 ", b"OPTIONS sip:200 SIP/2.0"),
    "malformed:no-end-of-headers": lambda asked: serialise(ok(asked))[:-1],
    "malformed:line-ending": changed(b"\r\nTo:", b"\nTo:"),
    "malformed:start-line": changed(b"SIP/2.0 200", b"SIP/2.0 \xd9\xa2\xd9\xa0\xd9\xa0"),
    "malformed:version": changed(b"SIP/2.0 200", b"SIP/2.1 200"),
    "malformed:header": changed(b"\r\nVia:", b"\r\n folded\r\nVia:"),
    "malformed:too-many-headers": changed(b"From:", b"X: y\r\n" * 5_000 + b"From:"),
    "malformed:missing-header": changed(b"CSeq:", b"X-CSeq:"),
    "malformed:repeated-header": changed(b"CSeq:", b"CSeq: 1 OPTIONS\r\nCSeq:"),
    "malformed:via": changed(b";rport", b";rport=-1"),
    "malformed:from": changed(b"From: <", b'From: "<'),
    "malformed:to": changed(b"To: <sip:trunk>", b"To: <sip:trunk>;tag=a;tag=b"),
    "malformed:call-id": changed(b"Call-ID: ", b"Call-ID: a "),
    "malformed:cseq": changed(b"CSeq: 1 ", b"CSeq: -1 "),
    "malformed:too-many-values": changed(b"From:", b"Contact: " + b"<a:b>," * 9_000 + b"\r\nFrom:"),
    "malformed:content-length": changed(b"Length: 0", b"Length: -1"),
    "malformed:body-short": changed(b"Length: 0", b"Length: 4294967295"),
}
UNREADABLE: dict[str, Callable[[Request], bytes]] = {
    "max-forwards": changed(b"From:", b"Max-Forwards: 256\r\nFrom:"),
    "contact": changed(b"From:", b"Contact: " + b"<a:b>," * 500 + b"\r\nFrom:"),
    "expires": changed(b"From:", b"Expires: -1\r\nFrom:"),
    "min-expires": changed(b"From:", b"Min-Expires: soon\r\nFrom:"),
    "retry-after": changed(b"From:", b"Retry-After: " + b"(" * 9_000 + b"\r\nFrom:"),
}
ELSEWHERE = {"too-large", "empty", "cseq-method", *UNREADABLE}
"""No datagram is so large, an empty one is a keep-alive, and a response may name any method; what is inessential may be so."""


@pytest.mark.parametrize("header", UNREADABLE)
async def test_an_answer_counts_although_a_header_that_decides_nothing_cannot_be_read(
    engine: SipEngine, trunk: socket.socket, header: str
) -> None:
    asked = await ask(engine, trunk)
    trunk.sendto(UNREADABLE[header](asked.request), asked.local)
    result = await asked.result
    assert isinstance(result, Answered)
    assert result.response.status == 200


@pytest.mark.parametrize("kind", STRAYS)
async def test_a_stray_is_counted_under_its_own_name_and_changes_nothing_else(
    engine: SipEngine, trunk: socket.socket, other: socket.socket, kind: str
) -> None:
    first, second = await ask(engine, trunk), await ask(engine, other)
    await first.heard(trunk, *[STRAYS[kind](first.request)] * 3)
    assert first.ignored() == {kind.partition(",")[0]: 3}
    assert not first.result.done()
    assert not second.result.done()
    trunk.sendto(serialise(ok(first.request, 404)), first.local)
    other.sendto(serialise(ok(second.request, 486)), second.local)
    results = await asyncio.gather(first.result, second.result)
    assert [result.response.status for result in results if isinstance(result, Answered)] == [404, 486]
    assert first.ignored() == {kind.partition(",")[0]: 3}


def test_every_reason_of_a_malformed_datagram_is_tried() -> None:
    tried = {kind.partition(":")[2] for kind in STRAYS if kind.startswith("malformed:")}
    assert tried == set(Malformation) - ELSEWHERE


@pytest.mark.parametrize("status", [100, 200, 503])
async def test_the_right_words_from_the_wrong_place_are_nobodys_answer(
    engine: SipEngine, trunk: socket.socket, other: socket.socket, status: int
) -> None:
    asked, second = await ask(engine, trunk), await ask(engine, other)
    spoofed = serialise(ok(asked.request, status))
    with bound() as other_port, bound("127.0.0.2", trunk.getsockname()[1]) as other_address:
        for count, sender in enumerate((other_port, other_address, other), 1):
            await asked.heard(sender, spoofed)
            assert asked.ignored() == {"wrong-source": count}
    assert not asked.result.done()
    assert not second.result.done()
    trunk.sendto(serialise(ok(asked.request, 404)), asked.local)
    result = await asked.result
    assert isinstance(result, Answered)
    assert result.response.status == 404


async def test_one_trunks_call_id_under_anothers_branch_is_foreign(
    engine: SipEngine, trunk: socket.socket, other: socket.socket
) -> None:
    first, second = await ask(engine, trunk), await ask(engine, other)
    crossed = replace(ok(first.request), call_id=second.request.call_id)
    await first.heard(trunk, serialise(crossed))
    assert first.ignored() == {"foreign-call-id": 1}
    assert not first.result.done()
    assert not second.result.done()


async def test_a_second_answer_does_not_replace_the_first(engine: SipEngine, trunk: socket.socket) -> None:
    asked = await ask(engine, trunk)
    await asked.heard(trunk, serialise(ok(asked.request)), *[serialise(ok(asked.request, 503))] * 3)
    result = await asked.result
    assert isinstance(result, Answered)
    assert result.response.status == 200
    assert asked.ignored() == {"retransmission": 3}


async def test_answers_to_what_was_given_up_are_late_whatever_they_say(engine: SipEngine, trunk: socket.socket) -> None:
    asked = await ask(engine, trunk)
    asked.result.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asked.result
    await asked.heard(trunk, *[serialise(ok(asked.request, status)) for status in (100, 200, 503)])
    assert asked.ignored() == {"late": 3}


FIELDS = {
    "status": (rb"SIP/2\.0 200", "SIP/2.0 {}"),
    "CSeq": (rb"CSeq: 1", "CSeq: {}"),
    "Content-Length": (rb"Content-Length: 0", "Content-Length: {}"),
    "rport": (rb";rport", ";rport={}"),
    "port of Via": (rb"(?<=127\.0\.0\.1):[0-9]+", ":{}"),
}


@pytest.mark.parametrize("field", FIELDS)
async def test_what_is_no_decimal_number_is_never_taken_for_one(engine: SipEngine, trunk: socket.socket, field: str) -> None:
    asked = await ask(engine, trunk)
    (place, line), whole = FIELDS[field], serialise(ok(asked.request))
    assert re.search(place, whole)
    await asked.heard(trunk, *[re.sub(place, line.format(number).encode(), whole, count=1) for number in NUMBERS])
    assert not asked.result.done()
    assert sum(asked.ignored().values()) == len(NUMBERS)
    assert {reason.partition(":")[0] for reason in asked.ignored()} == {"malformed"}
