"""What Prometheus may know. The one importer of prometheus_client, and an observer only: nothing here decides anything.

Counters and histograms are kept as things happen; what stands on the board is read at the scrape (`daemon.metrics.standing`).
Labels come from the configuration and from closed sets, never from what a client or a peer sent as text. Of a name that leads to
several targets the addresses are labels too: numbers and not text, at most `daemon.reach.MOST_TARGETS` of a probe, and gone from
the scrape when the name no longer leads there.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from daemon.board import Board
from daemon.metrics.apis import Apis
from daemon.metrics.families import PREFIX
from daemon.metrics.sip import UP, Registrations, Targets
from daemon.metrics.standing import Losses, Standing, Webhook
from daemon.reach import Reach
from daemon.registration_view import RegistrarView, RegistrationView
from daemon.run_view import Runs
from daemon.web.tally import Tally
from gates.gate import Gate, GateState, Transition
from probes.exchange.tally import ApiFigures
from probes.sample import NS_PER_S, Moment, Origin, Outcome, Sample
from reverters.entries import Finished, Responded
from reverters.journal import JournalEntry

_RTT_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_STEP_S = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_SHORT_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class _Series:
    """A probe's own, found by its labels once."""

    up: Gauge
    consecutive: Gauge
    duration: Histogram
    results: dict[tuple[Outcome, int | None, Origin], Counter] = field(default_factory=dict)


