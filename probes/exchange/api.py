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
        other; the API's rate-limit headers teach the budget. A request is never sent a second time for any other reason, and
        one that may change something (neither GET, HEAD nor OPTIONS) never goes over a kept connection that the server may
        be closing just now. `is_fresh` makes a new connection for others as well: for whoever judges connecting itself.
        """
        ...
