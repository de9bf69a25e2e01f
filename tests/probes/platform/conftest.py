"""A platform of the lab on loopback, and the real client to its API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.probes.platform.stage import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made
