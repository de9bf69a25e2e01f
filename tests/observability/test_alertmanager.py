"""The Alertmanager example: accepted by amtool, and whom each alert reaches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.observability import shipped
from tests.observability.shipped import Rule
from tests.observability.test_rules import RULES, tool

Need = Callable[[str], str]


def test_amtool_accepts_the_example(need: Need) -> None:
    tool(need("amtool"), "check-config", shipped.ALERTMANAGER)


@pytest.mark.parametrize("rule", RULES)
def test_critical_alerts_reach_who_is_on_duty_and_warnings_the_room(need: Need, rule: Rule) -> None:
    labels = [f"{name}={value}" for name, value in {**rule.labels, "alertname": rule.alert}.items()]
    told = tool(need("amtool"), "config", "routes", "test", "--config.file", shipped.ALERTMANAGER, *labels)
    assert told.split() == ["duty" if rule.labels["severity"] == "critical" else "room"]


def test_every_alert_that_inhibits_or_is_inhibited_exists() -> None:
    alerts = {rule.alert for rule in shipped.rules()}
    inhibitions = shipped.read_yaml(shipped.ALERTMANAGER)["inhibit_rules"]
    matchers = [matcher for rule in inhibitions for matcher in rule["source_matchers"] + rule["target_matchers"]]
    named = [matcher.partition("=")[2].strip('~"') for matcher in matchers if matcher.startswith("alertname")]
    assert {name for names in named for name in names.split("|")} <= alerts
    assert named


def test_nothing_critical_is_ever_inhibited() -> None:
    severities: dict[str, set[str]] = {}
    for rule in shipped.rules():
        severities.setdefault(rule.alert, set()).add(rule.labels["severity"])
    for inhibition in shipped.read_yaml(shipped.ALERTMANAGER)["inhibit_rules"]:
        (target,) = [matcher.split('"')[1] for matcher in inhibition["target_matchers"] if matcher.startswith("alertname")]
        assert severities[target] == {"warning"} or 'severity="warning"' in inhibition["target_matchers"]
