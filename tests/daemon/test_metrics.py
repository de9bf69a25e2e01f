"""What a scrape says, parsed by prometheus_client's own parser."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from daemon.metrics import Metrics
from daemon.registration_view import RegistrarView, RegistrationView
from gates import machine
from gates.cutover import Cutover, Phase, Run
from probes.exchange.budget import Figures
from probes.exchange.tally import ApiFigures
from probes.sample import NS_PER_S, Origin, Outcome, ProbeResult, Sample
from reverters.entries import Closed, Halted, Inspected, Operated, Responded
from tests.daemon.test_run_view import DNS, PLANNED, done, entries
from tests.daemon.web.world import SPEC, World


@dataclass
class Scene:
    world: World = field(default_factory=World)
    dropped: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.metrics = Metrics(
            self.world.board,
            clock=self.world.clock,
            version="0.1.0",
            objective_ns=600 * NS_PER_S,
            dropped=lambda: self.dropped,
            ignored=lambda: self.ignored,
            failures=self.failures,
        )

    def scrape(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        body, _ = self.metrics.render()
        families = text_string_to_metric_families(body.decode())
        return {(sample.name, frozenset(sample.labels.items())): sample.value for family in families for sample in family.samples}

    def value(self, name: str, **labels: str) -> float | None:
        return self.scrape().get((f"cutoverd_{name}", frozenset(labels.items())))

    def labels(self, name: str) -> list[dict[str, str]]:
        return [dict(labels) for found, labels in self.scrape() if found == f"cutoverd_{name}"]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def result(sequence: int, outcome: Outcome, code: int | None, origin: Origin = Origin.WIRE) -> Sample:
    now = World().now
    return Sample("trunk-new", "here", sequence, now, now, ProbeResult(outcome, code, origin, "status", 5_000_000))


PATH = {"probe": "trunk-new", "path": "new"}


def test_a_scrape_is_text_that_every_prometheus_reads(scene: Scene) -> None:
    body, content_type = scene.metrics.render()
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert body.startswith(b"# HELP cutoverd_")


def test_nothing_is_left_in_the_global_registry(scene: Scene) -> None:
    scene.metrics.sampled(result(1, Outcome.PASS, 200), "new")
    assert [family.name for family in REGISTRY.collect() if family.name.startswith("cutoverd")] == []


def test_results_are_counted_by_outcome_code_and_origin(scene: Scene) -> None:
    scene.metrics.sampled(result(1, Outcome.PASS, 200), "new")
    scene.metrics.sampled(result(2, Outcome.FAIL, 408, Origin.TIMEOUT), "new")
    scene.metrics.sampled(result(3, Outcome.FAIL, 408, Origin.TIMEOUT), "new")
    scene.metrics.sampled(result(4, Outcome.ERROR, None, Origin.SELF), "new")
    assert scene.value("probe_results_total", **PATH, outcome="pass", code="200", origin="wire") == 1
    assert scene.value("probe_results_total", **PATH, outcome="fail", code="408", origin="timeout") == 2
    assert scene.value("probe_results_total", **PATH, outcome="error", code="", origin="self") == 1


def test_up_follows_the_last_result(scene: Scene) -> None:
    scene.metrics.sampled(result(1, Outcome.PASS, 200), "new")
    assert scene.value("probe_up", **PATH) == 1
    scene.metrics.sampled(result(2, Outcome.FAIL, 503), "new")
    assert scene.value("probe_up", **PATH) == 0


def test_what_could_not_be_measured_is_neither_up_nor_down(scene: Scene) -> None:
    scene.metrics.sampled(result(1, Outcome.FAIL, 503), "new")
    scene.metrics.sampled(result(2, Outcome.ERROR, None, Origin.SELF), "new")
    up = scene.value("probe_up", **PATH)
    assert up is not None
    assert math.isnan(up)
    assert scene.value("probe_consecutive_failures", **PATH) == 1


def test_consecutive_failures_grow_until_a_pass(scene: Scene) -> None:
    for sequence, outcome in enumerate([Outcome.FAIL, Outcome.FAIL, Outcome.PASS, Outcome.FAIL]):
        scene.metrics.sampled(result(sequence, outcome, 503), "new")
        if sequence == 1:
            assert scene.value("probe_consecutive_failures", **PATH) == 2
    assert scene.value("probe_consecutive_failures", **PATH) == 1


def test_a_late_result_is_counted_and_does_not_tell_how_things_are(scene: Scene) -> None:
    scene.metrics.sampled(result(5, Outcome.FAIL, 503), "new")
    scene.metrics.sampled(result(4, Outcome.PASS, 200), "new")
    assert scene.value("probe_up", **PATH) == 0
    assert scene.value("probe_results_total", **PATH, outcome="pass", code="200", origin="wire") == 1


def test_durations_are_those_of_answers_on_the_wire(scene: Scene) -> None:
    scene.metrics.sampled(result(1, Outcome.PASS, 200), "new")
    scene.metrics.sampled(result(2, Outcome.FAIL, 408, Origin.TIMEOUT), "new")
    assert scene.value("probe_duration_seconds_count", **PATH) == 1
    assert scene.value("probe_duration_seconds_bucket", **PATH, le="0.005") == 1
    assert scene.value("probe_duration_seconds_bucket", **PATH, le="0.002") == 0


def of_targets(sequence: int, **outcomes: Outcome) -> list[Sample]:
    """One beat of a name that leads to these targets."""
    made = [(target, result(sequence, outcome, 200 if outcome is Outcome.PASS else 503)) for target, outcome in outcomes.items()]
    return [replace(each, result=replace(each.result, target=target, among=tuple(outcomes))) for target, each in made]


def test_each_of_several_targets_is_up_or_down_until_it_vanishes(scene: Scene) -> None:
    for sample in of_targets(0, a=Outcome.PASS, b=Outcome.FAIL, c=Outcome.ERROR):
        scene.metrics.sampled(sample, "new")
    up = {target: scene.value("probe_target_up", probe="trunk-new", target=target) for target in "abc"}
    assert (up["a"], up["b"], math.isnan(up["c"] or 0)) == (1, 0, True)
    assert (scene.value("probe_up", **PATH), scene.value("probe_consecutive_failures", **PATH)) == (1, 0)
    assert scene.value("probe_results_total", **PATH, outcome="fail", code="503", origin="wire") == 1
    for sample in of_targets(1, a=Outcome.FAIL, b=Outcome.FAIL):
        scene.metrics.sampled(sample, "new")
    assert scene.labels("probe_target_up") == [{"probe": "trunk-new", "target": "a"}, {"probe": "trunk-new", "target": "b"}]
    assert (scene.value("probe_up", **PATH), scene.value("probe_consecutive_failures", **PATH)) == (0, 1)


def test_a_fixed_target_has_no_series_of_its_own(scene: Scene) -> None:
    scene.metrics.sampled(result(1, Outcome.PASS, 200), "new")
    assert scene.labels("probe_target_up") == []


def test_the_end_of_a_certificate_is_told_in_unix_time(scene: Scene) -> None:
    told = result(1, Outcome.PASS, 200)
    scene.metrics.sampled(replace(told, result=replace(told.result, facts={"certificate_not_after": 1_800_000_000})), "new")
    assert scene.value("sip_certificate_expiry_seconds", probe="trunk-new") == 1_800_000_000


def test_the_certificate_of_a_probe_over_http_is_none_of_sip(scene: Scene) -> None:
    scene.metrics.apis(tuple, lambda: ("trunk-new",))
    told = result(0, Outcome.PASS, 200)
    scene.metrics.sampled(replace(told, result=replace(told.result, facts={"certificate_not_after": 1_800_000_000})), "new")
    assert scene.value("http_certificate_expiry_seconds", probe="trunk-new") == 1_800_000_000
    assert scene.labels("sip_certificate_expiry_seconds") == []


def test_what_came_of_an_apis_requests_is_told(scene: Scene) -> None:
    figures = ApiFigures("crm", {"2xx": 5, "429": 1}, 1_500_000_000, 2, Figures(6, 3, 1, 30 * NS_PER_S, 0.5))
    scene.metrics.apis(lambda: [figures, ApiFigures("open", {}, 0, 0, None, is_locked_out=True)], tuple)
    assert scene.value("api_requests_total", api="crm", outcome="2xx") == 5
    assert scene.value("api_requests_total", api="crm", outcome="429") == 1
    assert scene.value("api_tokens_total", api="crm") == 2
    assert (scene.value("api_login_failed", api="crm"), scene.value("api_login_failed", api="open")) == (0, 1)
    assert scene.value("api_requests_deferred_total", api="crm") == 3
    assert scene.value("api_requests_refused_total", api="crm") == 1
    assert scene.value("api_budget_wait_seconds_total", api="crm") == 1.5
    assert scene.value("api_budget_left", api="crm") == 0.5
    assert scene.value("api_pause_seconds", api="crm") == 30
    assert scene.labels("api_budget_left") == [{"api": "crm"}]


def test_registrations_are_asked_for_at_the_scrape(scene: Scene) -> None:
    assert scene.labels("sip_registered") == []
    ends = scene.world.now.mono_ns + 90 * NS_PER_S
    aors = [RegistrationView("sbc", True, ends), RegistrationView("lost", False), RegistrationView("asking", None)]
    scene.metrics.registrations(lambda: aors)
    assert (scene.value("sip_registered", probe="sbc"), scene.value("sip_registered", probe="lost")) == (1, 0)
    assert math.isnan(scene.value("sip_registered", probe="asking") or 0)
    assert scene.value("sip_registration_expires_seconds", probe="sbc") == 90
    assert scene.labels("sip_registration_expires_seconds") == [{"probe": "sbc"}]
    scene.world.later(30 * NS_PER_S)
    assert scene.value("sip_registration_expires_seconds", probe="sbc") == 60
    scene.world.later(61 * NS_PER_S)
    assert scene.value("sip_registration_expires_seconds", probe="sbc") == 0
    aors.clear()
    assert scene.labels("sip_registered") == []


def test_registers_are_counted_by_registrar(scene: Scene) -> None:
    scene.metrics.registrars(lambda: [RegistrarView("sip.example.net", sent=7, deferred=3)])
    assert scene.value("sip_registers_sent_total", registrar="sip.example.net") == 7
    assert scene.value("sip_registers_deferred_total", registrar="sip.example.net") == 3


def test_the_pace_of_a_registrar_stands_as_it_is_now(scene: Scene) -> None:
    view = RegistrarView("sip.example.net:5060", sent=7, deferred=3, rate=47.5, waiting=12, pause_ns=NS_PER_S // 2)
    scene.metrics.registrars(lambda: [view])
    names = ("sip_register_rate", "sip_registers_waiting", "sip_register_pause_seconds")
    assert [scene.value(name, registrar=view.registrar) for name in names] == [47.5, 12, 0.5]


def test_what_is_told_from_memory_took_no_time(scene: Scene) -> None:
    fresh = result(1, Outcome.FAIL, 401)
    scene.metrics.sampled(fresh, "new")
    told_again = replace(result(2, Outcome.FAIL, 401), result=replace(fresh.result, duration_ns=0))
    scene.metrics.sampled(told_again, "new")
    assert scene.value("probe_duration_seconds_count", **PATH) == 1
    assert scene.value("probe_results_total", **PATH, outcome="fail", code="401", origin="wire") == 2


def test_each_gate_is_in_exactly_one_state(scene: Scene) -> None:
    scene.world.is_healthy()
    states = {labels["state"]: scene.value("gate_state", **labels) for labels in scene.labels("gate_state")}
    assert states == {"UNKNOWN": 0, "HEALTHY": 1, "SUSPECT": 0, "TRIPPED": 0, "INCONCLUSIVE": 0}


def test_distance_stands_beside_its_threshold(scene: Scene) -> None:
    scene.world.is_healthy()
    scene.world.hears(503, 503)
    assert (scene.value("gate_distance", gate="inbound"), scene.value("gate_threshold", gate="inbound")) == (2, 3)


def test_whether_a_gate_answers_ok_is_computed_at_the_scrape(scene: Scene) -> None:
    scene.world.is_healthy()
    assert scene.value("gate_ok", gate="inbound") == 1
    scene.world.later(SPEC.max_age_ns)
    assert scene.value("gate_ok", gate="inbound") == 0


def test_a_latched_gate_shows(scene: Scene) -> None:
    scene.world.gate = replace(scene.world.gate, latched=True)
    scene.world.turn()
    assert scene.value("gate_latched", gate="inbound") == 1


def test_transitions_are_counted_by_where_they_went(scene: Scene) -> None:
    gate, transition = machine.advance(scene.world.gate, scene.world.sample(200), now=scene.world.now)
    assert transition is not None
    scene.metrics.judged(transition, gate)
    assert scene.value("gate_transitions_total", gate="inbound", before="UNKNOWN", after="HEALTHY") == 1


@pytest.mark.parametrize("phase", list(Phase))
def test_the_cutover_is_in_exactly_one_phase(scene: Scene, phase: Phase) -> None:
    scene.world.opens(phase)
    assert {p.value for p in Phase if scene.value("phase", phase=p.value) == 1} == {phase.value}


@pytest.mark.parametrize(
    ("cutover", "name"),
    [
        (Cutover(armed=("ab",)), "armed"),
        (Cutover(halted=True), "halted"),
        (Cutover(run=Run("r", "p", "d")), "run_in_progress"),
    ],
)
def test_a_switch_is_one_while_it_is_on(scene: Scene, cutover: Cutover, name: str) -> None:
    assert scene.value(name) == 0
    scene.world.cutover = cutover
    scene.world.turn()
    assert scene.value(name) == 1


def test_trouble_of_our_own_shows(scene: Scene) -> None:
    scene.world.turn(impaired="journal")
    assert scene.value("impaired") == 1


def test_the_webhooks_answers_are_counted_and_timed(scene: Scene) -> None:
    for took_ns in (50_000, 300_000, 5_000_000_000):
        scene.metrics.tally.answered("inbound", "OK", "ivr", began_ns=0, ended_ns=took_ns)
    assert scene.value("webhook_requests_total", gate="inbound", answer="OK") == 3
    name = "webhook_request_duration_seconds"
    assert scene.value(f"{name}_bucket", le="5e-05") == 1
    assert scene.value(f"{name}_bucket", le="0.0005") == 2
    assert scene.value(f"{name}_bucket", le="1.0") == 2
    assert scene.value(f"{name}_bucket", le="+Inf") == 3
    assert scene.value(f"{name}_count") == 3
    assert scene.value(f"{name}_sum") == pytest.approx(5.00035)


def test_the_last_request_has_a_time_that_does_not_creep(scene: Scene) -> None:
    mono_ns = scene.world.now.mono_ns
    scene.metrics.tally.answered("inbound", "OK", "ivr", began_ns=mono_ns, ended_ns=mono_ns)
    scene.world.later(1_500_000_000)
    first = scene.value("webhook_last_request_timestamp_seconds", gate="inbound")
    assert first == scene.world.now.utc_ns / NS_PER_S - 1.5
    scene.world.now = replace(scene.world.now, utc_ns=scene.world.now.utc_ns + 7 * NS_PER_S)  # the clock was set
    assert scene.value("webhook_last_request_timestamp_seconds", gate="inbound") == first
    assert scene.value("webhook_key_last_used_timestamp_seconds", key="ivr") == first


def test_refusals_are_counted_by_reason(scene: Scene) -> None:
    scene.metrics.tally.refused("unauthorized")
    assert scene.value("webhook_refused_total", reason="unauthorized") == 1


def test_a_commit_is_timed_and_its_entry_counted_by_kind(scene: Scene) -> None:
    [entry] = entries(Operated("open", {}), run="")
    scene.metrics.appended(entry, 0.0015)
    assert scene.value("journal_entries_total", kind="operated") == 1
    assert scene.value("journal_commit_seconds_bucket", le="0.002") == 1
    assert scene.value("journal_commit_seconds_bucket", le="0.001") == 0


def test_a_runs_stages_steps_and_attempts_are_told(scene: Scene) -> None:
    conflict = Responded(DNS, 1, "apply", "conflict", "nxrrset", "")
    for entry in entries(PLANNED, Inspected(DNS, False, {}), conflict, *done(DNS)):
        scene.metrics.appended(entry, 0.001)
    assert scene.value("run_stage_state", plan="p", stage="dns", state="waiting") == 1
    assert scene.value("run_stage_state", plan="p", stage="trunk", state="pending") == 1
    assert scene.value("step_attempts_total", step=DNS, outcome="conflict") == 1
    assert scene.value("step_attempts_total", step=DNS, outcome="applied") == 1
    assert scene.value("step_duration_seconds_sum", step=DNS) == 6


def test_the_last_recovery_stands_beside_its_objective(scene: Scene) -> None:
    assert scene.value("rto_last_seconds") is None
    for entry in entries(PLANNED, *done(DNS), Closed("restored", 42 * NS_PER_S)):
        scene.metrics.appended(entry, 0.001)
    assert (scene.value("rto_last_seconds"), scene.value("rto_objective_seconds")) == (42, 600)


def test_after_a_restart_stages_and_recovery_are_recalled_and_counters_are_not(scene: Scene) -> None:
    scene.metrics.recalled(entries(PLANNED, Responded(DNS, 1, "apply", "terminal", "badkey", ""), Halted(DNS, "badkey", "")))
    assert scene.value("run_stage_state", plan="p", stage="dns", state="halted") == 1
    assert scene.labels("step_attempts_total") == []
    assert scene.labels("journal_entries_total") == []


def test_loop_lag_is_a_histogram(scene: Scene) -> None:
    scene.metrics.lagged(0.3)
    assert scene.value("loop_lag_seconds_bucket", le="0.5") == 1
    assert scene.value("loop_lag_seconds_bucket", le="0.25") == 0


def test_losses_are_read_at_the_scrape(scene: Scene) -> None:
    scene.dropped = 7
    scene.ignored["malformed:start-line"] += 2
    scene.failures["page"] += 1
    assert scene.value("samples_dropped_total") == 7
    assert scene.value("sip_datagrams_ignored_total", reason="malformed:start-line") == 2
    assert scene.value("observer_failures_total", observer="page") == 1


def test_build_and_interpreter_are_labels(scene: Scene) -> None:
    [labels] = scene.labels("build_info")
    assert labels["version"] == "0.1.0"


def test_every_name_of_the_contract_for_this_machine_exists(scene: Scene) -> None:
    scene.world.is_healthy()
    scene.metrics.sampled(result(1, Outcome.PASS, 200), "new")
    scene.metrics.lagged(0)
    scene.metrics.tally.answered("inbound", "OK", "ivr", began_ns=0, ended_ns=1)
    for entry in entries(PLANNED, *done(DNS), Closed("restored", NS_PER_S)):
        scene.metrics.appended(entry, 0.001)
    body = scene.metrics.render()[0].decode()
    families: set[Any] = {family.name for family in text_string_to_metric_families(body)}
    told = """probe_results probe_up probe_duration_seconds probe_consecutive_failures gate_state gate_distance phase armed
        webhook_requests webhook_request_duration_seconds webhook_last_request_timestamp_seconds run_stage_state
        step_duration_seconds step_attempts rto_objective_seconds rto_last_seconds loop_lag_seconds journal_commit_seconds
        build_info gate_transitions probe_target_up sip_registered sip_registration_expires_seconds sip_registers_sent
        sip_registers_deferred sip_register_rate sip_registers_waiting sip_certificate_expiry_seconds"""
    assert {f"cutoverd_{name}" for name in told.split()} - families == set()


def test_no_series_says_when_it_was_created(scene: Scene) -> None:
    scene.metrics.lagged(0)
    assert b"_created" not in scene.metrics.render()[0]
