"""The `trunk` step over Kamailio's JSON-RPC: read, put back and read again what its script routes by.

Kamailio has no compare-and-swap: what was inspected is read once more right before the first order, and a difference is a
conflict. None of the orders touches a dialog: they decide where the next call goes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from probes import clock
from probes.exchange.api import Api
from reverters.plan import Document, Step
from reverters.step import Applied, Conflict, Inspection, Trouble, Verification
from reverters.trunk.rpc import Answer, Call, Refused, judge, refusal, request
from reverters.trunk.target import Target


class KamailioReverter:
    """`api` gives an API by its name, or raises KeyError. For one run: what it has stored itself it need not store again."""

    def __init__(self, api: Callable[[str], Api]) -> None:
        self._api = api
        self._ids = itertools.count(1)
        self._lasting: set[str] = set()

    async def capture(self, spec: Document) -> Document | Trouble:
        """The present state; a step that could not act on it is refused now."""
        target = Target.read(spec)
        live = await self._live(target)
        if isinstance(live, Trouble):
            return live
        wanted = target.part.wanted(live)
        return wanted if isinstance(wanted, Trouble) else live

    async def inspect(self, step: Step) -> Inspection | Trouble:
        """Whether a value outlives a restart cannot be read: until this run has ordered that itself, it is not done."""
        target, wanted, live = await self._both(step)
        if isinstance(live, Trouble):
            return live
        if isinstance(wanted, Trouble):
            return wanted
        holds = target.part.is_same(live, wanted)
        detail = f"{target} is {target.part.told(live)}, to be {target.part.told(wanted)}"
        if holds and not self._lasts(step, target):
            return Inspection(False, live, f"{detail}; not known to outlive a restart")
        return Inspection(holds, live, detail)

    async def apply(self, step: Step, live: Document) -> Applied | Conflict | Trouble:
        """Each order is sent once. One that fails leaves the ones before it done: the runner inspects, and orders the rest."""
        target, wanted, now = await self._both(step)
        if isinstance(now, Trouble):
            return now
        if isinstance(wanted, Trouble):
            return wanted
        part = target.part
        if not part.is_same(now, live):
            detail = (
                f"{target} is no longer {part.told(live)} but {part.told(now)}: somebody else changed it, nothing was ordered"
            )
            return Conflict(detail)
        orders = part.orders(now, wanted)
        if isinstance(orders, Trouble):
            return orders
        trouble = await self._order_all(target, orders) or await self._make_last(step, target)
        if trouble is not None:
            return trouble
        return Applied(f"{target} set from {part.told(now)} to {part.told(wanted)}", {"orders": [str(each) for each in orders]})

    async def verify(self, step: Step) -> Verification | Trouble:
        target, wanted, live = await self._both(step)
        if isinstance(live, Trouble):
            return live
        if isinstance(wanted, Trouble):
            return wanted
        detail = f"{target} is {target.part.told(live)}, to be {target.part.told(wanted)}"
        return Verification(target.part.is_same(live, wanted), live, detail)

    async def _both(self, step: Step) -> tuple[Target, Document | Trouble, Document | Trouble]:
        """The target, what it shall be, and what it is."""
        target = Target.read(step.spec)
        return target, target.part.wanted(step.wanted), await self._live(target)

    def _lasts(self, step: Step, target: Target) -> bool:
        return target.part.lasting is None or step.key in self._lasting

    async def _live(self, target: Target) -> Document | Trouble:
        told = await self._ask(target, target.part.question)
        return told if isinstance(told, Trouble) else target.part.state(told, target.api)

    async def _order_all(self, target: Target, orders: tuple[Call, ...]) -> Trouble | None:
        for call in orders:
            told = await self._ask(target, call)
            if isinstance(told, Refused):
                return refusal(told, call, target.api)
            if isinstance(told, Trouble):
                return told
        return None

    async def _make_last(self, step: Step, target: Target) -> Trouble | None:
        call = target.part.lasting
        if call is None:
            return None
        trouble = await self._order_all(target, (call,))
        if trouble is None:
            self._lasting.add(step.key)
        return trouble

    async def _ask(self, target: Target, call: Call) -> Answer | Refused | Trouble:
        try:
            api = self._api(target.api)
        except KeyError:
            return Trouble(False, "no-api", f"the configuration has no api {target.api}: {target} was not reached")
        id = next(self._ids)
        ended = await api.exchange(request(call, path=target.path, id=id), timeout_ns=target.timeout_ns)
        return judge(ended, call, where=target.api, id=id, now_utc_ns=clock.read().utc_ns)
