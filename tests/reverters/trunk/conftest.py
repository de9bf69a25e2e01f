"""A new path and a baseline path behind one real Kamailio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from reverters.trunk.kamailio import KamailioReverter
from tests.peers.kamailio_trunk import Proxy, proxy
from tests.reverters.trunk.bench import Gateway, gateway, reverter


@dataclass
class Site:
    proxy: Proxy
    new: Gateway
    old: Gateway
    back: KamailioReverter


@pytest.fixture
async def by_set() -> AsyncIterator[Site]:
    """One dispatcher set: the new gateway comes first, and the list at rest has it disabled."""
    async with (
        gateway("new") as new,
        gateway("old") as old,
        proxy(f"1 {new.uri} 4 10\n1 {old.uri} 0 5\n") as running,
        reverter(running.url) as back,
    ):
        yield Site(running, new, old, back)


@pytest.fixture
async def by_switch() -> AsyncIterator[Site]:
    """A set for each path, and the switch that chooses between them."""
    async with (
        gateway("new") as new,
        gateway("old") as old,
        proxy(f"1 {new.uri} 0 0\n2 {old.uri} 0 0\n", "WITH_SWITCH") as running,
        reverter(running.url) as back,
    ):
        yield Site(running, new, old, back)
