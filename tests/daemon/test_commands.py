"""What a request over the control socket must carry, and what it gets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from config.secrets import SecretUnavailable
from daemon.board import Board
from daemon.commands import CHECKS, LONGEST_HOLD_NS, TEXT_LIMIT, Commands
from daemon.inbox import Inbox, Ordered
from daemon.planbook import PlanBook
from daemon.reply import Exit, Reply
from daemon.store import StoreCorrupt
from daemon.writer import Writer
from gates.cutover import Command, Cutover, Phase
from reverters.entries import Operated
from reverters.step import Reverter
from tests.daemon.desk import baseline, plan_spec
from tests.daemon.shelf import FULL, Shelf
from tests.reverters.world import BASELINE, CUTOVER, REFUSED, Memory

D, E = "1" * 64, "2" * 64


class Counter:
    """The commands over a shelf and a world in memory. The judge is played by whoever takes from the inbox."""

    def __init__(self) -> None:
        self.inbox, self.board, self.shelf, self.memory = Inbox(), Board(), Shelf(), Memory(a=BASELINE)
        self.book = PlanBook({"rollback": plan_spec("rollback")})
        self.writer = Writer(self.shelf, recorded=lambda entry, seconds: None, troubled=lambda reason: None)  # type: ignore[arg-type]
        self.secret: SecretUnavailable | None = None
        self.commands = Commands(
            inbox=self.inbox,
            board=self.board,
            book=self.book,
            store=self.shelf,  # type: ignore[arg-type]
            writer=self.writer,
            reverters=self.reverters,
            again=self.again,
            kinds={"trunk-new": "sip_options", "registration": "sip_register"},
        )
        self.asked_again: list[str] = []

    def again(self, name: str) -> bool:
        self.asked_again.append(name)
        return name == "registration"

    def reverters(self) -> Mapping[str, Reverter]:
        if self.secret:
            raise self.secret
        return {"memory": self.memory}

    async def ask(self, command: str, **arguments: Any) -> Reply:
        async with asyncio.timeout(5):
            return await self.commands.handle(command, arguments, "op")

    async def ordered(self, command: str, **arguments: Any) -> Ordered:
        """What reaches the judge, which answers with OK."""
        asking = asyncio.create_task(self.ask(command, **arguments))
        (message,) = await self.inbox.take(within_s=5)
        assert isinstance(message, Ordered)
        message.answer.set_result(Reply(Exit.OK, "done"))
        assert await asking == Reply(Exit.OK, "done")
        return message


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    made = Counter()
    writing = asyncio.create_task(made.writer.run())
    yield made
    writing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await writing


def test_every_command_has_a_check() -> None:
    assert set(CHECKS) == set(Command)


async def test_the_names_are_those_of_the_judge_and_those_that_read(counter: Counter) -> None:
    assert counter.commands.names == {*Command, "plan", "baseline-capture", "baseline-show", "retry-probe"}


GOOD: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("open", {}, {"reason": ""}),
    ("open", {"reason": "go", "surplus": 1}, {"reason": "go"}),
    ("arm", {"plan": D}, {"plan": [D]}),
    ("arm", {"plan": [D, E, D]}, {"plan": [D, E]}),
    ("arm", {}, {"plan": []}),
    ("disarm", {}, {"reason": ""}),
    ("commit", {"plan": [D]}, {"plan": [D]}),
    ("trip", {"plan": D, "reason": "callers complain"}, {"plan": D, "reason": "callers complain"}),
    ("trip", {"plan": [D], "reason": "x"}, {"plan": D, "reason": "x"}),
    ("trip", {"reason": "x"}, {"plan": "", "reason": "x"}),
    ("halt", {}, {"reason": ""}),
    ("resume", {"reason": "looked"}, {"reason": "looked"}),
    ("retry", {}, {"reason": ""}),
    ("abandon", {"reason": "by hand"}, {"reason": "by hand"}),
    ("reset", {}, {"reason": ""}),
    (
        "hold",
        {"gate": "inbound", "answer": "OK", "for_ns": LONGEST_HOLD_NS, "reason": "known"},
        {"gate": "inbound", "answer": "OK", "for_ns": LONGEST_HOLD_NS, "reason": "known"},
    ),
    ("release", {"gate": "inbound"}, {"gate": "inbound"}),
]


@pytest.mark.parametrize(("command", "sent", "carried"), GOOD)
async def test_a_good_request_reaches_the_judge_with_what_it_needs_and_nothing_else(
    counter: Counter, command: str, sent: dict[str, Any], carried: dict[str, Any]
) -> None:
    ordered = await counter.ordered(command, **sent)
    assert (ordered.command, ordered.arguments, ordered.actor) == (Command(command), carried, "op")


HOLD = {"gate": "inbound", "answer": "OK", "for_ns": 5, "reason": "known"}
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("trip", {"plan": D}, "trip: reason: a text is needed"),
    ("trip", {"plan": D, "reason": " "}, "trip: reason: a text is needed"),
    ("trip", {"plan": D, "reason": 5}, "trip: reason: a text is needed"),
    ("open", {"reason": ["x"]}, "open: reason: a text is needed"),
    ("open", {"reason": "x" * (TEXT_LIMIT + 1)}, "open: reason: 1001 characters, at most 1000"),
    ("abandon", {}, "abandon: reason: a text is needed"),
    ("arm", {"plan": 5}, "arm: plan: the digest, as `cutoverd plan` prints it"),
    ("arm", {"plan": [5]}, "arm: plan: the digest, as `cutoverd plan` prints it"),
    ("arm", {"plan": {"a": 1}}, "arm: plan: the digest, as `cutoverd plan` prints it"),
    ("commit", {"plan": ["x" * 65]}, "commit: plan: the digest, as `cutoverd plan` prints it"),
    ("trip", {"plan": [D, E], "reason": "x"}, "trip: plan: the digest of one plan"),
    ("hold", {**HOLD, "answer": "MAYBE"}, "hold: answer: OK or DEGRADED"),
    ("hold", {**HOLD, "for_ns": 0}, "hold: for: a hold ends by itself, after more than 0 s and at most 24h"),
    ("hold", {**HOLD, "for_ns": LONGEST_HOLD_NS + 1}, "hold: for: a hold ends by itself, after more than 0 s and at most 24h"),
    ("hold", {**HOLD, "for_ns": True}, "hold: for: a hold ends by itself, after more than 0 s and at most 24h"),
    ("hold", {**HOLD, "for_ns": "5s"}, "hold: for: a hold ends by itself, after more than 0 s and at most 24h"),
    ("hold", {**HOLD, "gate": None}, "hold: gate: a text is needed"),
    ("hold", {**HOLD, "reason": ""}, "hold: reason: a text is needed"),
    ("release", {}, "release: gate: a text is needed"),
    ("baseline-show", {"id": 5}, "baseline-show: id: a text is needed"),
]


@pytest.mark.parametrize(("command", "sent", "told"), BAD)
async def test_a_bad_request_is_told_what_was_meant_and_reaches_nobody(
    counter: Counter, command: str, sent: dict[str, Any], told: str
) -> None:
    assert await counter.ask(command, **sent) == Reply(Exit.USAGE, told)
    assert await counter.inbox.take(within_s=0) == []


async def test_a_command_that_does_not_exist_is_a_misuse(counter: Counter) -> None:
    assert await counter.ask("explode") == Reply(Exit.USAGE, "explode: no such command")


# plan


async def test_plan_tells_each_plan_with_its_digest(counter: Counter) -> None:
    counter.book.use(baseline())
    reply = await counter.ask("plan")
    (told,) = reply.data["plans"]
    plan = counter.book.plans["rollback"]
    assert told == {"digest": plan.digest, **plan.document()}


async def test_plan_without_a_baseline_says_what_to_do(counter: Counter) -> None:
    reply = await counter.ask("plan")
    assert reply.exit is Exit.REFUSED
    assert "cutoverd baseline capture" in reply.message


# baseline


async def test_a_capture_is_stored_journaled_and_in_use_at_once(counter: Counter) -> None:
    reply = await counter.ask("baseline-capture")
    (stored,) = counter.shelf.stored
    assert stored.objects == {"memory:a": BASELINE}
    assert stored.actor == "op"
    assert reply.ok
    assert reply.data["id"] == stored.id
    assert counter.book.plans["rollback"].baseline == stored.id
    (entry,) = counter.shelf.journal
    assert (entry.actor, entry.body) == ("op", Operated("baseline-capture", {"baseline": stored.id, "objects": 1}))


async def test_a_second_capture_is_a_second_baseline(counter: Counter) -> None:
    await counter.ask("baseline-capture")
    counter.memory.world["a"] = CUTOVER
    await counter.ask("baseline-capture")
    assert [each.objects["memory:a"] for each in counter.shelf.stored] == [BASELINE, CUTOVER]
    assert counter.book.baseline is counter.shelf.stored[1]


async def test_half_a_capture_is_none(counter: Counter) -> None:
    counter.memory.script["capture", "a"] = [REFUSED]
    reply = await counter.ask("baseline-capture")
    assert reply == Reply(Exit.REFUSED, "refused: nothing was stored: a: REFUSED", {"troubles": ["a: REFUSED"]})
    assert counter.shelf.stored == counter.shelf.journal == []


@pytest.mark.parametrize(
    ("cutover", "told"),
    [
        (Cutover(phase=Phase.OPEN), "before `open`; `reset` goes back, and sends callers to the baseline path"),
        (Cutover(phase=Phase.REVERTED), "phase reverted"),
        (Cutover(phase=Phase.COMMITTED), "phase committed"),
        (Cutover(armed=(D,)), "armed"),
    ],
)
async def test_what_is_live_after_open_is_no_baseline(counter: Counter, cutover: Cutover, told: str) -> None:
    counter.board.cutover = cutover
    reply = await counter.ask("baseline-capture")
    assert reply.exit is Exit.REFUSED
    assert told in reply.message
    assert counter.memory.calls == []


async def test_a_capture_during_which_the_cutover_was_opened_is_not_stored(counter: Counter) -> None:
    counter.memory.hold["capture", "a"] = asyncio.Event()
    asking = asyncio.create_task(counter.ask("baseline-capture"))
    await counter.memory.until_asked("capture", "a")
    counter.board.cutover = Cutover(phase=Phase.OPEN)
    counter.memory.hold["capture", "a"].set()
    assert (await asking).exit is Exit.REFUSED
    assert counter.shelf.stored == []


async def test_two_captures_do_not_run_at_the_same_time(counter: Counter) -> None:
    counter.memory.hold["capture", "a"] = asyncio.Event()
    asking = [asyncio.create_task(counter.ask("baseline-capture")) for _ in range(2)]
    await counter.memory.until_asked("capture", "a")
    assert counter.memory.calls == [("capture", "a")]
    counter.memory.hold["capture", "a"].set()
    assert all([(await each).ok for each in asking])
    assert len(counter.shelf.stored) == 2


async def test_a_capture_that_cannot_be_stored_is_not_used(counter: Counter) -> None:
    counter.shelf.trouble = FULL
    assert await counter.ask("baseline-capture") == Reply(Exit.REFUSED, "refused: the disk is full")
    assert counter.book.baseline is None


async def test_a_capture_without_its_secret_is_refused_by_name(counter: Counter) -> None:
    counter.secret = SecretUnavailable("tsig: not there")
    assert await counter.ask("baseline-capture") == Reply(Exit.REFUSED, "refused: tsig: not there")


async def test_show_tells_the_latest_baseline_or_the_one_asked_for(counter: Counter) -> None:
    await counter.ask("baseline-capture")
    counter.memory.world["a"] = CUTOVER
    await counter.ask("baseline-capture")
    first, second = counter.shelf.stored
    assert (await counter.ask("baseline-show")).data["id"] == second.id
    shown = await counter.ask("baseline-show", id=first.id)
    assert shown.data == {
        "id": first.id,
        "captured_utc_ns": first.captured_utc_ns,
        "actor": "op",
        "objects": {"memory:a": BASELINE},
    }


async def test_show_of_what_is_not_there_is_refused(counter: Counter) -> None:
    assert await counter.ask("baseline-show") == Reply(Exit.REFUSED, "refused: no baseline")
    assert await counter.ask("baseline-show", id="nope") == Reply(Exit.REFUSED, "refused: no baseline nope")


async def test_show_from_a_damaged_store_is_refused_with_the_reason(counter: Counter) -> None:
    counter.shelf.trouble_reading = [StoreCorrupt("somebody else wrote to it")]
    assert await counter.ask("baseline-show", id="x") == Reply(Exit.REFUSED, "refused: somebody else wrote to it")


# A registration that was rejected


async def test_a_rejected_registration_is_tried_again_and_the_journal_says_by_whom(counter: Counter) -> None:
    reply = await counter.ask("retry-probe", name="registration", reason="password mended")
    assert reply == Reply(Exit.OK, "registration: the registrar is asked again")
    (entry,) = await counter.shelf.entries()
    assert (entry.actor, entry.body) == ("op", Operated("retry-probe", {"probe": "registration", "reason": "password mended"}))


async def test_what_is_no_registration_is_not_tried_again(counter: Counter) -> None:
    reply = await counter.ask("retry-probe", name="trunk-new")
    assert reply == Reply(
        Exit.REFUSED, "refused: trunk-new is of kind sip_options: only a sip_register or a probe of an api can be tried again"
    )
    assert await counter.shelf.entries() == []


async def test_an_unknown_probe_is_not_tried_again_and_the_known_ones_are_listed(counter: Counter) -> None:
    reply = await counter.ask("retry-probe", name="registratoin")
    assert reply.exit is Exit.USAGE
    assert reply.message.splitlines() == [
        "retry: no probe is named 'registratoin'; did you mean 'registration'?",
        "probes: registration, trunk-new",
    ]
    assert (counter.asked_again, await counter.shelf.entries()) == ([], [])


@pytest.mark.parametrize("sent", [{}, {"name": ""}, {"name": 5}, {"name": "x" * 2_000}])
async def test_a_registration_is_named(counter: Counter, sent: dict[str, Any]) -> None:
    assert (await counter.ask("retry-probe", **sent)).exit is Exit.USAGE
    assert counter.asked_again == []
