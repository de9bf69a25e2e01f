"""Whole runs of `http` steps: killed anywhere, refused, raced."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from config.steps import HttpStep, Send
from reverters.entries import Halted, Intended, Operated, Responded
from reverters.http.reverter import HttpReverter
from reverters.plan import Plan, Stage
from reverters.progress import ATTEMPTS
from reverters.runner import End, Runner
from tests.reverters.http.bench import (
    BASELINE,
    LIVE,
    Bench,
    Documents,
    answering,
    bench,
    cut,
    done_and_cut,
    http_step,
    step,
)
from tests.reverters.test_runner import bodies, fold
from tests.reverters.world import Ledger, Still

JOB = Send(method="POST", path="/api/v2/publish", idempotency="job")


def plan(settings: HttpStep | None = None) -> Plan:
    return Plan("rollback", "baseline-1", (Stage("routing", (step(settings),)),))


async def carried_out(of: Plan, reverter: HttpReverter, ledger: Ledger) -> End:
    """Goes on from what the ledger holds, as after a restart."""
    runner = Runner(
        of, fold(ledger.entries), reverters={"http": reverter}, append=ledger.append, first_failure_utc_ns=0, rng=Still()
    )
    async with asyncio.timeout(10):
        return await runner.carry_out()


def is_restored(documents: Documents) -> bool:
    held = documents.held[LIVE]
    return (held["dnis"], held["openHoursFlow"]["id"], "closedHoursFlow" in held) == (BASELINE["dnis"], "flow-old", False)


async def killed_and_restarted(here: Bench, ledger: Ledger, at: int, settings: HttpStep | None = None) -> End:
    """The entry of number `at` is not written any more; then another daemon goes on."""
    ledger.refuse_from = at
    with pytest.raises(RuntimeError):
        await carried_out(plan(settings), here.reverter, ledger)
    ledger.refuse_from = None
    return await carried_out(plan(settings), here.reverter, ledger)


@pytest.mark.parametrize("at", range(6))
async def test_a_run_killed_before_any_entry_goes_on_and_writes_once(at: int) -> None:
    ledger = Ledger()
    async with bench() as here:
        assert await killed_and_restarted(here, ledger, at) is End.CLOSED
    assert is_restored(here.documents)
    assert here.documents.sent == [f"PUT {LIVE}"]
    assert len(bodies(ledger, Intended)) == 1


async def test_a_crash_after_an_intent_asks_the_platform_first() -> None:
    ledger = Ledger()
    async with bench(Documents(faults={"PUT": [cut]})) as here:
        ledger.refuse_from = 2
        with pytest.raises(RuntimeError):
            await carried_out(plan(), here.reverter, ledger)
        asked, ledger.refuse_from = len(here.documents.asked), None
        assert await carried_out(plan(), here.reverter, ledger) is End.CLOSED
    assert here.documents.asked[asked].startswith("GET")
    assert is_restored(here.documents)


async def test_a_change_that_was_done_and_not_heard_of_is_not_sent_again() -> None:
    documents, ledger = Documents(), Ledger()
    documents.faults["PUT"] = [done_and_cut(documents)]
    async with bench(documents) as here:
        assert await carried_out(plan(), here.reverter, ledger) is End.CLOSED
    assert documents.sent == [f"PUT {LIVE}"]


async def test_a_conflict_is_read_again_merged_and_sent_again() -> None:
    documents, ledger = Documents(), Ledger()

    async def raced(request: web.Request) -> web.StreamResponse:
        documents.held[LIVE] |= {"owner": "another", "version": 9}
        return await documents.serve(request)

    documents.faults["PUT"] = [raced]
    async with bench(documents) as here:
        assert await carried_out(plan(), here.reverter, ledger) is End.CLOSED
    assert is_restored(documents)
    assert (documents.held[LIVE]["owner"], documents.held[LIVE]["version"]) == ("another", 10)
    assert [body.verdict for body in bodies(ledger, Responded)] == ["conflict", "applied"]


async def test_conflicts_without_end_are_for_a_human() -> None:
    documents, ledger = Documents(faults={"PUT": [answering(409, {})] * (ATTEMPTS + 1)}), Ledger()
    async with bench(documents) as here:
        assert await carried_out(plan(), here.reverter, ledger) is End.HALTED
    assert len(documents.sent) == ATTEMPTS


async def test_failures_are_journaled_with_what_was_asked_and_answered() -> None:
    documents, ledger = Documents(faults={"PUT": [answering(400, {"code": "bad.request", "apiKey": "hunter2"})]}), Ledger()
    async with bench(documents) as here:
        assert await carried_out(plan(), here.reverter, ledger) is End.HALTED
    (responded,) = bodies(ledger, Responded)
    assert responded.facts["requests"][-1]["answer"] == {"code": "bad.request", "apiKey": "…"}
    assert all(b"hunter2" not in entry.payload for entry in ledger.entries)


async def test_a_job_killed_before_its_answer_was_journaled_halts_and_is_not_started_again() -> None:
    documents, ledger = Documents(faults={"POST": [answering(200, {}), answering(200, {})]}), Ledger()
    async with bench(documents) as here:
        assert await killed_and_restarted(here, ledger, 2, http_step(JOB)) is End.HALTED
        assert await carried_out(plan(http_step(JOB)), here.reverter, ledger) is End.HALTED
    assert documents.sent == ["POST /api/v2/publish"]
    assert [body.reason for body in bodies(ledger, Halted)] == ["outcome-unknown"]


async def test_a_platform_that_is_away_at_the_restart_does_not_make_the_unknown_job_forgotten() -> None:
    documents, ledger = Documents(faults={"POST": [answering(200, {})]}), Ledger()
    async with bench(documents) as here:
        documents.faults["GET"] = [None, answering(500, {})]
        assert await killed_and_restarted(here, ledger, 2, http_step(JOB)) is End.HALTED
    assert documents.sent == ["POST /api/v2/publish"]


async def test_a_human_may_have_the_job_done_again() -> None:
    documents, ledger = Documents(faults={"POST": [answering(200, {})]}), Ledger()

    async def publishes(request: web.Request) -> web.StreamResponse:
        documents.held[LIVE] |= {"dnis": BASELINE["dnis"], "openHoursFlow": {"id": "flow-old"}}
        del documents.held[LIVE]["closedHoursFlow"]
        return await answering(200, {})(request)

    documents.faults["POST"].append(publishes)
    async with bench(documents) as here:
        assert await killed_and_restarted(here, ledger, 2, http_step(JOB)) is End.HALTED
        await ledger.append(Operated("retry", {}))
        assert await carried_out(plan(http_step(JOB)), here.reverter, ledger) is End.CLOSED
    assert documents.sent == ["POST /api/v2/publish"] * 2


async def test_a_job_that_was_turned_away_is_sent_again_by_itself() -> None:
    documents, ledger = Documents(), Ledger()

    async def publishes(request: web.Request) -> web.StreamResponse:
        documents.held[LIVE] = {**BASELINE}
        return await answering(200, {})(request)

    documents.faults["POST"] = [answering(503, {}), publishes]
    async with bench(documents) as here:
        assert await carried_out(plan(http_step(JOB)), here.reverter, ledger) is End.CLOSED
    assert documents.sent == ["POST /api/v2/publish"] * 2


async def test_a_job_that_is_seen_to_be_done_after_a_crash_counts_as_done() -> None:
    documents, ledger = Documents(), Ledger()

    async def publishes(request: web.Request) -> web.StreamResponse:
        documents.held[LIVE] = {**BASELINE}
        return await answering(200, {})(request)

    documents.faults["POST"] = [publishes]
    async with bench(documents) as here:
        assert await killed_and_restarted(here, ledger, 2, http_step(JOB)) is End.CLOSED
    assert documents.sent == ["POST /api/v2/publish"]
