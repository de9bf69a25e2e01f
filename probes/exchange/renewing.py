"""A token that is asked for once for all who wait, and renewed before it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from probes.exchange.grants import Grant, NoGrant
from probes.exchange.renewal import Chance, Renewal

log = logging.getLogger(__name__)

FINAL = "; not asked again before a reload, or retry --probe of one of its probes"

Login = Callable[[], Awaitable[Grant | NoGrant]]
"""Asks the token endpoint once; ends within its own limit of time."""


async def _nothing() -> None:
    pass


class Renewing:
    """`login` is never under way twice. `name` is the API's, for people; `release` frees what logins need. `close` it."""

    def __init__(
        self, name: str, login: Login, *, now: Callable[[], int], rng: Chance, release: Callable[[], Awaitable[None]] = _nothing
    ) -> None:
        self._name = name
        self._login = login
        self._release = release
        self._now = now
        self._renewal = Renewal(rng)
        self._under_way: asyncio.Task[None] | None = None
        self._is_closed = False
        self.renewals = 0

    async def current(self) -> Grant | NoGrant:
        if not self._is_closed and self._under_way is None and self._renewal.is_due(now_ns=self._now()):
            self._under_way = asyncio.get_running_loop().create_task(self._renew())
        usable = self._renewal.usable(now_ns=self._now())
        if usable is not None:
            return usable
        if self._under_way is not None:
            # Waited for and not awaited: whoever is cancelled leaves it to the others.
            await asyncio.wait((self._under_way,))
        return self._renewal.usable(now_ns=self._now()) or self._renewal.failure or NoGrant("not asked: the API is closed")

    @property
    def failure(self) -> NoGrant | None:
        return self._renewal.failure

    def spurned(self, grant: Grant) -> bool:
        return self._renewal.spurned(grant, now_ns=self._now())

    def again(self) -> None:
        self._renewal.again()

    async def close(self) -> None:
        """Idempotent."""
        self._is_closed = True
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)
        await self._release()

    async def _renew(self) -> None:
        try:
            got = await self._login()
        except Exception as error:
            log.exception("api %s: a login raised", self._name)
            got = NoGrant(f"a defect of ours: {type(error).__name__}")
        finally:
            self._under_way = None
        if isinstance(got, Grant):
            self.renewals += 1
            self._renewal.got(got, now_ns=self._now())
        else:
            log.warning("api %s: no token: %s%s", self._name, got.detail, FINAL if got.is_final else "")
            self._renewal.failed(got, now_ns=self._now())
