"""Kept registrations against sipp, a registrar that refuses, demands and forgets on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Callable

import pytest

from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.engine.engine import SipEngine
from probes.sip.engine.target import Target, Transport
from probes.sip.registering.bind import RegisterBindProbe
from probes.sip.registering.conversation import Line
from probes.sip.registering.keep import State
from probes.sip.registering.query import RegisterQueryProbe
from probes.sip.registering.registration import Registration
from probes.sip.registering.request import Aor
from tests.peers.sipp import Sipp, free_udp_port, sipp
from tests.peers.sipp_registrar import Turn, granted, turns
from tests.probes.attempt import attempt
from tests.probes.sip.registrar import Free

S = 1_000_000_000
AOR = Aor("sip:alice@example.net", "sip:example.net", 5 * S, expires_s=60)


class Kept:
    """A registration, its peer, and what became known of it."""

    def __init__(self, peer: Sipp, engine: SipEngine, rng: random.Random) -> None:
        self.peer = peer
        self.target = Target(Transport.UDP, ("127.0.0.1", peer.port))
        self.line = Line(engine, Free(), rng)
        self.one = Registration(AOR, None, self.target, self.line, observer=self._changed)
        self.results: list[ProbeResult] = []
        self._news = asyncio.Event()

    def _changed(self, one: Registration) -> None:
        standing = one.standing()
        if standing is not None and one.state is not State.STOPPED:
            self.results.append(standing)
        self._news.set()

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not met():
                self._news.clear()
                await self._news.wait()

    async def after(self, count: int) -> ProbeResult:
        """What stood after so many attempts."""
        await self.until(lambda: len(self.results) >= count)
        return self.results[count - 1]

    def asked(self) -> list[int]:
        """The Expires of each REGISTER."""
        return [int(value) for message in self.peer.received() for value in re.findall(r"^Expires: (\d+)", message, re.MULTILINE)]


@contextlib.asynccontextmanager
async def kept(engine: SipEngine, rng: random.Random, *answers: Turn) -> AsyncIterator[Kept]:
    async with sipp(turns(*answers)) as peer:
        made = Kept(peer, engine, rng)
        made.one.start()
        try:
            yield made
        finally:
            made.one.stop()


def told(result: ProbeResult) -> tuple[Outcome, int | None, Origin, str]:
    return result.outcome, result.code, result.origin, result.reason


async def test_423_is_obeyed_and_what_it_demands_is_granted(engine: SipEngine, rng: random.Random) -> None:
    async with kept(engine, rng, Turn(423, ("Min-Expires: 120",)), granted(120)) as night:
        result = await night.after(1)
        assert (told(result), result.facts["granted_s"]) == ((Outcome.PASS, 200, Origin.WIRE, "registered"), 120)
        assert night.asked() == [60, 120]


async def test_423_for_ever_is_asked_twice(engine: SipEngine, rng: random.Random) -> None:
    async with kept(engine, rng, Turn(423, ("Min-Expires: 120",)), Turn(423, ("Min-Expires: 240",))) as night:
        assert told(await night.after(1)) == (Outcome.FAIL, 423, Origin.WIRE, "interval-too-brief")
        assert night.asked() == [60, 120]


async def test_503_is_asked_again_once_and_then_answered_by_a_back_off(engine: SipEngine, rng: random.Random) -> None:
    async with kept(engine, rng, Turn(503)) as night:
        result = await night.after(2)
        assert told(result) == (Outcome.FAIL, 503, Origin.WIRE, "not-accepted")
        assert 1 <= int(result.facts["retry_in_s"]) <= 2
        assert "retry_after_s" not in result.facts
        assert night.peer.requests() == 2


async def test_503_with_retry_after_is_asked_again_when_it_said(engine: SipEngine, rng: random.Random) -> None:
    async with kept(engine, rng, Turn(503, ("Retry-After: 1",)), granted(60)) as night:
        failed, mended = await night.after(1), await night.after(2)
        assert (failed.code, failed.facts["retry_after_s"], failed.facts["retry_in_s"]) == (503, 1, 2)
        assert mended.outcome is Outcome.PASS
        assert night.peer.requests() == 2


async def test_a_long_retry_after_is_waited_for(engine: SipEngine, rng: random.Random) -> None:
    async with kept(engine, rng, Turn(503, ("Retry-After: 300",))) as night:
        assert 300 <= int((await night.after(1)).facts["retry_in_s"]) <= 375


async def test_a_registrar_that_loses_us_is_noticed_at_the_refresh(engine: SipEngine, rng: random.Random) -> None:
    async with kept(engine, rng, granted(1), granted(1), granted(60, "sip:mallory@192.0.2.9")) as night:
        lost = await night.after(3)
        assert [told(result)[3] for result in night.results] == ["registered", "registered", "lost"]
        assert (told(lost), lost.facts["flaps"]) == ((Outcome.FAIL, 480, Origin.WIRE, "lost"), 1)
        assert not night.one.is_bound


async def test_an_interval_told_by_the_expires_header_alone_is_granted_too(engine: SipEngine, rng: random.Random) -> None:
    answer = Turn(200, ("Contact: <[$contact]>", "Expires: 45"))
    async with kept(engine, rng, answer) as night:
        assert (await night.after(1)).facts["granted_s"] == 45


async def test_the_binding_is_taken_back_on_an_orderly_stop(engine: SipEngine, rng: random.Random) -> None:
    async with kept(engine, rng, granted(60)) as night:
        await night.after(1)
        night.one.stop(unregister=True)
        await night.until(lambda: night.one.state is State.STOPPED)
        assert night.asked() == [60, 0]


async def test_beats_in_between_cost_nothing_on_the_wire(engine: SipEngine, rng: random.Random) -> None:
    async with sipp(turns(granted(60))) as peer:
        probe = RegisterBindProbe(AOR, None, Target(Transport.UDP, ("127.0.0.1", peer.port)), Line(engine, Free(), rng))
        results = [(await attempt(probe))[0] for _ in range(50)]
        assert {result.outcome for result in results} == {Outcome.PASS}
        assert peer.requests() == 1
        await probe.close(unregister=False)


async def test_a_first_answer_that_does_not_come_is_pending_and_then_a_timeout(engine: SipEngine, rng: random.Random) -> None:
    silent = Turn(503)
    async with sipp(turns(silent).replace("REGISTER", "NOTIFY")) as peer:
        aor = Aor(AOR.uri, AOR.registrar, 300_000_000)
        probe = RegisterBindProbe(aor, None, Target(Transport.UDP, ("127.0.0.1", peer.port)), Line(engine, Free(), rng))
        results = [(await attempt(probe))[0] for _ in range(2)]
        assert {told(result) for result in results} <= {
            (Outcome.ERROR, None, Origin.SELF, "pending"),
            (Outcome.FAIL, 408, Origin.TIMEOUT, "silent"),
        }
        assert told(results[-1]) == (Outcome.FAIL, 408, Origin.TIMEOUT, "silent")
        await probe.close(unregister=False)


async def test_a_closed_port_fails_as_503_by_transport(engine: SipEngine, rng: random.Random) -> None:
    target = Target(Transport.UDP, ("127.0.0.1", free_udp_port()))
    line = Line(engine, Free(), rng)
    for probe in (RegisterQueryProbe(AOR, None, target, line), bind := RegisterBindProbe(AOR, None, target, line)):
        (result,) = await attempt(probe)
        assert told(result) == (Outcome.FAIL, 503, Origin.TRANSPORT, "refused")
    await bind.close(unregister=False)


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        (Turn(200), 480, "not-registered"),
        (Turn(503, ("Retry-After: 7",)), 503, "not-accepted"),
        (Turn(404), 404, "unknown-aor"),
        (Turn(423), 423, "query-refused"),
    ],
)
async def test_a_query_fails_with_what_the_registrar_said(
    engine: SipEngine, rng: random.Random, answer: Turn, code: int, reason: str
) -> None:
    async with sipp(turns(answer)) as peer:
        target = Target(Transport.UDP, ("127.0.0.1", peer.port))
        (result,) = await attempt(RegisterQueryProbe(AOR, None, target, Line(engine, Free(), rng)))
    assert told(result) == (Outcome.FAIL, code, Origin.WIRE, reason)
