"""One name's targets, shared by all who ask: when a look-up is made, who is told, and what of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from probes.records import Question, Reply
from probes.sample import NS_PER_S
from probes.sip.engine.target import Target, TlsSettings, TlsVersion, Transport
from probes.sip.locating import location as locating
from probes.sip.locating.candidates import Lost, Place
from probes.sip.locating.location import Location
from tests.probes.sip.tabled import SERVFAIL, TIMEOUT, Tabled, a, found, srv

NAME = "example.net"
HERE = {"example.net A": a("127.0.0.1", ttl=300)}
Answer = tuple[Target, ...] | str
THERE = (Target(Transport.UDP, ("127.0.0.1", 5060)),)


class Clock:
    """Monotonic nanoseconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.ns = 1_000 * NS_PER_S

    def __call__(self) -> int:
        return self.ns

    def pass_(self, seconds: float) -> None:
        self.ns += int(seconds * NS_PER_S)


class Told:
    """Takes answers, a failure by its token, and can be waited for."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self._news = asyncio.Event()

    def __call__(self, answer: tuple[Target, ...] | Lost) -> None:
        self.answers.append(str(answer.why) if isinstance(answer, Lost) else answer)
        self._news.set()

    async def answer(self) -> Answer:
        async with asyncio.timeout(10):
            await self._news.wait()
        return self.answers[-1]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(locating, "mono_ns", made)
    return made


Make = Callable[..., Location]


@pytest.fixture
async def make(clock: Clock) -> AsyncIterator[Make]:
    made: list[Location] = []

    def location(server: Tabled, place: Place | None = None, **changed: object) -> Location:
        made.append(Location(place or Place(NAME, 5060), server, timeout_ns=NS_PER_S, **changed))  # type: ignore[arg-type]
        return made[-1]

    yield location
    for each in made:
        each.close()


async def ask(location: Location) -> Answer:
    told = Told()
    location.ask(told)
    return await told.answer()


def at_once(location: Location) -> Answer:
    told = Told()
    location.ask(told)
    (answer,) = told.answers
    return answer


async def renewed(location: Location) -> None:
    """Wait until the look-up under way, if any, has ended."""
    told = Told()
    location.ask(told)
    await told.answer()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.gather(task, return_exceptions=True)


async def test_an_address_is_known_at_once_and_for_ever(make: Make, clock: Clock) -> None:
    server, told = Tabled({}), Told()
    location = make(server, Place("192.0.2.7"))
    clock.pass_(10**6)
    location.ask(told)
    assert told.answers == [(Target(Transport.UDP, ("192.0.2.7", 5060)),)]
    assert server.asked == []


async def test_a_name_is_looked_up_when_first_asked_for_and_not_before(make: Make, clock: Clock) -> None:
    server = Tabled(HERE)
    location = make(server)
    assert (location.name, server.asked) == (NAME, [])
    assert await ask(location) == THERE
    assert at_once(location) == THERE


async def test_what_is_fresh_is_told_at_once_without_a_question(make: Make, clock: Clock) -> None:
    server, told = Tabled(HERE), Told()
    location = make(server)
    await ask(location)
    asked = len(server.asked)
    clock.pass_(297)
    location.ask(told)
    assert (told.answers, len(server.asked)) == ([THERE], asked)


async def test_all_who_wait_share_one_look_up(make: Make) -> None:
    server, waiting = Tabled(HERE), [Told() for _ in range(5)]
    server.gate.clear()
    location = make(server)
    for told in waiting:
        location.ask(told)
    server.gate.set()
    assert [await told.answer() for told in waiting] == [THERE] * 5
    assert server.asked == ["example.net A", "example.net AAAA"]


async def test_who_has_cancelled_is_not_told_and_the_others_are(make: Make) -> None:
    server, gone, waiting = Tabled(HERE), Told(), Told()
    location = make(server)
    cancel = location.ask(gone)
    location.ask(waiting)
    cancel()
    cancel()
    await waiting.answer()
    assert (gone.answers, waiting.answers) == ([], [THERE])


async def test_who_cancels_when_another_is_told_is_not_told_any_more(make: Make) -> None:
    server, gone = Tabled(HERE), Told()
    location = make(server)
    told = Told()
    location.ask(lambda answer: (cancel(), told(answer))[1])
    cancel = location.ask(gone)
    await told.answer()
    await renewed(location)
    assert gone.answers == []


async def test_one_who_raises_does_not_keep_the_others_from_being_told(make: Make) -> None:
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context["exception"]))
    location, waiting = make(Tabled(HERE)), Told()

    def broken(answer: tuple[Target, ...] | Lost) -> None:
        raise ZeroDivisionError

    location.ask(broken)
    location.ask(waiting)
    assert await waiting.answer() == THERE
    assert [type(error) for error in raised] == [ZeroDivisionError]


async def test_after_the_time_to_live_the_name_is_looked_up_again(make: Make, clock: Clock) -> None:
    server = Tabled(HERE)
    location = make(server)
    await ask(location)
    server.table = {"example.net A": a("127.0.0.2")}
    clock.pass_(300)
    assert await ask(location) == (Target(Transport.UDP, ("127.0.0.2", 5060)),)


async def test_shortly_before_its_end_an_answer_is_renewed_and_nobody_waits(make: Make, clock: Clock) -> None:
    server, told = Tabled(HERE), Told()
    location = make(server)
    await ask(location)
    server.table = {"example.net A": a("127.0.0.2")}
    clock.pass_(299)
    location.ask(told)
    assert told.answers == [THERE]
    await renewed(location)
    assert at_once(location) == (Target(Transport.UDP, ("127.0.0.2", 5060)),)


async def test_a_renewal_that_meets_trouble_leaves_what_is_fresh(make: Make, clock: Clock) -> None:
    server = Tabled(HERE)
    location = make(server)
    await ask(location)
    server.table = {"example.net A": SERVFAIL}
    clock.pass_(299)
    await renewed(location)
    assert at_once(location) == THERE
    clock.pass_(1)
    assert await ask(location) == "dns-servfail"


async def test_a_failure_is_told_by_its_token_and_has_no_targets(make: Make, clock: Clock) -> None:
    assert await ask(make(Tabled({}))) == "dns-nxdomain"


async def test_after_a_failure_nothing_is_asked_for_a_second(make: Make, clock: Clock) -> None:
    server, told = Tabled({"example.net A": TIMEOUT}), Told()
    location = make(server)
    assert await ask(location) == "dns-timeout"
    asked = len(server.asked)
    clock.pass_(0.999)
    location.ask(told)
    assert (told.answers, len(server.asked)) == (["dns-timeout"], asked)
    server.table = dict(HERE)
    clock.pass_(0.001)
    assert await ask(location) == THERE


async def test_a_defect_is_logged_and_told_as_a_failure(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    class Defective(Tabled):
        async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
            raise ZeroDivisionError

    assert await ask(make(Defective({}))) == "dns-exception"
    assert "looking up example.net raised" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_closed_location_tells_nobody_and_leaves_no_task(make: Make) -> None:
    server, told = Tabled(HERE), Told()
    server.gate.clear()
    location = make(server)
    location.ask(told)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    location.close()
    location.close()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert told.answers == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_time_for_a_look_up_is_for_all_its_questions_together(make: Make, clock: Clock) -> None:
    given: list[int] = []

    class Slow(Tabled):
        async def ask(self, question: Question, *, timeout_ns: int) -> Reply:
            given.append(timeout_ns)
            clock.pass_(0.6)
            return await super().ask(question, timeout_ns=timeout_ns)

    await ask(make(Slow(HERE), Place(NAME, None, Transport.UDP), source="127.0.0.1"))
    assert given == [NS_PER_S, 4 * NS_PER_S // 10]


# The targets

BOTH = {"example.net A": a("127.0.0.1"), "example.net AAAA": a("::1")}


async def test_targets_leave_from_the_given_source_and_only_its_ip_version_is_asked_for(make: Make) -> None:
    server = Tabled(BOTH)
    targets = await ask(make(server, source="::1", source_port=5099))
    assert targets == (Target(Transport.UDP, ("::1", 5060), "::1", 5099),)
    assert server.asked == ["example.net AAAA"]


async def test_an_address_of_another_ip_version_than_the_source_leads_nowhere(make: Make) -> None:
    assert await ask(make(Tabled({}), Place("192.0.2.7"), source="::1")) == "dns-no-targets"


@pytest.mark.parametrize("written", ["Example.NET", "example.net."])
async def test_a_certificate_must_name_the_uris_host_and_not_what_the_look_up_found(make: Make, written: str) -> None:
    table = {f"_sips._tcp.{written.lower()} SRV": found(srv("a.example.net.", port=5061)), "a.example.net. A": a("127.0.0.1")}
    targets = await ask(make(Tabled(table), Place(written, None, Transport.TLS)))
    assert targets == (Target(Transport.TLS, ("127.0.0.1", 5061), tls=TlsSettings(server_name="example.net")),)


async def test_tls_settings_go_to_targets_over_tls_alone(make: Make) -> None:
    table = {
        "_sip._udp.example.net SRV": found(srv("a.example.net.")),
        "_sips._tcp.example.net SRV": found(srv("a.example.net.", port=5061)),
        "a.example.net. A": a("127.0.0.1"),
    }
    settings = TlsSettings(server_name="sbc.example.org", minimum_version=TlsVersion.V1_3)
    targets = await ask(make(Tabled(table), Place(NAME), tls=settings))
    assert [(each.transport, each.tls) for each in targets if isinstance(each, Target)] == [
        (Transport.UDP, None),
        (Transport.TLS, settings),
    ]


async def test_of_two_ip_versions_the_one_that_this_host_has_no_route_for_is_left_out(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def route(endpoint: tuple[str, int], source: str | None) -> None:
        if ":" in endpoint[0]:
            raise OSError

    monkeypatch.setattr(locating, "find_route", route)
    assert await ask(make(Tabled(BOTH))) == THERE


async def test_without_a_route_to_any_all_targets_are_kept(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def route(endpoint: tuple[str, int], source: str | None) -> None:
        raise OSError

    monkeypatch.setattr(locating, "find_route", route)
    assert len(await ask(make(Tabled(BOTH)))) == 2


async def test_routes_to_one_ip_version_alone_are_not_this_ones_business(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(locating, "find_route")
    assert await ask(make(Tabled(HERE))) == THERE
