"""The night is played once for all tests that look at what it left."""

from __future__ import annotations

import asyncio

import pytest

from tests.observability.night import Night, played


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return asyncio.run(played(tmp_path_factory.mktemp("night")))
