"""APIs over HTTP: what came of the requests, what their budgets made of them. Read at the scrape.

Labels are the names of the configuration, and outcomes out of `probes.exchange.tally.OUTCOMES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from daemon.metrics.families import PREFIX, by, count
from probes.exchange.tally import ApiFigures
from probes.sample import NS_PER_S


class Apis(Collector):
    def __init__(self) -> None:
        self.figures: Callable[[], Iterable[ApiFigures]] = tuple

    def collect(self) -> Iterator[Metric]:
        apis = list(self.figures())
        requests = {(api.name, outcome): times for api in apis for outcome, times in api.requests.items()}
        yield count("api_requests", "Requests by API and what came of them", ["api", "outcome"], requests)
        yield count("api_tokens", "Tokens that a login gave", ["api"], {(api.name,): api.tokens for api in apis})
        told = "1 while the login gives no token"
        yield by("api_login_failed", told, "api", {api.name: api.is_locked_out for api in apis})
        budgets = [(api.name, api.waited_ns, api.budget) for api in apis if api.budget is not None]
        told = "Requests that waited for the budget"
        yield count("api_requests_deferred", told, ["api"], {(name,): budget.waited for name, _, budget in budgets})
        told = "Requests that were not made, for the budget had no room for them within their time"
        yield count("api_requests_refused", told, ["api"], {(name,): budget.refused for name, _, budget in budgets})
        waits = CounterMetricFamily(PREFIX + "api_budget_wait_seconds", "How long requests waited for the budget", labels=["api"])
        for name, waited_ns, _ in budgets:
            waits.add_metric([name], waited_ns / NS_PER_S)
        yield waits
        levels = {name: budget.level for name, _, budget in budgets}
        yield by("api_budget_left", "Requests that could leave at once", "api", levels)
        pauses = {name: budget.pause_ns / NS_PER_S for name, _, budget in budgets}
        yield by("api_pause_seconds", "What is left of a pause that the API asked for", "api", pauses)
