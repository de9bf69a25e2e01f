"""The OPTIONS probe against sipp, which shares no code with us."""

from __future__ import annotations

import asyncio
import random
import statistics
from collections.abc import Callable

from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.engine.engine import SipEngine
from probes.sip.options import OptionsProbe
from tests.peers.sipp import SILENT, answers, free_udp_port, sipp
from tests.probes.sip.asking import asked_once, options_probe

S = 1_000_000_000


def probe(engine: SipEngine, port: int, rng: random.Random, timeout_ns: int = 5 * S) -> OptionsProbe:
    return options_probe(engine, rng, port, timeout_ns=timeout_ns)


def told(result: ProbeResult) -> tuple[Outcome, int | None, Origin]:
    return result.outcome, result.code, result.origin


async def test_200_passes(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(answers(200)) as peer:
        result = await asked_once(probe(engine, peer.port, rng))
        assert told(result) == (Outcome.PASS, 200, Origin.WIRE)
        assert peer.requests() == 1


async def test_503_fails_on_the_wire_with_its_retry_after(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(answers(503, retry_after=30)) as peer:
        result = await asked_once(probe(engine, peer.port, rng))
    assert told(result) == (Outcome.FAIL, 503, Origin.WIRE)
    assert result.facts["retry_after_s"] == 30


async def test_503_without_retry_after_says_so_by_leaving_it_out(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(answers(503)) as peer:
        result = await asked_once(probe(engine, peer.port, rng))
    assert result.code == 503
    assert "retry_after_s" not in result.facts


async def test_retry_after_never_delays_the_next_attempt(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(answers(503, 200, retry_after=300)) as peer:
        asked = probe(engine, peer.port, rng)
        assert [(await asked_once(asked)).code for _ in range(2)] == [503, 200]


async def test_408_from_the_wire_is_not_our_timeout(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(answers(408)) as peer:
        result = await asked_once(probe(engine, peer.port, rng))
    assert told(result) == (Outcome.FAIL, 408, Origin.WIRE)


async def test_silence_fails_as_408_by_timeout(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(SILENT) as peer:
        result = await asked_once(probe(engine, peer.port, rng, timeout_ns=700_000_000))
        assert told(result) == (Outcome.FAIL, 408, Origin.TIMEOUT)
        assert result.facts["copies"] == 2
        assert peer.requests() == 1
        assert len(peer.received()) == 2


async def test_a_closed_port_fails_as_503_by_transport(
    engine: SipEngine, rng: random.Random, record_property: Callable[[str, object], None]
) -> None:
    asked = probe(engine, free_udp_port(), rng)
    results = [await asked_once(asked) for _ in range(20)]
    assert {told(result) for result in results} == {(Outcome.FAIL, 503, Origin.TRANSPORT)}
    assert {result.facts["errno"] for result in results} == {"ECONNREFUSED"}
    delays = [result.duration_ns / 1e6 for result in results]
    record_property("refusal_ms_median", statistics.median(delays))
    print(f"\nrefused after {statistics.median(delays):.3f} ms (median of 20, worst {max(delays):.3f} ms)")


async def test_refusals_are_charged_to_the_closed_target_alone(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(answers(200)) as peer:
        healthy, closed = probe(engine, peer.port, rng), probe(engine, free_udp_port(), rng)
        results = await asyncio.gather(*(asked_once(asked) for _ in range(200) for asked in (closed, healthy)))
        assert [told(result) for result in results[1::2]] == [(Outcome.PASS, 200, Origin.WIRE)] * 200
        assert [told(result) for result in results[0::2]] == [(Outcome.FAIL, 503, Origin.TRANSPORT)] * 200
        assert peer.requests() == 200


async def test_a_peer_that_answers_in_turn_is_seen_in_turn(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(answers(503, 503, 200, 503, retry_after=30)) as peer:
        asked = probe(engine, peer.port, rng)
        codes = [(await asked_once(asked)).code for _ in range(6)]
        assert codes == [503, 503, 200, 503, 503, 503]
        assert peer.requests() == 6


async def test_a_status_outside_the_classes_that_pass_may_be_named_to_pass(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(answers(404)) as peer:
        asked = options_probe(engine, rng, peer.port, accepts=frozenset({404}).__contains__)
        assert told(await asked_once(asked)) == (Outcome.PASS, 404, Origin.WIRE)
