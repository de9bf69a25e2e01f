"""Permits and REGISTERs in turn: what waits for what, and what happens when the time is over."""

from __future__ import annotations

import asyncio
import random
import tracemalloc

from probes.clock import mono_ns
from probes.sample import Outcome
from probes.sip.digest.login import Login
from probes.sip.engine.exchanged import SelfTrouble, Silent
from probes.sip.engine.target import Target, Transport
from probes.sip.engine.trouble import Trouble
from probes.sip.registering.attempt import RegisterAttempt, Verdict
from probes.sip.registering.conversation import Conversation, Deferred, Line
from probes.sip.registering.keep import State
from probes.sip.registering.permits import Permits
from probes.sip.registering.registration import Registration
from probes.sip.registering.request import Aor, Voice, bound, registrar_uri
from tests.probes.sip.registrar import (
    AOR,
    CONTACT,
    CREDENTIALS,
    LOCAL,
    TARGET,
    Free,
    Held,
    Registry,
    S,
    Wire,
    answered,
    asked,
    holding,
)

Word = Verdict | Deferred


def line(wire: Wire, permits: Permits | None = None) -> Line:
    return Line(wire, permits or Free(), random.Random(5))


def conversation(line: Line, words: list[Word], *, expires_ns: int = 0, deadline_ns: int | None = None) -> Conversation:
    return Conversation(
        line,
        Voice(AOR, line.rng),
        TARGET,
        RegisterAttempt(Login(CREDENTIALS), expires_s=600),
        contacts=lambda local: (bound(CONTACT, 600),),
        expires_ns=expires_ns,
        ended=words.append,
        deadline_ns=deadline_ns,
    )


def registration(wire: Wire, permits: Permits | None = None, way: Target = TARGET) -> Registration:
    return Registration(AOR, CREDENTIALS, way, line(wire, permits))


async def until_sent(wire: Wire, count: int) -> None:
    """Timers of 0 ms need a turn of the loop or two."""
    async with asyncio.timeout(5):
        while len(wire.requests) < count:
            await asyncio.sleep(0)


# The conversation


async def test_every_register_needs_a_permit_and_every_outcome_is_told() -> None:
    permits, words = Held(), list[Word]()
    wire = Wire(Registry())
    talk = conversation(line(wire, permits), words)
    talk.begin()
    assert (len(wire.requests), talk.is_deferred) == (0, True)
    permits.grant()
    assert len(wire.requests) == 1
    assert len(permits.heard_of) == 1
    permits.grant()
    assert len(wire.requests) == len(permits.heard_of) == 2
    assert [type(word) for word in words] == [Verdict]
    assert not talk.is_deferred


async def test_whoever_was_challenged_goes_before_those_who_have_yet_to_begin() -> None:
    permits = Held()
    far = mono_ns() + 3600 * S
    conversation(line(Wire(Registry()), permits), [], expires_ns=far).begin()
    permits.grant()
    (_, first), (_, second) = permits.asked
    assert first == far
    assert second <= mono_ns()


async def test_a_permit_that_does_not_come_in_time_defers() -> None:
    permits, words = Held(), list[Word]()
    done: asyncio.Future[Word] = asyncio.get_running_loop().create_future()
    deadline_ns = mono_ns() + 20_000_000
    talk = conversation(line(Wire(Registry()), permits), words, deadline_ns=deadline_ns)
    talk._ended = done.set_result
    talk.begin()
    async with asyncio.timeout(5):
        word = await done
    assert isinstance(word, Deferred)
    assert mono_ns() >= deadline_ns - 5_000_000  # uvloop counts from when its turn began, in whole milliseconds
    assert word.elapsed_ns > 0
    assert permits.queue == []


async def test_a_permit_that_comes_after_the_deadline_is_not_used() -> None:
    permits, words, wire = Held(), list[Word](), Wire(Registry())
    conversation(line(wire, permits), words, deadline_ns=mono_ns() - 1).begin()
    permits.grant()
    assert wire.requests == []
    assert [type(word) for word in words] == [Deferred]


