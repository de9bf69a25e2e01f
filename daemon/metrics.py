"""What Prometheus may know. The one importer of prometheus_client, and an observer only: nothing here decides anything.

Counters and histograms are kept as things happen; what stands on the board is read at the scrape, so it cannot be out of
date. Labels come from the configuration and from closed sets, never from what a client or a peer sent as text.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from daemon.board import Board
from daemon.run_view import Runs, StageState
from daemon.web.tally import BOUNDS_NS, Tally
from gates import words
from gates.cutover import Phase
from gates.gate import Gate, GateState, Transition
from gates.lease import answer
from probes.sample import NS_PER_S, Moment, Origin, Outcome, Sample
from reverters.entries import Finished, Responded
from reverters.journal import JournalEntry

L = TypeVar("L", bound=tuple[str, ...])

PREFIX = "cutoverd_"

_RTT_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_STEP_S = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_SHORT_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
_UP = {Outcome.PASS: 1.0, Outcome.FAIL: 0.0, Outcome.ERROR: float("nan")}


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
    ) -> None:
        """`objective_ns` is the recovery time objective, `dropped` counts samples that the inbox had no room for, `ignored` the
        SIP engine's useless datagrams by reason, `failures` those of observers by name.
        """
        disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, for nothing
        self.registry = CollectorRegistry()
        self.tally = Tally()
        self.runs = Runs()
        self._failing: dict[str, tuple[int, int]] = {}
        self._probes()
        self._rest()
        self._gauge("build_info", "1, labelled by version", ["version", "python"]).labels(version, platform.python_version()).set(
            1
        )
        self._gauge("rto_objective_seconds", "Recovery time objective").set(objective_ns / NS_PER_S)
        self.registry.register(_Standing(board, self.runs, clock=clock))
        self.registry.register(_Webhook(self.tally, clock=clock))
        self.registry.register(_Losses(dropped, ignored, failures))

    def _probes(self) -> None:
        path = ["probe", "path"]
        self._results = self._counter("probe_results", "Results by probe", [*path, "outcome", "code", "origin"])
        self._up = self._gauge("probe_up", "1: the last result was PASS, 0: FAIL, NaN: could not measure", path)
        self._consecutive = self._gauge("probe_consecutive_failures", "FAILs of any code since the last PASS", path)
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
        code = "" if result.code is None else str(result.code)
        self._results.labels(sample.probe, path, result.outcome, code, result.origin).inc()
        if result.origin is Origin.WIRE:
            self._duration.labels(sample.probe, path).observe(result.duration_ns / NS_PER_S)
        judged, failing = self._failing.get(sample.probe, (-1, 0))
        if sample.sequence <= judged:
            return  # late: counted above, but it does not tell how things are
        if result.outcome is not Outcome.ERROR:
            failing = 0 if result.outcome is Outcome.PASS else failing + 1
        self._failing[sample.probe] = sample.sequence, failing
        self._up.labels(sample.probe, path).set(_UP[result.outcome])
        self._consecutive.labels(sample.probe, path).set(failing)

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

    def recalled(self, entries: Iterable[JournalEntry]) -> None:
        """At start: entries from before, for the stages of a run and the last recovery. Counters begin at zero."""
        for entry in entries:
            self.runs.follow(entry)

    def lagged(self, seconds: float) -> None:
        self._lag.observe(seconds)


class _Standing(Collector):
    """What stands on the board, and the runs: read at the scrape."""

    def __init__(self, board: Board, runs: Runs, *, clock: Callable[[], Moment]) -> None:
        self._board = board
        self._runs = runs
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        yield from self._gates()
        cutover = self._board.cutover
        yield _one_of("phase", "Phase of the cutover", [], {(): cutover.phase}, "phase", list(Phase))
        yield _gauge("armed", "1 while a trip may start a run", bool(cutover.armed))
        yield _gauge("halted", "1 while an operator has stopped everything", cutover.halted)
        yield _gauge("run_in_progress", "1 from a run's plan to its close", cutover.run is not None)
        yield _gauge("impaired", "1 while something is wrong with ourselves", bool(self._board.impaired))
        yield self._stages()
        if self._runs.recovery_s is not None:
            yield _gauge("rto_last_seconds", "First failed sample to restored, of the last run", self._runs.recovery_s)

    def _gates(self) -> Iterator[Metric]:
        gates = self._board.gates
        states = {(name,): gate.state for name, gate in gates.items()}
        yield _one_of("gate_state", "State of the gate", ["gate"], states, "state", list(GateState))
        distances = {name: words.distance(gate) for name, gate in gates.items()}
        yield _by(
            "gate_distance", "Counted failures of the input nearest to tripping", "gate", {n: d[1] for n, d in distances.items()}
        )
        yield _by("gate_threshold", "Counted failures that trip", "gate", {n: d[2] for n, d in distances.items()})
        yield _by("gate_latched", "1 from a run until a reset", "gate", {name: gate.latched for name, gate in gates.items()})
        yield _by("gate_ok", "1 while the webhook answers OK", "gate", self._ok())

    def _ok(self) -> dict[str, float]:
        now_ns, turned_ns = self._clock().mono_ns, self._board.turned_ns
        return {name: answer(lease, now_ns=now_ns, turned_ns=turned_ns).ok for name, lease in self._board.leases.items()}

    def _stages(self) -> Metric:
        states = {(plan, stage): state for plan, run in self._runs.by_plan.items() for stage, state in run.states()}
        return _one_of(
            "run_stage_state", "Stages of each plan's newest run", ["plan", "stage"], states, "state", list(StageState)
        )


class _Webhook(Collector):
    def __init__(self, tally: Tally, *, clock: Callable[[], Moment]) -> None:
        self._tally = tally
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[int, float]] = {}

    def collect(self) -> Iterator[Metric]:
        tally = self._tally
        yield _count("webhook_requests", "Answers given", ["gate", "answer"], tally.answers)
        refusals = {(reason,): count for reason, count in tally.refusals.items()}
        yield _count("webhook_refused", "Requests that got no answer", ["reason"], refusals)
        yield self._durations()
        yield _by(
            "webhook_last_request_timestamp_seconds", "When the gate was last asked for", "gate", self._utc("gate", tally.last_ns)
        )
        yield _by("webhook_key_last_used_timestamp_seconds", "When the key was last used", "key", self._utc("key", tally.used_ns))

    def _durations(self) -> Metric:
        buckets, below = [], 0
        for bound_ns, count in zip((*BOUNDS_NS, None), self._tally.buckets, strict=True):
            below += count
            buckets.append(("+Inf" if bound_ns is None else str(bound_ns / NS_PER_S), below))
        name = PREFIX + "webhook_request_duration_seconds"
        return HistogramMetricFamily(name, "From header to answer", buckets=buckets, sum_value=self._tally.total_ns / NS_PER_S)

    def _utc(self, kind: str, moments: Mapping[str, int]) -> dict[str, float]:
        """Moments are noted on the monotonic clock. Each keeps the UTC it was first shown with: it must not creep."""
        now = self._clock()
        for name, mono_ns in moments.items():
            if self._seen.get((kind, name), (None, 0.0))[0] != mono_ns:
                self._seen[kind, name] = mono_ns, round((now.utc_ns - now.mono_ns + mono_ns) / NS_PER_S, 3)
        return {name: self._seen[kind, name][1] for name in moments}


class _Losses(Collector):
    def __init__(self, dropped: Callable[[], int], ignored: Callable[[], Mapping[str, int]], failures: Mapping[str, int]) -> None:
        self._dropped = dropped
        self._ignored = ignored
        self._failures = failures

    def collect(self) -> Iterator[Metric]:
        yield _count("samples_dropped", "Samples that the judge's inbox had no room for", [], {(): self._dropped()})
        ignored = {(reason,): count for reason, count in self._ignored().items()}
        yield _count("sip_datagrams_ignored", "Datagrams that were no answer to us", ["reason"], ignored)
        failures = {(name,): count for name, count in self._failures.items()}
        yield _count("observer_failures", "Times that an observer failed", ["observer"], failures)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, told, value=value)


def _by(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, told, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _count(name: str, told: str, labels: list[str], counts: Mapping[L, int]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, told, labels=labels)
    for key, count in counts.items():
        family.add_metric(list(key), count)
    return family


def _one_of(name: str, told: str, labels: list[str], now: Mapping[L, str], label: str, possible: Iterable[str]) -> Metric:
    """0 or 1 for each possible value, so that a change is seen as both."""
    family = GaugeMetricFamily(PREFIX + name, told, labels=[*labels, label])
    for key, value in now.items():
        for each in possible:
            family.add_metric([*key, each], float(each == value))
    return family
