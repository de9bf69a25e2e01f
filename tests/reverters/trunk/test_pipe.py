"""The limit of registrations of a real Kamailio: set before DNS moves, and restored at the end."""

from __future__ import annotations

import pytest

from config.trunk_steps import TrunkPipe
from reverters.plan import Document
from reverters.step import Conflict, Trouble
from reverters.trunk.pipe import Pipe
from reverters.trunk.rpc import Answer
from tests.reverters.trunk.bench import ask, captured, inspected, put_back, step, trunk, verified
from tests.reverters.trunk.conftest import Site

MANY, FEW = 60, 5


def pipe(limit: int | None, name: str = "register") -> Document:
    return trunk(pipes=(TrunkPipe(name=name, limit=limit),))


async def turned_away(site: Site) -> int:
    """Of so many registrations at once."""
    answers = await ask(site.proxy, "REGISTER", times=MANY)
    limited = [answer for answer in answers if answer.startswith("SIP/2.0 503 Registrations Limited")]
    assert all("Retry-After: 5" in answer for answer in limited)
    return len(limited)


async def test_a_limit_turns_a_storm_of_registrations_away_and_is_restored(by_set: Site) -> None:
    limiting = step(pipe(FEW), await captured(by_set.back, pipe(FEW)), "limit")
    restoring = step(pipe(None), await captured(by_set.back, pipe(None)), "restore")
    assert await turned_away(by_set) == 0

    await put_back(by_set.back, limiting)
    # The storm may fall into two of Kamailio's seconds.
    assert await turned_away(by_set) >= MANY - 2 * (FEW + 1)
    assert not (await verified(by_set.back, restoring)).holds

    await put_back(by_set.back, restoring)
    assert (await inspected(by_set.back, restoring)).live == {"algorithm": "TAILDROP", "limit": 200}
    assert (await inspected(by_set.back, limiting)).at_baseline is False


async def test_a_limit_that_holds_already_needs_nothing(by_set: Site) -> None:
    await by_set.proxy.order("pl.set_pipe", "register", "TAILDROP", FEW)
    assert (await inspected(by_set.back, step(pipe(FEW), {"algorithm": "TAILDROP", "limit": 200}))).at_baseline


async def test_a_limit_lives_in_memory_and_a_restart_brings_the_databases_back(by_set: Site) -> None:
    limiting = step(pipe(FEW), await captured(by_set.back, pipe(FEW)))
    await put_back(by_set.back, limiting)
    await by_set.proxy.restart()
    assert (await verified(by_set.back, step(pipe(None), limiting.wanted))).holds


async def test_a_limit_changed_by_somebody_else_is_a_conflict(by_set: Site) -> None:
    todo = step(pipe(FEW), await captured(by_set.back, pipe(FEW)))
    found = await inspected(by_set.back, todo)
    await by_set.proxy.order("pl.set_pipe", "register", "RED", 50)
    outcome = await by_set.back.apply(todo, found.live)
    detail = "pipe register at sbc is no longer 200 a second (TAILDROP) but 50 a second (RED)"
    assert outcome == Conflict(f"{detail}: somebody else changed it, nothing was ordered")


async def test_a_pipe_that_is_not_there_is_refused_when_the_baseline_is_captured(by_set: Site) -> None:
    found = await by_set.back.capture(pipe(FEW, "nobody"))
    detail = "sbc has no pipe nobody: it must be there from the start, by pipelimit's database"
    assert found == Trouble(False, "no-pipe", detail)


async def test_a_pipe_that_does_not_count_requests_is_refused_when_the_baseline_is_captured(by_set: Site) -> None:
    found = await by_set.back.capture(pipe(FEW, "cpu"))
    detail = "pipe cpu limits by FEEDBACK, which is no number of requests a second: limit another pipe"
    assert found == Trouble(False, "badspec", detail)


def test_a_limit_is_never_raised_above_the_baseline() -> None:
    assert Pipe("register", 50).wanted({"algorithm": "RED", "limit": 20}) == {"algorithm": "RED", "limit": 20}


def test_a_pipe_without_a_limit_gets_one() -> None:
    assert Pipe("register", 50).wanted({"algorithm": "NOP", "limit": 0}) == {"algorithm": "TAILDROP", "limit": 50}


@pytest.mark.parametrize(
    "result", [None, {}, [], [7], [{"name": "other", "algorithm": "RED", "limit": 1}], [{"name": "register"}]]
)
def test_an_answer_of_another_shape_is_an_error_and_no_crash(result: object) -> None:
    found = Pipe("register", None).state(Answer(result), "sbc")
    assert found == Trouble(False, "unexpected", "sbc gave pipe register in a form that is not known")