async def test_silence_in_what_little_time_a_late_permit_left_is_not_the_registrars() -> None:
    words = list[Word]()
    wire = Wire(lambda _: Silent(1, TARGET.endpoint, 1))
    permits = Held()
    conversation(line(wire, permits), words, deadline_ns=mono_ns() + S).begin()
    permits.grant()
    assert [type(word) for word in words] == [Deferred]


async def test_silence_in_time_enough_is_the_registrars() -> None:
    words = list[Word]()
    conversation(line(Wire(lambda _: Silent(S, TARGET.endpoint, 2))), words, deadline_ns=mono_ns() + S).begin()
    assert [type(word) for word in words] == [Verdict]


async def test_each_register_gets_what_is_left_of_the_time() -> None:
    wire = Wire(Registry())
    conversation(line(wire), [], deadline_ns=mono_ns() + S).begin()
    assert all(0 < timeout_ns <= S for timeout_ns in wire.timeouts)
    conversation(line(wire), []).begin()
    assert wire.timeouts[-1] == AOR.timeout_ns


async def test_what_was_cancelled_neither_waits_nor_tells() -> None:
    permits, words = Held(), list[Word]()
    queued = conversation(line(Wire(Registry()), permits), words, deadline_ns=mono_ns() + S)
    queued.begin()
    queued.cancel()
    wire = Wire(lambda _: None)
    asking = conversation(line(wire), words)
    asking.begin()
    asking.cancel()
    asking.cancel()
    assert (permits.queue, wire.waiting, words) == ([], [], [])


async def test_a_permit_that_was_used_in_vain_is_told_of_too() -> None:
    free, held = Free(), Held()
    conversation(line(Wire(lambda _: None), free), []).begin()
    asking = conversation(line(Wire(lambda _: None), free), [])
    asking.begin()
    asking.cancel()
    queued = conversation(line(Wire(lambda _: None), held), [])
    queued.begin()
    queued.cancel()
    conversation(line(Wire(lambda _: None), held), [], deadline_ns=mono_ns() - 1).begin()
    held.grant()
    assert free.heard_of == held.heard_of == [SelfTrouble(Trouble.CLOSED, 0)]


# The request


def test_an_aor_is_registered_at_its_own_domain() -> None:
    assert registrar_uri("sip:alice@example.net:5080;transport=tcp") == "sip:example.net:5080"
    assert registrar_uri("sips:[2001:db8::1]") == "sips:[2001:db8::1]"


async def test_a_register_is_complete_and_its_contact_plain() -> None:
    wire = Wire(Registry())
    registration(wire, way=Target(Transport.TCP, TARGET.endpoint)).start()
    await until_sent(wire, 2)
    request = wire.requests[0]
    assert (request.method, request.uri, request.to.uri, request.from_.uri) == (
        "REGISTER",
        "sip:example.net",
        "sip:alice@example.net",
        "sip:alice@example.net",
    )
    assert (request.from_.tag is None, request.to.tag, request.max_forwards, request.expires) == (False, None, 70, 600)
    assert (request.vias[0].transport, request.vias[0].host, request.vias[0].port) == ("TCP", *LOCAL)
    assert [str(contact) for contact in request.contacts] == [f"<{CONTACT};transport=tcp>;expires=600"]
    assert request.header("Supported") == []


# The registration


async def test_a_binding_from_an_address_that_is_no_longer_ours_is_taken_back() -> None:
    wire = Wire(lambda request: answered(holding(request, str(request.contacts[0].uri), expires=600)))
    kept = registration(wire)
    kept.start()
    await until_sent(wire, 1)
    wire.local = ("192.0.2.1", 41_000)
    kept.renew()
    await until_sent(wire, 2)
    kept.stop()
    uris = [[str(contact) for contact in request.contacts] for request in wire.requests]
    assert uris[1] == ["<sip:alice@192.0.2.1:41000>;expires=600", "<sip:alice@192.0.2.1:40000>;expires=0"]