class Metrics:
    """Its methods are what observers register; `tally` is the webhook's observer."""

    def __init__(
        self,
        board: Board,
        *,
        clock: Callable[[], Moment],
        version: str,
        objective_ns: int,
        dropped: Callable[[], int],
        ignored: Callable[[], Mapping[str, int]],
        failures: Mapping[str, int],
        tally: Tally | None = None,
    ) -> None:
        """`objective_ns` is the recovery time objective, `dropped` counts samples that the inbox had no room for, `ignored` the
        SIP engine's useless datagrams by reason, `failures` those of observers by name.
        """
        disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, for nothing
        self.registry = CollectorRegistry()
        self.tally = tally or Tally()
        self.runs = Runs()
        self._reach = Reach()
        self._series: dict[tuple[str, str], _Series] = {}
        self._probes()
        self._rest()
        self._gauge("build_info", "1, labelled by version", ["version", "python"]).labels(version, platform.python_version()).set(
            1
        )
        self._objective = self._gauge("rto_objective_seconds", "Recovery time objective")
        self.aim(objective_ns)
        self._registrations = Registrations(clock=clock)
        self._targets, self._apis = Targets(self._reach), Apis()
        for each in (
            Standing(board, self.runs, clock=clock),
            Webhook(self.tally, clock=clock),
            Losses(dropped, ignored, failures),
            self._targets,
            self._registrations,
            self._apis,
        ):
            self.registry.register(each)

    def _probes(self) -> None:
        path = ["probe", "path"]
        self._results = self._counter("probe_results", "Results by probe", [*path, "outcome", "code", "origin"])
        self._up = self._gauge(
            "probe_up", "1: the last result was PASS (of one target at least), 0: FAIL (of each), NaN: could not measure", path
        )
        self._consecutive = self._gauge(
            "probe_consecutive_failures", "FAILs of any code since the last PASS, of the target with the fewest", path
        )
        self._duration = self._histogram("probe_duration_seconds", "From sending to a result on the wire", path, _RTT_S)

    def _rest(self) -> None:
        self._transitions = self._counter("gate_transitions", "Transitions by gate", ["gate", "before", "after"])
        self._entries = self._counter("journal_entries", "Entries appended", ["kind"])
        self._commit = self._histogram("journal_commit_seconds", "One durable append", [], _SHORT_S)
        self._step_duration = self._histogram("step_duration_seconds", "From a step's first entry to its end", ["step"], _STEP_S)
        self._attempts = self._counter("step_attempts", "Requests of steps by how they ended", ["step", "outcome"])
        self._lag = self._histogram("loop_lag_seconds", "How late the judging loop turned", [], _SHORT_S)

    def _counter(self, name: str, told: str, labels: list[str]) -> Counter:
        return Counter(PREFIX + name, told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str, labels: Iterable[str] = ()) -> Gauge:
        return Gauge(PREFIX + name, told, labels, registry=self.registry)

    def _histogram(self, name: str, told: str, labels: list[str], bounds: tuple[float, ...]) -> Histogram:
        return Histogram(PREFIX + name, told, labels, registry=self.registry, buckets=bounds)

    def render(self) -> tuple[bytes, str]:
        """The text of a scrape and its content type. 0.0.4 is what every Prometheus since 1.0 reads."""
        return generate_latest(self.registry), CONTENT_TYPE_PLAIN_0_0_4

    def sampled(self, sample: Sample, path: str) -> None:
        result = sample.result
        series = self._series.get((sample.probe, path)) or self._begun(sample.probe, path)
        kind = result.outcome, result.code, result.origin
        results = series.results.get(kind)
        if results is None:
            code = "" if result.code is None else str(result.code)
            results = series.results[kind] = self._results.labels(sample.probe, path, result.outcome, code, result.origin)
        results.inc()
        if result.origin is Origin.WIRE and result.duration_ns:  # what is told from memory took none
            series.duration.observe(result.duration_ns / NS_PER_S)
        standing = self._reach.hear(sample)
        if standing is None:
            return  # late: counted above, but it does not tell how things are
        series.up.set(UP[standing[0]])
        series.consecutive.set(standing[1])

    def _begun(self, probe: str, path: str) -> _Series:
        """Looking a series up by its labels takes longer than anything else here, and comes with each sample."""
        labels = (probe, path)
        made = _Series(self._up.labels(*labels), self._consecutive.labels(*labels), self._duration.labels(*labels))
        self._series[labels] = made
        return made

    def apis(self, source: Callable[[], Iterable[ApiFigures]], over_http: Callable[[], Collection[str]]) -> None:
        """Every API that was used, and the probes that speak HTTP, asked for at each scrape."""
        self._apis.figures, self._targets.over_http = source, over_http

    def registrations(self, source: Callable[[], Iterable[RegistrationView]]) -> None:
        """Every AOR at its registrar, asked for at each scrape."""
        self._registrations.aors = source

    def registrars(self, source: Callable[[], Iterable[RegistrarView]]) -> None:
        """Every registrar that is sent REGISTERs, asked for at each scrape."""
        self._registrations.registrars = source

    def judged(self, transition: Transition, gate: Gate) -> None:
        self._transitions.labels(gate.spec.name, transition.before, transition.after).inc()

    def appended(self, entry: JournalEntry, seconds: float) -> None:
        self._commit.observe(seconds)
        self._entries.labels(entry.kind).inc()
        followed = self.runs.follow(entry)
        if followed is None:
            return
        body, took_s = followed
        if isinstance(body, Responded):
            self._attempts.labels(body.step, body.verdict).inc()
        if isinstance(body, Finished) and took_s is not None:
            self._step_duration.labels(body.step).observe(took_s)

    def aim(self, objective_ns: int) -> None:
        """The recovery time objective from now on."""
        self._objective.set(objective_ns / NS_PER_S)

    def forget(self, gone: Iterable[tuple[str, str]], *, afresh: Iterable[str], gates: Iterable[str]) -> None:
        """After a reload: probes and paths that are no more, probes that begin afresh, and gates that are no more."""
        begun = frozenset(afresh)
        for probe in begun:
            self._reach.forget(probe)
        for series in (series for (probe, _), series in self._series.items() if probe in begun):
            series.up.set(UP[None])
            series.consecutive.set(0)
        for probe, path in gone:
            self._drop(probe, path)
        for gate in gates:
            for before, after in product(GateState, repeat=2):
                self._transitions.remove(gate, before, after)

    def _drop(self, probe: str, path: str) -> None:
        self._reach.forget(probe)
        series = self._series.pop((probe, path), None)
        if series is None:
            return
        for outcome, code, origin in series.results:
            self._results.remove(probe, path, outcome, "" if code is None else str(code), origin)
        for family in (self._up, self._consecutive, self._duration):
            family.remove(probe, path)

    def recalled(self, entries: Iterable[JournalEntry]) -> None:
        """At start: entries from before, for the stages of a run and the last recovery. Counters begin at zero."""
        for entry in entries:
            self.runs.follow(entry)

    def lagged(self, seconds: float) -> None:
        self._lag.observe(seconds)
