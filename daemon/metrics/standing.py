"""What is read at the scrape, so that it cannot be out of date: the board and the runs, the webhook's tally, what was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from daemon.board import Board
from daemon.metrics.families import PREFIX, by, count, gauge, one_of, several
from daemon.run_view import Runs, StageState
from daemon.web.tally import BOUNDS_NS, Tally
from gates import words
from gates.admit import ALL, FIRST
from gates.cutover import Phase
from gates.gate import GateState
from gates.lease import answer
from probes.sample import NS_PER_S, Moment


class Standing(Collector):
    """What stands on the board, and the runs: read at the scrape."""

    def __init__(self, board: Board, runs: Runs, *, clock: Callable[[], Moment]) -> None:
        self._board = board
        self._runs = runs
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        yield from self._gates()
        cutover = self._board.cutover
        yield one_of("phase", "Phase of the cutover", [], {(): cutover.phase}, "phase", list(Phase))
        yield gauge("armed", "1 while a trip may start a run", bool(cutover.armed))
        yield gauge("halted", "1 while an operator has stopped everything", cutover.halted)
        yield gauge("run_in_progress", "1 from a run's plan to its close", cutover.run is not None)
        kept = {(each.gate, each.plan, each.objection.name): 1 for each in self._board.kept}
        yield several("interlocked", "1 while an interlock keeps a due run from starting", ["gate", "plan", "interlock"], kept)
        yield gauge("control_failing", "1 while control targets fail, and we suspect ourselves", self._board.control.is_ill)
        yield gauge("impaired", "1 while something is wrong with ourselves", bool(self._board.impaired))
        yield self._stages()
        if self._runs.recovery_s is not None:
            yield gauge("rto_last_seconds", "First failed sample to restored, of the last run", self._runs.recovery_s)

    def _gates(self) -> Iterator[Metric]:
        gates = self._board.gates
        states = {(name,): gate.state for name, gate in gates.items()}
        yield one_of("gate_state", "State of the gate", ["gate"], states, "state", list(GateState))
        distances = {name: words.distance(gate) for name, gate in gates.items()}
        yield by(
            "gate_distance", "Counted failures of the input nearest to tripping", "gate", {n: d[1] for n, d in distances.items()}
        )
        yield by("gate_threshold", "Counted failures that trip", "gate", {n: d[2] for n, d in distances.items()})
        yield by("gate_latched", "1 from a run until a reset", "gate", {name: gate.latched for name, gate in gates.items()})
        yield by("gate_ok", "1 while the webhook answers OK", "gate", self._ok())
        admitted = {name: lease.admitted / ALL for name, lease in self._board.leases.items()}
        yield by("gate_admitted_ratio", "Share of the callers that an OK is for", "gate", admitted)
        shadows = {name: name in self._board.oversight.shadows for name in gates}
        yield by("gate_shadow", "1 for a gate that judges and touches nothing", "gate", shadows)

    def _ok(self) -> dict[str, float]:
        now_ns, turned_ns = self._clock().mono_ns, self._board.turned_ns
        return {
            name: answer(lease, now_ns=now_ns, turned_ns=turned_ns, ticket=FIRST).ok for name, lease in self._board.leases.items()
        }

    def _stages(self) -> Metric:
        states = {(plan, stage): state for plan, run in self._runs.by_plan.items() for stage, state in run.states()}
        return one_of("run_stage_state", "Stages of each plan's newest run", ["plan", "stage"], states, "state", list(StageState))


class Webhook(Collector):
    def __init__(self, tally: Tally, *, clock: Callable[[], Moment]) -> None:
        self._tally = tally
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[int, float]] = {}

    def collect(self) -> Iterator[Metric]:
        tally = self._tally
        yield count("webhook_requests", "Answers given", ["gate", "answer"], tally.answers)
        told = "Answers given by the caller's region, `other` where the configuration does not know it"
        yield count("webhook_callers_by_region", told, ["gate", "answer", "region"], tally.regions)
        told = "Answers given by the number called, `other` where the configuration does not know it"
        yield count("webhook_callers_by_number", told, ["gate", "answer", "number"], tally.numbers)
        yield count("webhook_absences", "Failures played for the reserved key", ["gate", "answer"], tally.absences)
        yield count("webhook_agent_checks", "Agent checks answered", ["gate", "word"], tally.agents)
        yield count(
            "webhook_alerts", "Notifications of Alertmanager, by probe: taken or malformed", ["probe", "result"], tally.alerts
        )
        if tally.certificate is not None:
            told = "1: the certificate on disk is in use, 0: it cannot be used and an older one is"
            yield gauge("webhook_certificate_reload_successful", told, tally.certificate)
        if tally.certificate_ends is not None:
            yield gauge("webhook_certificate_expiry_seconds", "When the certificate in use ends", tally.certificate_ends)
        refusals = {(reason,): count for reason, count in tally.refusals.items()}
        yield count("webhook_refused", "Requests that got no answer", ["reason"], refusals)
        yield self._durations()
        yield by(
            "webhook_last_request_timestamp_seconds", "When the gate was last asked for", "gate", self._utc("gate", tally.last_ns)
        )
        yield by("webhook_key_last_used_timestamp_seconds", "When the key was last used", "key", self._utc("key", tally.used_ns))

    def _durations(self) -> Metric:
        buckets, below = [], 0
        for bound_ns, answered in zip((*BOUNDS_NS, None), self._tally.buckets, strict=True):
            below += answered
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


class Losses(Collector):
    def __init__(self, dropped: Callable[[], int], ignored: Callable[[], Mapping[str, int]], failures: Mapping[str, int]) -> None:
        self._dropped = dropped
        self._ignored = ignored
        self._failures = failures

    def collect(self) -> Iterator[Metric]:
        yield count("samples_dropped", "Samples that the judge's inbox had no room for", [], {(): self._dropped()})
        ignored = {(reason,): count for reason, count in self._ignored().items()}
        yield count("sip_datagrams_ignored", "Datagrams that were no answer to us", ["reason"], ignored)
        failures = {(name,): count for name, count in self._failures.items()}
        yield count("observer_failures", "Times that an observer failed", ["observer"], failures)