async def test_the_observer_is_told_after_each_attempt_and_each_order() -> None:
    states: list[State] = []
    wire = Wire(Registry())
    kept = Registration(AOR, CREDENTIALS, TARGET, line(wire), observer=lambda one: states.append(one.state))
    kept.start()
    await until_sent(wire, 2)
    kept.stop(unregister=True)
    await until_sent(wire, 3)
    assert states == [State.REGISTERING, State.REGISTERED, State.LEAVING, State.STOPPED]


async def test_a_stop_hangs_up() -> None:
    wire = Wire(lambda _: None)
    kept = registration(wire)
    kept.start()
    await until_sent(wire, 1)
    kept.stop()
    assert (wire.waiting, kept.state) == ([], State.STOPPED)


async def test_a_stop_takes_its_place_in_the_queue_back() -> None:
    permits = Held()
    kept = registration(Wire(Registry()), permits)
    kept.start()
    async with asyncio.timeout(5):
        while not kept.is_deferred:
            await asyncio.sleep(0)
    kept.stop()
    assert permits.queue == []


async def test_a_registration_that_is_made_anew_stands_after_one_more_register() -> None:
    wire = Wire(Registry())
    kept = registration(wire)
    kept.start()
    await until_sent(wire, 2)
    kept.renew()
    assert (kept.state, kept.is_bound) == (State.REGISTERED, True)
    await until_sent(wire, 3)
    assert (kept.state, kept.is_bound) == (State.REGISTERED, True)
    kept.stop()


async def test_the_permit_is_asked_for_for_the_aor_with_the_end_of_the_binding() -> None:
    permits = Free()
    aor = Aor(AOR.uri, AOR.registrar, S)
    kept = Registration(
        aor, None, TARGET, line(Wire(lambda request: answered(holding(request, f"{CONTACT};expires=100"))), permits)
    )
    kept.start()
    async with asyncio.timeout(5):
        while not kept.is_bound:
            await asyncio.sleep(0)
    kept.renew()
    async with asyncio.timeout(5):
        while len(permits.asked) < 2:
            await asyncio.sleep(0)
    kept.stop()
    (first_key, first), (second_key, second) = permits.asked
    assert first_key == second_key == "sip:alice@example.net"
    assert first == 0
    assert 90 * S < second - mono_ns() <= 100 * S


async def test_a_failure_that_stands_is_reported_as_it_is() -> None:
    wire = Wire(lambda request: answered(asked(request, 503, retry_after=60)))
    kept = registration(wire)
    kept.start()
    await until_sent(wire, 1)
    standing = kept.standing()
    kept.stop()
    assert standing is not None
    assert (standing.outcome, standing.code, standing.facts["retry_after_s"]) == (Outcome.FAIL, 503, 60)


async def test_one_aor_of_many_takes_less_than_3_kb() -> None:
    count = 2_000
    wire = Wire(Registry(grants=lambda request: holding(request, str(request.contacts[0].uri), expires=600)))
    permits = Free()
    shared = line(wire, permits)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        many = [Registration(Aor(f"sip:{at}@example.net", AOR.registrar, S), CREDENTIALS, TARGET, shared) for at in range(count)]
        for kept in many:
            kept.start()
        async with asyncio.timeout(60):
            while not all(kept.is_bound for kept in many):
                await asyncio.sleep(0)
                wire.requests.clear()
        wire.requests.clear()
        wire.targets.clear()
        wire.timeouts.clear()
        permits.asked.clear()
        permits.heard_of.clear()
        each = (tracemalloc.get_traced_memory()[0] - before) / count
    finally:
        tracemalloc.stop()
    for kept in many:
        kept.stop()
    print(f"\none registration: {each:.0f} bytes")
    assert each < 3_000
