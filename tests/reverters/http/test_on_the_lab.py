"""Real paths of a platform: call routes with versions, flows that are published behind a 202, live states, on the lab's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import pytest

from config.api import Api, ClientCredentials
from config.secrets import Secret
from config.steps import Answer, Capture, HttpStep, Poll, Send
from lab.platform.furniture import IVR, furnish
from lab.platform.organisation import Organisation, User
from lab.platform.publishing import add_flow
from lab.platform.server import CLIENT, Platform
from lab.platform.shelf import Shelf
from probes.exchange.apis import ApiSecrets
from reverters.entries import Halted, Responded
from reverters.http import definition
from reverters.http.reverter import HttpReverter
from reverters.plan import Document, Plan, Stage
from reverters.runner import End, Runner
from reverters.step import Trouble
from tests.probes.exchange.servers import apis_of
from tests.reverters.http.bench import Clock, S, step
from tests.reverters.test_runner import bodies, fold
from tests.reverters.world import Ledger, Still

ROUTE = "/api/v2/architect/ivrs/{ivrId}"
STATUS = "/api/v2/users/{user}/routingstatus"
CALL_ROUTE = HttpStep(
    kind="http",
    id="call-route",
    api="genesys",
    vars={"ivrId": "ivr-1"},
    capture=Capture(path=ROUTE, keep=("/name", "/dnis", "/openHoursFlow/id", "/closedHoursFlow"), sets=("/dnis",)),
    revert=(
        Send(
            method="PUT",
            path=ROUTE,
            body={"$merge": ["current", "baseline"], "version": "{current/version}"},
            idempotency="versioned",
        ),
    ),
)
PUBLISH = HttpStep(
    kind="http",
    id="flow-publish",
    api="genesys",
    vars={"flowId": "flow-9"},
    capture=Capture(path="/api/v2/flows/{flowId}", keep=("/publishedVersion/id",)),
    revert=(
        Send(
            method="POST",
            path="/api/v2/flows/actions/publish",
            query={"flow": "{flowId}", "version": "{baseline/publishedVersion/id}"},
            expect=(200, 202),
            idempotency="job",
            busy=Answer(status=(409,), codes=("architect.operation.already.in.progress", "architect.flow.locked.by.user")),
        ),
    ),
    poll=Poll(
        match={"/currentOperation/id": "{response/id}"},
        ok={"/currentOperation/complete": True, "/currentOperation/actionStatus": "SUCCESS"},
        failed={"/currentOperation/actionStatus": ["FAILURE"]},
        running={"/currentOperation/complete": False},
    ),
)
ROUTING_STATUS = HttpStep(
    kind="http",
    id="status",
    api="genesys",
    vars={"user": "u-1"},
    capture=Capture(path=STATUS, keep=("/status",)),
    revert=(Send(method="PUT", path=STATUS, body={"status": "{baseline/status}"}),),
)


@dataclass
class World:
    platform: Platform
    reverter: HttpReverter
    clock: Clock
    ledger: Ledger

    @property
    def organisation(self) -> Organisation:
        return self.platform.organisation

    def now(self, path: str) -> Document:
        return self.organisation.shelf.truth(path, now_ns=self.clock.now_ns)

    async def captured(self, settings: HttpStep) -> Document:
        found = await self.reverter.capture(definition.expand(settings).spec)
        assert not isinstance(found, Trouble), found
        return found

    async def run(self, settings: HttpStep, wanted: Document) -> End:
        plan = Plan("rollback", "baseline-1", (Stage("it", (step(settings, wanted),)),))
        runner = Runner(
            plan,
            fold(self.ledger.entries),
            reverters={"http": self.reverter},
            append=self.ledger.append,
            first_failure_utc_ns=0,
            rng=Still(),
        )
        async with asyncio.timeout(10):
            return await runner.carry_out()

    def changes(self) -> list[str]:
        return [request for request in self.platform.requests if not request.startswith("GET")]


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[World]:
    clock, organisation = Clock(), Organisation()
    furnish(organisation)
    add_flow(organisation.shelf, "flow-9", "12.0", "13.0", published="12.0")
    async with Platform(organisation, clock=lambda: clock.now_ns) as platform:
        login = ClientCredentials(
            kind="oauth2", token_url=platform.token_url, client_id=CLIENT.id, client_secret=Secret(env="UNREAD")
        )
        apis = {"genesys": Api(base=platform.base, auth=login)}
        async with apis_of(apis, {"genesys": ApiSecrets(CLIENT.secret.encode())}) as found:
            made = World(platform, HttpReverter(found.named, pace=clock.pace), clock, Ledger())
            yield made
    assert all(CLIENT.secret.encode() not in entry.payload for entry in made.ledger.entries)


def cut_over(here: World, **more: object) -> None:
    here.organisation.shelf.intrude(
        IVR,
        now_ns=here.clock.now_ns,
        dnis=["+15550001235"],
        openHoursFlow={"id": "flow-new"},
        closedHoursFlow={"id": "x"},
        **more,
    )


async def test_a_call_route_is_brought_back_and_keeps_what_others_set() -> None:
    async with world() as here:
        wanted = await here.captured(CALL_ROUTE)
        cut_over(here, scheduleGroup={"id": "another"})
        assert await here.run(CALL_ROUTE, wanted) is End.CLOSED
        found = here.now(IVR)
    assert sorted(found["dnis"]) == ["+15550001234", "+15550001235"]
    assert (found["openHoursFlow"]["id"], found["scheduleGroup"], "closedHoursFlow" in found) == (
        "flow-1",
        {"id": "another"},
        False,
    )


@pytest.mark.parametrize("status", [409, 400])
async def test_another_administrator_between_reading_and_writing_costs_a_second_try(
    status: Literal[400, 409], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world() as here:
        here.organisation.shelf.mismatch_status = status
        wanted = await here.captured(CALL_ROUTE)
        cut_over(here)
        check, left = Shelf.check_version, [1]

        def raced(shelf: Shelf, found: Document, sent: Document, *, code: str) -> None:
            if left:
                left.pop()
                cut_over(here, division={"id": "theirs"})
            check(shelf, dict(here.now(IVR)), dict(sent), code=code)

        monkeypatch.setattr(Shelf, "check_version", raced)
        assert await here.run(CALL_ROUTE, wanted) is End.CLOSED
        assert here.now(IVR)["division"] == {"id": "theirs"}
    assert [body.verdict for body in bodies(here.ledger, Responded)] == ["conflict", "applied"]


async def test_a_region_that_lags_is_waited_for() -> None:
    async with world() as here:
        wanted = await here.captured(CALL_ROUTE)
        cut_over(here)
        here.clock.now_ns += 100 * S
        here.organisation.shelf.lag(IVR, 7 * S)
        assert await here.run(CALL_ROUTE, wanted) is End.CLOSED
        assert here.organisation.shelf.seen(IVR, now_ns=here.clock.now_ns)["openHoursFlow"]["id"] == "flow-1"
    assert len(here.changes()) == 1


async def test_a_flow_is_published_again_and_its_operation_awaited() -> None:
    async with world() as here:
        here.organisation.shelf.takes("/api/v2/flows/flow-9", 30 * S)
        wanted = await here.captured(PUBLISH)
        published(here, "13.0")
        assert await here.run(PUBLISH, wanted) is End.CLOSED
        assert here.now("/api/v2/flows/flow-9")["publishedVersion"]["id"] == "12.0"
    assert here.clock.now_ns >= 30 * S
    assert here.changes() == ["POST /api/v2/flows/actions/publish?flow=flow-9&version=12.0"]


async def test_a_publish_that_fails_is_for_a_human() -> None:
    async with world() as here:
        wanted = await here.captured(PUBLISH)
        published(here, "13.0")
        here.organisation.publishing.fails = True
        assert await here.run(PUBLISH, wanted) is End.HALTED
    assert [body.reason for body in bodies(here.ledger, Halted)] == ["failed"]


async def test_a_publish_that_says_200_and_does_nothing_is_for_a_human() -> None:
    async with world() as here:
        published(here, "13.0")
        assert await here.run(PUBLISH, {"publishedVersion": {"id": "99.0"}}) is End.HALTED
    assert [body.reason for body in bodies(here.ledger, Halted)] == ["outcome-unknown"]
    assert len(here.changes()) == 1


async def test_a_publish_of_somebody_else_is_awaited_first() -> None:
    async with world() as here:
        wanted = await here.captured(PUBLISH)
        here.organisation.shelf.takes("/api/v2/flows/flow-9", 20 * S)
        shelf, now_ns = here.organisation.shelf, here.clock.now_ns
        here.organisation.publishing.publish(shelf, "flow-9", "13.0", now_ns=now_ns)
        assert await here.run(PUBLISH, wanted) is End.CLOSED
    assert [body.verdict for body in bodies(here.ledger, Responded)] == ["applied"]


async def test_a_users_routing_status_is_captured_and_restored() -> None:
    async with world() as here:
        here.organisation.users["u-1"] = User("u-1", "Ada", routing="IDLE")
        wanted = await here.captured(ROUTING_STATUS)
        assert wanted == {"status": "IDLE"}
        here.organisation.users["u-1"].routing = "OFF_QUEUE"
        assert await here.run(ROUTING_STATUS, wanted) is End.CLOSED
        assert await here.captured(ROUTING_STATUS) == {"status": "IDLE"}


def published(here: World, version: str) -> None:
    """As the cutover leaves it: nothing goes on any more."""
    path = "/api/v2/flows/flow-9"
    found = here.now(path)
    here.organisation.shelf.put(path, {**found, "publishedVersion": {"id": version}})
