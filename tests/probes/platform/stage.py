"""A platform of the lab on loopback, and the real client to its API."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from config.api import Api, Budget, ClientCredentials
from config.secrets import Secret
from lab.platform.organisation import Organisation, Queue, Trunk, User
from lab.platform.server import Platform
from probes.exchange.apis import Apis, ApiSecrets
from probes.exchange.http_api import HttpApi
from probes.probe import Probe
from probes.resolver import Resolver
from probes.sample import NS_PER_S, ProbeResult
from tests.probes.attempt import attempt

API = "genesys"
TIMEOUT_NS = 5 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Stage:
    platform: Platform
    api: HttpApi

    @property
    def organisation(self) -> Organisation:
        return self.platform.organisation

    def trunks(self, count: int) -> list[Trunk]:
        """trunk-0, trunk-1 … of the organisation, all of them up."""
        return [self.organisation.add_trunk(Trunk(f"trunk-{number}", f"carrier-{number}")) for number in range(count)]

    def agents(self, count: int, queue: str = "queue-1") -> list[User]:
        """user-000, user-001 … of the organisation, joined members of the queue."""
        users = [User(f"user-{number:03}", f"Agent {number}") for number in range(count)]
        self.organisation.add_agents(self.organisation.queues.get(queue) or Queue(queue, queue), *users)
        return users

    async def ask(self, probe: Probe) -> ProbeResult:
        (result,) = await attempt(probe)
        return result

    def asked(self, beginning: str = "") -> list[str]:
        return [request for request in self.platform.requests if request.startswith(beginning)]


@asynccontextmanager
async def staged(*, budget: Budget | None = None) -> AsyncIterator[Stage]:
    async with Platform() as platform:
        auth = ClientCredentials(
            kind="oauth2", token_url=platform.token_url, client_id=platform.client.id, client_secret=Secret(env="X")
        )
        settings = {API: Api(base=platform.base, auth=auth, budget=budget or Budget())}
        apis = Apis(settings, {API: ApiSecrets(platform.client.secret.encode())}, resolver=Resolver(), rng=random.Random(1))
        try:
            yield Stage(platform, apis.named(API))
        finally:
            await apis.close()
