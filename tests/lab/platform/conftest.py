from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from lab.platform.server import Platform
from tests.lab.platform.desk import Clock, Desk


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Beneath this aiohttp would repeat a PUT whose connection was cut."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError(str(error)) from None


@pytest.fixture
async def desk(clock: Clock) -> AsyncIterator[Desk]:
    async with Platform(clock=clock) as platform, aiohttp.ClientSession(middlewares=(once,)) as session:
        made = Desk(platform, session)
        await made.login()
        yield made
