"""Other values of a rule's main parameter: each is one that the file could say, and the present one is marked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.gating import Rule
from config.load import load
from config.model import Settings
from daemon.replay.variants import Variant, variants

EXAMPLE = Path(__file__).parents[2] / "config" / "examples" / "cutoverd.yaml"
PROBES = "gates.inbound.trip.probes=[trunk-new]"


def _settings(rule: str) -> Settings:
    return load(EXAMPLE, setting=[f"gates.inbound.trip={rule}", PROBES]).settings


def _told(found: list[Variant]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for each in found:
        told.setdefault(each.parameter.removeprefix("gates.inbound."), []).append(each.written)
    return told


RULES = [
    ("{consecutive: 4}", "trip.consecutive", "1 2 3 4 5 6 7 8 9 10", "4"),
    ("{failures: 3, of: 5}", "trip.failures", "1 2 3 4 5", "3"),
    ("{success_ratio: {basis: point, at_least: 92%}}", "trip.success_ratio.at_least", "70% 80% 85% 90% 92% 95% 99%", "92%"),
    ("{success_ratio: {bad: 75%}}", "trip.success_ratio.bad", "50% 60% 70% 75% 80% 85% 90% 95%", "75%"),
    ("{value: {below: 5s}}", "trip.value.below", "1.25s 2.5s 3.75s 5s 7.5s 10s 15s", "5s"),
    ("{value: {fact: share, above: 80}}", "trip.value.above", "20 40 60 80 120 160 240", "80"),
    ("{stable_for: 120s}", "trip.stable_for", "30s 1m 90s 2m 3m 4m 6m", "2m"),
]


@pytest.mark.parametrize(("rule", "parameter", "values", "present"), RULES)
def test_each_kind_of_rule_has_its_main_parameter(rule: str, parameter: str, values: str, present: str) -> None:
    found = variants(_settings(rule), "inbound")
    assert _told(found) == {parameter: values.split()}
    assert [each.written for each in found if each.present] == [present]


@pytest.mark.parametrize(("rule", "parameter", "values", "present"), RULES)
def test_each_value_is_one_that_the_file_could_say(rule: str, parameter: str, values: str, present: str) -> None:
    for each in variants(_settings(rule), "inbound"):
        again = load(EXAMPLE, setting=[f"gates.inbound.trip={rule}", PROBES, f"{each.parameter}={each.written}"]).settings
        assert [other.present for other in variants(again, "inbound") if other.written == each.written] == [True]


def test_each_rule_of_a_gate_is_varied_by_itself() -> None:
    setting = "gates.inbound.trip=[{probes: [trunk-new], consecutive: 2}, {probes: [trunk-new], stable_for: 2m}]"
    found = variants(load(EXAMPLE, setting=[setting]).settings, "inbound")
    assert list(_told(found)) == ["trip[0].consecutive", "trip[1].stable_for"]
    assert [each.written for each in found if each.present] == ["2", "2m"]


def test_a_share_that_must_agree_is_varied_around_the_usual_ones() -> None:
    settings = load(EXAMPLE).settings
    gate = replace(settings.gates["inbound"], trip=(Rule(probes=("trunk-new",), agreement=0.92),))
    found = variants(replace(settings, gates={"inbound": gate}), "inbound")
    assert _told(found) == {"trip.agreement": ["90%", "92%", "95%", "97%", "98%", "99%", "100%"]}
    assert [each.written for each in found if each.present] == ["92%"]
