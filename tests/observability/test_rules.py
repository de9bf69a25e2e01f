"""The alert rules by Prometheus' own tools: they are well formed, fire when they must and only then."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.observability import shipped
from tests.observability.shipped import Rule

Need = Callable[[str], str]

RULES = [pytest.param(rule, id=rule.id) for rule in shipped.rules()]
LABELS = re.compile(r"\$labels\.(\w+)")
EXPECTED = re.compile(r'(\w+)="([^"]*)"')
ASKED_FOR = {
    "GateSuspect", "GateTripped", "GateInconclusive", "GateUnknown", "RunHalted", "GuardStale", "WebhookSilent", "ProbeFailing",
    "RunInterlocked", "ControlFailing", "ReloadFailed", "RecordingFails",
}  # fmt: skip
OF_GATES = {"GateTripped", "GateInconclusive", "GateSuspect", "GateUnknown"}
SHADOWS = re.compile(r"unless on \(job, instance, gate\) \(cutoverd_gate_shadow == 1\)$")


def tool(program: str, *arguments: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unit_tests() -> list[dict[str, Any]]:
    """Every expectation of rules_test.yml about firing alerts."""
    tests = shipped.read_yaml(shipped.RULES_TEST)["tests"]
    return [expected for test in tests for expected in test["promql_expr_test"] if 'alertstate="firing"' in expected["expr"]]


def firing(rule: Rule) -> list[dict[str, str]]:
    """The labels with which the unit tests expect the rule's alert to fire."""
    samples = [sample["labels"] for expected in unit_tests() for sample in expected["exp_samples"]]
    told = [dict(EXPECTED.findall(labels)) for labels in samples]
    return [labels for labels in told if (labels["alertname"], labels.get("cause", "")) == (rule.alert, rule.cause)]


def test_promtool_accepts_the_rules_and_finds_no_duplicate(need: Need) -> None:
    tool(need("promtool"), "check", "rules", "--lint=all", "--lint-fatal", shipped.RULES)


def test_promtool_sees_each_rule_fire_and_hold_its_peace(need: Need) -> None:
    tool(need("promtool"), "test", "rules", shipped.RULES_TEST.name, cwd=shipped.RULES_TEST.parent)


def test_promtool_accepts_the_example_configuration(need: Need) -> None:
    told = tool(need("promtool"), "check", "config", shipped.PROMETHEUS)
    assert "1 rule files found" in told


def test_the_example_scrapes_and_evaluates_every_five_seconds() -> None:
    config = shipped.read_yaml(shipped.PROMETHEUS)
    (job,) = config["scrape_configs"]
    assert (job["job_name"], job["scrape_interval"], config["global"]["evaluation_interval"]) == ("cutoverd", "5s", "5s")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_unit_test_in_which_it_fires(rule: Rule) -> None:
    assert firing(rule)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_unit_test_in_which_it_does_not_fire(rule: Rule) -> None:
    silent = [dict(EXPECTED.findall(expected["expr"])) for expected in unit_tests() if not expected["exp_samples"]]
    assert [found for found in silent if (found["alertname"], found.get("cause", "")) == (rule.alert, rule.cause)]


@pytest.mark.parametrize("rule", RULES)
def test_every_label_that_an_annotation_quotes_is_on_the_alert(rule: Rule) -> None:
    quoted = set(LABELS.findall(" ".join(rule.annotations.values())))
    assert [labels for labels in firing(rule) if not quoted <= set(labels)] == []


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_severity_and_says_what_and_what_next(rule: Rule) -> None:
    assert rule.labels["severity"] in ("critical", "warning")
    assert 10 < len(rule.annotations["summary"]) <= 100
    _, _, following = rule.annotations["description"].partition("Next")
    assert "`cutoverd " in following


@pytest.mark.parametrize("rule", RULES)
def test_no_shadow_raises_an_alert_of_gates(rule: Rule) -> None:
    """Whatever asks for the state of a gate leaves shadows out, but for their own alert."""
    if "cutoverd_gate_state" in rule.expr and rule.alert != "ShadowGate":
        assert rule.alert in OF_GATES
        assert SHADOWS.search(rule.expr.strip())


@pytest.mark.parametrize("rule", [rule for rule in shipped.rules() if rule.alert == "ShadowGate"], ids=lambda rule: rule.id)
def test_a_shadow_wakes_nobody(rule: Rule) -> None:
    assert rule.labels["severity"] == "warning"


def test_rules_of_one_alert_are_told_apart_by_cause() -> None:
    ids = [rule.id for rule in shipped.rules()]
    assert sorted(set(ids)) == sorted(ids)


def test_the_alerts_that_operators_were_promised_are_there() -> None:
    assert {rule.alert for rule in shipped.rules()} >= ASKED_FOR
