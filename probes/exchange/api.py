"""An API as its users see it: probes, and steps that restore something."""

from __future__ import annotations

from typing import Protocol

from probes.exchange.values import HttpRequest, HttpResponse, NoResponse


class Api(Protocol):
    """One API of the configuration: base URL, token, budget, TLS and kept connections. For one event loop."""

    @property
    def name(self) -> str: ...

    async def exchange(self, request: HttpRequest, *, timeout_ns: int, is_fresh: bool = False) -> HttpResponse | NoResponse:
        """Ends within `timeout_ns`, in which waiting for budget, token, DNS and all of the answer is included; raises nothing
        but cancellation, and leaves nothing open then.

        A 401 makes the token be renewed, once, and the request be sent again, once. A 429 and a redirect are answers like any
        other; the API's rate-limit headers teach the budget. For no other reason is a request sent a second time, but for a
        GET, HEAD or OPTIONS over a kept connection that the server has closed; what may change something always has a
        connection of its own. `is_fresh` makes one for the others as well: for whoever judges connecting itself.
        """
        ...
