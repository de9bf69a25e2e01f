"""The documents of `why`: told of gates that the real machine judged, over what a history remembers of the same samples."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from config import model, probing
from config.addresses import Address, SipTarget
from config.model import Settings
from config.secrets import Secret
from config.server import Key, WebhookServer
from daemon import status
from daemon.board import Board
from daemon.cli import why_text
from daemon.compose import compose
from daemon.compose import gates as compose_gates
from daemon.explain import why
from daemon.explain.why import Ground
from daemon.observe import LastTransitions, ProbeHistory
from daemon.reply import Exit, Reply
from daemon.status import Standing
from gates import lease, machine
from gates.cutover import Cutover, Hold, Phase, Run
from gates.gate import Gate, GateState, fresh, was_told
from gates.machine import Disturbed, Latch
from probes.sample import NS_PER_S, Origin, Outcome, ProbeResult, Sample, Trace
from tests.gates.bench import ERROR, PASS, SILENCE, failed, of, s

DIGEST = "ab" * 32
STANDING = Standing("night", 0, 10**19, {"rollback": DIGEST}, baseline="cd" * 32)
OPEN = Cutover(phase=Phase.OPEN, armed=(DIGEST,))
RUN = Run("rollback@1", "rollback", DIGEST)
NEW, OLD, AWAY = "trunk-new", "trunk-old", "elsewhere"
OVERLOADED = ProbeResult(
    Outcome.FAIL, 503, Origin.WIRE, "rejected", 4_200_000, {"peer": "192.0.2.10:5060", "retry_after_s": 30, "detail": "busy"}
)


def settings(*, needed: tuple[str, ...] = (NEW,), max_age: int | None = None) -> Settings:
    new = model.SipOptionsProbe(kind="sip_options", path="new", target=SipTarget("192.0.2.10"), suspect_every=NS_PER_S)
    return Settings(
        name="night",
        cutover=model.Window(
            opens=datetime.fromisoformat("2026-12-05T22:00:00Z"), closes=datetime.fromisoformat("2026-12-06T06:00:00Z")
        ),
        server=model.Server(
            webhook=WebhookServer(listen=Address("127.0.0.1", 0), keys=(Key(name="ivr", secret=Secret(env="IVR")),)),
            admin=model.AdminServer(listen=Address("127.0.0.1", 0)),
        ),
        store=model.Store(url="sqlite:///night.db"),
        probes={
            NEW: new,
            OLD: replace(new, path="baseline", every=4 * NS_PER_S, timeout=3 * NS_PER_S, source="192.0.2.1"),
            AWAY: replace(new, path="control", accept=("2xx", 404)),
        },
        gates={
            "inbound": model.Gate(
                trip=(model.Rule(probes=needed),), compare_with=(OLD,), on_trip=(model.OnTrip(run="rollback"),), max_age=max_age
            ),
            "outbound": model.Gate(trip=(model.Rule(probes=(OLD,)),)),
        },
    )


@dataclass
class Watch:
    """Gates, history and clock: samples go where the daemon would send them. Times in seconds; attempts take none."""

    settings: Settings = field(default_factory=settings)
    cutover: Cutover = OPEN
    impaired: str = ""
    now: float = 0
    turned: float | None = None

    def __post_init__(self) -> None:
        self.gates: dict[str, Gate] = {name: fresh(spec) for name, spec in compose.gates(self.settings).items()}
        self.history, self.transitions = ProbeHistory(), LastTransitions()
        self.sequences: dict[str, int] = {}

    def does(self, event: machine.Event) -> None:
        for name, before in self.gates.items():
            self.gates[name], transition = machine.advance(before, event, now=s(self.now))
            if isinstance(event, Sample) and was_told(before, self.gates[name], event.probe):
                self.history.counted(self.gates[name], event)
            if transition:
                self.transitions.judged(transition, self.gates[name])

    def hears(self, probe: str, *results: ProbeResult, sent: float | None = None, sequence: int | None = None) -> None:
        for result in results:
            number = self.sequences.get(probe, 0) if sequence is None else sequence
            self.sequences[probe] = max(number + 1, self.sequences.get(probe, 0))
            sample = Sample(probe, "local", number, s(self.now if sent is None else sent), s(self.now), result)
            self.history.sampled(sample, "new")
            self.does(sample)
            self.now += 1

    def latches(self, plan: str) -> None:
        self.gates["inbound"], transition = machine.advance(self.gates["inbound"], Latch(plan, "op"), now=s(self.now))
        assert transition
        self.transitions.judged(transition, self.gates["inbound"])

    def board(self) -> Board:
        unwell = "journal" if self.impaired else ""
        leases = {name: lease.lease(gate, self.cutover, impaired=unwell, now=s(self.now)) for name, gate in self.gates.items()}
        turned = s(self.now if self.turned is None else self.turned).mono_ns
        return Board(self.cutover, self.gates, leases, turned, self.impaired)

    def asked(self, name: str, kind: str = "") -> Reply:
        ground = Ground(
            self.settings, self.board(), STANDING, self.transitions, self.history.results, self.history.failures,
            self.history.judged,
        )  # fmt: skip
        return why.explain(ground, name, kind=kind, now=s(self.now))

    def told(self, name: str = "inbound") -> dict[str, Any]:
        return self.asked(name).data


@pytest.fixture
def watch() -> Watch:
    made = Watch()
    made.hears(OLD, PASS)
    made.hears(NEW, PASS)
    return made


def by_probe(told: dict[str, Any]) -> dict[str, Any]:
    return {each["probe"]: each for each in told["evidence"]}


# A gate


def test_a_healthy_gate_says_what_the_ivr_is_told_and_why(watch: Watch) -> None:
    told = watch.told()
    assert (told["kind"], told["verdict"], told["gate"], told["state"], told["finding"]) == (
        "gate", "OK", "inbound", "HEALTHY", "passing",
    )  # fmt: skip
    assert (told["answer"], told["route"], told["because"]) == ("OK", "new", "every needed probe passes, and freshly")
    assert (told["age_ms"], told["valid_for_ms"], told["overlays"]) == (1_000, 16_000, [])
    assert (told["phase"], told["armed"]) == ("open", True)


def test_the_rule_is_told_with_its_values(watch: Watch) -> None:
    assert watch.told()["rule"] == {
        "clauses": [
            {
                "rule": "consecutive",
                "threshold": 3,
                "codes": [503, 408],
                "probes": [NEW],
                "combine": "any",
                "need": 1,
                "missing": "unknown",
            }
        ],
        "combine": "any",
        "need": 1,
        "needed": [NEW],
        "compare_with": [OLD],
        "recover": 5,
        "max_age_ms": 17_000,
        "max_age": "17s",
        "max_age_from": "default: 3 × every 5s + timeout 2s of trunk-new",
        "on_trip": [{"plan": "rollback", "confirm_for_ms": 10_000, "confirm_for": "10s"}],
    }


def test_a_configured_max_age_is_called_so() -> None:
    rule = Watch(settings(max_age=60 * NS_PER_S)).told()["rule"]
    assert (rule["max_age_ms"], rule["max_age_from"]) == (60_000, "configured")


@pytest.mark.parametrize("gate", ["inbound", "outbound"])
def test_the_arithmetic_of_the_default_is_that_of_the_composition(gate: str) -> None:
    rule = Watch().told(gate)["rule"]
    assert compose.gates(settings())[gate].max_age_ns == rule["max_age_ms"] * 1_000_000
    every, timeout = {"inbound": (5, 2), "outbound": (4, 3)}[gate]
    assert rule["max_age_ms"] == (compose_gates.FRESH_INTERVALS * every + timeout) * 1_000
    assert f"every {every}s + timeout {timeout}s" in rule["max_age_from"]


def test_the_evidence_holds_counters_moments_and_results_newest_first(watch: Watch) -> None:
    watch.hears(NEW, OVERLOADED, failed(500))
    known = by_probe(watch.told())[NEW]
    assert (known["path"], known["counted"], known["failing"], known["passes"]) == ("new", 1, 2, 0)
    assert known["first_failed"] == known["first_counted"] == {"at": status.instant(s(2).utc_ns), "age_ms": 2_000}
    assert known["last_pass"] == {"at": status.instant(s(1).utc_ns), "age_ms": 3_000}
    assert [(each["label"], each["counts"], each["age_ms"]) for each in known["results"]] == [
        ("500", "for the answer only: outside the code set", 1_000),
        ("503", "yes", 2_000),
        ("PASS", "resets", 3_000),
    ]
    assert known["results"][1] == {
        "outcome": "fail",
        "label": "503",
        "target": "",
        "code": 503,
        "origin": "wire",
        "reason": "rejected",
        "sent": status.instant(s(2).utc_ns),
        "age_ms": 2_000,
        "took_us": 4_200,
        "facts": {"peer": "192.0.2.10:5060", "retry_after_s": 30, "detail": "busy"},
        "counts": "yes",
    }


def test_only_the_newest_results_stand_beside_a_gate(watch: Watch) -> None:
    watch.hears(NEW, *[PASS] * 5, failed(), PASS)
    shown = by_probe(watch.told())[NEW]["results"]
    assert [each["outcome"] for each in shown] == ["pass", "fail", "pass", "pass", "pass"]
    assert [each["age_ms"] for each in shown] == [1_000, 2_000, 3_000, 4_000, 5_000]


def test_an_error_a_late_result_and_silence_we_slept_through_do_not_count(watch: Watch) -> None:
    watch.hears(NEW, ERROR)
    watch.hears(NEW, failed(), sequence=5)
    watch.hears(NEW, failed(), sequence=4)
    watch.does(Disturbed("loop lagged 3.0 s"))
    watch.hears(NEW, SILENCE, sent=watch.now - 1, sequence=6)
    counts = [each["counts"] for each in by_probe(watch.told())[NEW]["results"]]
    assert counts == ["no: late, or silence while we were disturbed", "no: late", "yes", "no: we could not measure", "resets"]


def test_a_result_that_the_judge_has_not_seen_yet_does_not_count_yet(watch: Watch) -> None:
    watch.history.sampled(Sample(NEW, "local", 9, s(2), s(2), failed()), "new")
    assert by_probe(watch.told())[NEW]["results"][0]["counts"] == "not yet"


def test_a_failure_of_the_baseline_path_counts_whatever_its_code(watch: Watch) -> None:
    watch.hears(OLD, failed(500))
    assert by_probe(watch.told())[OLD]["results"][0]["counts"] == "yes"


def test_the_last_transition_stands_with_its_arithmetic_and_age(watch: Watch) -> None:
    watch.hears(NEW, failed())
    last = watch.told()["last_transition"]
    assert (last["before"], last["after"], last["age_ms"]) == ("HEALTHY", "SUSPECT", 1_000)
    assert last["evidence"] == "trunk-new: 503: 1 consecutive < 3; last PASS 1.0 s ago"
    assert last["at"] == status.instant(s(2).utc_ns)


def test_before_anything_happened_there_is_no_transition_and_no_moment() -> None:
    told = Watch().told()
    known = by_probe(told)[NEW]
    assert told["last_transition"] is None
    assert (known["age_ms"], known["first_failed"], known["last_pass"], known["results"]) == (-1, None, None, [])


def test_what_would_change_the_verdict_counts_from_the_newest_attempt(watch: Watch) -> None:
    (trips,) = [each for each in watch.told()["would_change"] if each["to"] == "TRIPPED"]
    assert trips["by"].startswith("3 consecutive 503/408 on trunk-new, without a PASS between, and a PASS of trunk-old")
    # Sent 1 s ago: due in 4 s. At once: 4, 5, 6. Silent: 4, then hastened when it is known at 6, 7: known at 9.
    assert (trips["earliest_ms"], trips["latest_ms"]) == (6_000, 9_000)


def test_a_suspect_gate_is_asked_about_at_the_hastened_cadence(watch: Watch) -> None:
    watch.hears(NEW, failed())
    cadences = {each["probe"]: each for each in watch.told()["cadence"]}
    assert cadences[NEW] == {
        "probe": NEW, "now_ms": 1_000, "hastened": True, "every_ms": 5_000, "suspect_every_ms": 1_000, "timeout_ms": 2_000,
    }  # fmt: skip
    assert cadences[OLD]["hastened"]
    (trips,) = [each for each in watch.told()["would_change"] if each["to"] == "TRIPPED"]
    assert (trips["earliest_ms"], trips["latest_ms"]) == (1_000, 3_000)


def test_a_trip_says_when_its_run_starts(watch: Watch) -> None:
    watch.hears(NEW, *[failed()] * 3)
    watch.hears(OLD, PASS)
    assert watch.told()["runs"] == [
        {
            "plan": "rollback",
            "says": "run of rollback: starts in 9.0 s unless a PASS comes",
            "ran": False,
            "due_in_ms": 9_000,
            "blocked": [],
        }
    ]


REASONS = {
    "not-open": "the cutover is not open",
    "reverted": "a run has closed",
    "held": "somebody holds the answer at DEGRADED",
    "journal": "the journal cannot be written",
}


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_of_the_webhook_is_told_in_words(watch: Watch, reason: str) -> None:
    match reason:
        case "not-open":
            watch.cutover = Cutover()
        case "reverted":
            watch.cutover = Cutover(Phase.REVERTED)
        case "held":
            watch.cutover = replace(OPEN, holds={"inbound": Hold(False, "a look", s(60).utc_ns)})
        case _:
            watch.impaired = "no space"
    told = watch.told()
    assert (told["answer"], told["route"], told["reason"]) == ("DEGRADED", "baseline", reason)
    assert told["because"].startswith(REASONS[reason])
    assert told["overlays"]


@pytest.mark.parametrize("state", [state for state in GateState if state is not GateState.UNKNOWN])
def test_a_held_ok_is_called_a_hold_whatever_the_gate_says(watch: Watch, state: GateState) -> None:
    watch.gates["inbound"] = replace(watch.gates["inbound"], state=state)
    watch.cutover = replace(OPEN, holds={"inbound": Hold(True, "a look", s(60).utc_ns)})
    assert watch.told()["because"] == "somebody holds the answer at OK, whatever the gate says"


def test_a_committed_cutover_is_ok_whatever_the_gates_say(watch: Watch) -> None:
    watch.cutover = Cutover(Phase.COMMITTED)
    watch.impaired = "no space"
    watch.now += 60
    told = watch.told()
    assert (told["answer"], told["because"]) == ("OK", "the cutover is committed: the new path always, whatever the gates say")
    assert {each["name"]: each["says"] for each in told["overlays"]} == {
        "phase": "committed: every answer is OK, and nothing is reverted automatically",
        "impaired": "no space: no run starts",
    }


def overlays(watch: Watch) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in watch.told()["overlays"]}


def test_a_latch_is_lifted_by_reset_alone_and_says_when_that_is_refused(watch: Watch) -> None:
    watch.latches("rollback")
    watch.cutover = replace(OPEN, run=RUN, latched={"inbound": frozenset({"rollback"})})
    assert overlays(watch)["latch"]["lifted_by"] == "only `reset` (refused now: run rollback@1 is in progress)"
    assert overlays(watch)["run"] == {"name": "run", "says": "rollback@1 is in progress", "lifted_by": "its end"}
    watch.cutover = replace(watch.cutover, run=None)
    assert overlays(watch)["latch"]["lifted_by"] == "only `reset`"
    assert watch.told()["would_change"][0]["by"].startswith("only `reset`")


def test_a_run_that_stopped_names_its_step_and_who_moves_it(watch: Watch) -> None:
    watch.cutover = replace(OPEN, run=replace(RUN, stopped=True, halted_at="rollback/dns", detail="BADKEY"))
    found = overlays(watch)["run"]
    assert (found["says"], found["lifted_by"]) == ("rollback@1 stopped at rollback/dns: BADKEY", "`retry` or `abandon`")


def test_a_hold_says_for_how_long_and_who_lifts_it(watch: Watch) -> None:
    watch.cutover = replace(OPEN, holds={"inbound": Hold(False, "a look", s(watch.now + 90).utc_ns)})
    assert overlays(watch)["hold"] == {
        "name": "hold",
        "says": "DEGRADED, for 90.0 s more: a look; no trip of this gate starts a run",
        "lifted_by": "`release`, or its end",
        "until": status.instant(s(watch.now + 90).utc_ns),
    }


def test_a_halt_stands_over_every_gate(watch: Watch) -> None:
    watch.cutover = replace(OPEN, halted=True)
    assert overlays(watch)["halt"]["lifted_by"] == "`resume`"


def test_a_disturbance_names_the_probes_that_must_be_heard_again(watch: Watch) -> None:
    watch.does(Disturbed("loop lagged 3.0 s"))
    told = watch.told()
    assert (told["answer"], told["reason"]) == ("DEGRADED", "disturbed")
    assert overlays(watch)["disturbed"]["lifted_by"] == "a result of trunk-new that was sent since"
    watch.now += 1
    watch.hears(NEW, PASS)
    assert overlays(watch) == {}


def test_a_judge_that_stands_still_is_named(watch: Watch) -> None:
    watch.turned = watch.now - 2
    assert overlays(watch)["lag"]["lifted_by"] == "its next turn"
    assert watch.told()["because"].startswith("the judging loop has not turned")


def test_a_gate_that_turned_callers_away_says_so_until_it_recovers(watch: Watch) -> None:
    watch.hears(NEW, *[failed(500)] * 3)
    assert watch.told()["because"] == "callers were turned away, and the gate has not recovered since"


# The exit code


def test_the_exit_code_is_that_of_the_asked_gate_alone(watch: Watch) -> None:
    watch.hears(NEW, *[failed()] * 3)
    watch.hears(OLD, PASS)
    assert (watch.asked("inbound").exit, watch.asked("outbound").exit) == (Exit.TRIPPED, Exit.OK)
    assert watch.told()["verdict"] == "TRIPPED"


@pytest.mark.parametrize("halted", [False, True])
@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("failures", [0, 1, 3])
def test_the_exit_code_is_that_of_status_where_there_is_one_gate(phase: Phase, failures: int, halted: bool) -> None:
    watch = Watch(cutover=replace(OPEN, phase=phase, halted=halted))
    del watch.gates["outbound"]
    watch.hears(OLD, PASS)
    watch.hears(NEW, PASS, *[failed()] * failures)
    watch.hears(OLD, PASS)
    whole = status.document(watch.board(), STANDING, now=s(watch.now))
    assert watch.asked("inbound").exit is status.exit_code(whole)


# A probe


def test_a_probe_is_told_with_its_target_cadence_and_who_needs_it(watch: Watch) -> None:
    told = watch.told(OLD)
    assert (told["kind"], told["probe"], told["probe_kind"], told["path"]) == ("probe", OLD, "sip_options", "baseline")
    assert (told["target"], told["source"], told["accept"]) == ("sip:192.0.2.10", "192.0.2.1", ["2xx"])
    assert told["cadence"] == {
        "now_ms": 4_000, "hastened": False, "every_ms": 4_000, "suspect_every_ms": 1_000, "timeout_ms": 3_000,
    }  # fmt: skip
    assert [(each["gate"], each["as"], each["state"]) for each in told["needed_by"]] == [
        ("inbound", "compare_with", "HEALTHY"),
        ("outbound", "needed", "HEALTHY"),
    ]
    assert told["hastened_by"] == []


def test_a_fact_that_is_a_duration_is_named_so_that_its_figures_have_a_unit() -> None:
    made = settings()
    extract = {"latency": probing.Extract(pointer="/l", unit="s"), "calls": probing.Extract(pointer="/c")}
    probe = probing.HttpProbe(kind="http", path="new", url="http://192.0.2.1/", extract=extract)
    watch = Watch(replace(made, probes={**made.probes, NEW: probe}))
    watch.hears(NEW, replace(PASS, facts={"latency": 250_000_000, "calls": 7}))
    shown = [line for name in ("inbound", NEW) for line in why_text.lines(watch.told(name)).splitlines() if "calls 7" in line]
    assert len(shown) == 2
    assert all("latency 250 ms, calls 7" in line for line in shown)


def test_a_hastened_probe_names_the_gate_that_hastens_it(watch: Watch) -> None:
    watch.hears(NEW, failed())
    told = watch.told(OLD)
    assert (told["cadence"]["now_ms"], told["hastened_by"]) == (1_000, ["inbound"])


def test_a_probes_results_and_failures_are_told_apart_newest_first(watch: Watch) -> None:
    watch.hears(NEW, OVERLOADED, ERROR, PASS)
    told = watch.told(NEW)
    assert [each["outcome"] for each in told["results"]] == ["pass", "error", "fail", "pass"]
    assert [(each["outcome"], each["age_ms"]) for each in told["failures"]] == [("error", 2_000), ("fail", 3_000)]
    assert told["failures"][1]["facts"]["retry_after_s"] == 30


def test_a_probe_tells_the_worst_of_the_gates_that_name_it(watch: Watch) -> None:
    watch.hears(NEW, *[failed()] * 3)
    watch.hears(OLD, PASS)
    assert watch.asked(OLD).exit is Exit.TRIPPED
    assert watch.asked(NEW).exit is Exit.TRIPPED


@pytest.mark.parametrize(
    ("results", "expected"), [([], Exit.UNKNOWN), ([PASS], Exit.OK), ([failed()], Exit.DEGRADED), ([ERROR], Exit.UNKNOWN)]
)
def test_a_probe_that_no_gate_names_tells_its_newest_result(watch: Watch, results: list[ProbeResult], expected: Exit) -> None:
    watch.hears(AWAY, *results)
    assert watch.asked(AWAY).exit is expected
    assert watch.told(AWAY)["needed_by"] == []


# Names


def test_an_unknown_name_is_a_mistake_of_usage_with_a_suggestion_and_the_list(watch: Watch) -> None:
    reply = watch.asked("inbund")
    assert reply.exit is Exit.USAGE
    assert reply.message.splitlines() == [
        "why: no gate or probe is named 'inbund'; did you mean 'inbound'?",
        "gates: inbound, outbound",
        "probes: elsewhere, trunk-new, trunk-old",
    ]


def test_a_probe_that_bears_a_gates_name_is_found_by_its_kind() -> None:
    plain = settings()
    twins = replace(plain, probes={**plain.probes, "inbound": plain.probes[NEW]})
    watch = Watch(twins)
    assert watch.told()["kind"] == "gate"
    assert watch.asked("inbound", "probe").data["kind"] == "probe"


def test_a_name_of_the_other_kind_is_not_found_where_a_kind_was_asked_for(watch: Watch) -> None:
    assert watch.asked(NEW, "gate").message.splitlines()[1:] == ["gates: inbound, outbound"]
    assert watch.asked("inbound", "probe").exit is Exit.USAGE


@pytest.mark.parametrize("name", ["inbound", NEW])
def test_the_documents_are_plain_json(watch: Watch, name: str) -> None:
    watch.cutover = replace(OPEN, halted=True, holds={"inbound": Hold(True, "a look", s(60).utc_ns)}, run=RUN)
    watch.hears(NEW, *[OVERLOADED] * 3, ERROR)
    told = watch.told(name)
    assert json.loads(json.dumps(told)) == told


# A name that leads to several targets


def beat(watch: Watch, probe: str, **results: ProbeResult) -> None:
    """One attempt: the results of its targets, all at this moment."""
    sequence, now = watch.sequences.get(probe, 0), watch.now
    for target, result in results.items():
        watch.now = now
        watch.hears(probe, of(target, result, "".join(results)), sequence=sequence)


@pytest.fixture
def several() -> Watch:
    made = Watch()
    made.hears(OLD, PASS)
    beat(made, NEW, a=PASS, b=PASS)
    beat(made, NEW, a=failed(500), b=PASS)
    beat(made, NEW, a=SILENCE, b=ERROR)
    return made


def test_each_target_of_a_gates_probe_is_told_with_its_last_result_count_and_age(several: Watch) -> None:
    known = by_probe(several.told())[NEW]
    assert (known["counted"], known["failing"], known["passes"], known["age_ms"]) == (0, 0, 2, 2_000)
    assert [(each["target"], each["last"], each["counted"], each["failing"], each["age_ms"]) for each in known["targets"]] == [
        ("a", "408 timeout", 1, 2, 1_000),
        ("b", "no-route self", 0, 0, 2_000),
    ]


def test_each_result_names_its_target_and_counts_by_the_order_of_that_target(several: Watch) -> None:
    several.hears(NEW, of("a", failed(), "ab"), sequence=4)
    several.hears(NEW, of("b", failed(), "ab"), sequence=3)
    several.hears(NEW, of("a", PASS, "ab"), sequence=3)
    results = by_probe(several.told())[NEW]["results"]
    assert [(each["target"], each["label"], each["counts"]) for each in results] == [
        ("a", "PASS", "no: late"),
        ("b", "503", "yes"),
        ("a", "503", "yes"),
        ("b", "no-route self", "no: we could not measure"),
        ("a", "408 timeout", "yes"),
    ]


def test_a_result_of_a_target_that_vanished_says_what_it_meant_then(several: Watch) -> None:
    beat(several, NEW, a=PASS)
    results = by_probe(several.told())[NEW]["results"]
    assert [(each["target"], each["counts"]) for each in results] == [
        ("a", "resets"),
        ("b", "no: we could not measure"),
        ("a", "yes"),
        ("b", "resets"),
        ("a", "for the answer only: outside the code set"),
    ]
    several.hears(NEW, of("b", failed(), "ab"), sequence=2)
    assert by_probe(several.told())[NEW]["results"][0]["counts"] == "no: late"


def test_what_would_change_the_verdict_says_of_how_many_targets(several: Watch) -> None:
    told = {each["to"]: each["by"] for each in several.told()["would_change"]}
    assert told["SUSPECT"] == "1 failure of trunk-new (each of its 2 targets), any code: shown, and the answer stays"
    assert told["TRIPPED"].startswith("3 consecutive 503/408 on trunk-new (each of its 2 targets), without a PASS between")


def test_a_probe_is_told_with_where_its_name_leads_and_what_each_counts(several: Watch) -> None:
    told = several.told(NEW)
    assert told["targets"] == [
        {"target": "a", "last": "408 timeout", "age_ms": 1_000},
        {"target": "b", "last": "no-route self", "age_ms": 1_000},
    ]
    assert told["needed_by"][0]["targets"] == [
        {"target": "a", "counted": "1/3 counted, 2 failing, 0 PASS"},
        {"target": "b", "counted": "0/3 counted, 0 failing, 2 PASS"},
    ]
    assert several.told(OLD)["targets"] == []


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ({"a": failed(), "b": PASS}, Exit.OK),
        ({"a": PASS, "b": failed()}, Exit.OK),
        ({"a": failed(), "b": failed()}, Exit.DEGRADED),
        ({"a": failed(), "b": ERROR}, Exit.UNKNOWN),
    ],
)
def test_a_probe_that_no_gate_names_is_well_while_one_of_its_targets_is(results: dict[str, ProbeResult], expected: Exit) -> None:
    watch = Watch()
    beat(watch, AWAY, **results)
    assert watch.asked(AWAY).exit is expected


def test_a_name_that_cannot_be_looked_up_any_more_is_not_well_by_what_its_targets_told_before() -> None:
    watch = Watch()
    beat(watch, AWAY, a=PASS, b=PASS)
    watch.hears(AWAY, ERROR)
    assert watch.asked(AWAY).exit is Exit.UNKNOWN


def test_the_documents_of_several_targets_are_plain_json(several: Watch) -> None:
    for name in ("inbound", NEW):
        told = several.told(name)
        assert json.loads(json.dumps(told)) == told


def test_results_of_a_probe_carry_their_messages_and_the_evidence_of_a_gate_does_not(watch: Watch) -> None:
    watch.hears(NEW, replace(OVERLOADED, trace=Trace(b"OPTIONS sip:a SIP/2.0\r\n\r\n", b"SIP/2.0 503 \xff\r\n\r\n")))
    told = watch.told(NEW)
    seen = {"sent": "OPTIONS sip:a SIP/2.0\r\n\r\n", "received": "SIP/2.0 503 �\r\n\r\n"}
    assert (told["results"][0]["trace"], told["failures"][0]["trace"]) == (seen, seen)
    assert "trace" not in told["results"][1]
    assert not any("trace" in result for known in watch.told()["evidence"] for result in known["results"])
