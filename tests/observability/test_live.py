"""Every metric, label and value that rules, dashboard and list name is there when the installed daemon has had a night."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.observability import shipped
from tests.observability.listed import listed
from tests.observability.night import Night, Scrape
from tests.observability.promql import Named, Selector, named

BY_PROMETHEUS = {"job", "instance"}
"""Labels that the scrape adds."""
NOT_THE_DAEMONS = {"up"}
LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
EXPRESSIONS = shipped.expressions()


def selected(scrape: Scrape, selector: Selector) -> list[set[str]]:
    """The labels of each series that the selector picks."""
    matchers = [matcher for matcher in selector.matchers if matcher.label not in BY_PROMETHEUS]
    of_name = [dict(labels) for metric, labels in scrape if metric == selector.metric]
    return [set(labels) for labels in of_name if all(matcher.fits(labels.get(matcher.label, "")) for matcher in matchers)]


def ours(expression: str) -> Named:
    found = named(expression)
    return Named(tuple(each for each in found.selectors if each.metric not in NOT_THE_DAEMONS), found.labels)


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_selector_picks_a_live_series(night: Night, where: str) -> None:
    nothing = [selector for selector in ours(EXPRESSIONS[where]).selectors if not selected(night.scrape, selector)]
    assert nothing == []


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_label_of_a_grouping_is_on_a_live_series(night: Night, where: str) -> None:
    found = ours(EXPRESSIONS[where])
    live = {label for selector in found.selectors for labels in selected(night.scrape, selector) for label in labels}
    assert found.labels - live - BY_PROMETHEUS == set()


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_matcher_names_a_label_of_its_metric(night: Night, where: str) -> None:
    for selector in ours(EXPRESSIONS[where]).selectors:
        live = {label for labels in selected(night.scrape, Selector(selector.metric)) for label in labels}
        assert {matcher.label for matcher in selector.matchers} - live - BY_PROMETHEUS == set(), selector


@pytest.mark.parametrize("target", [pytest.param(target, id=f"{title} {target['refId']}") for title, target in shipped.targets()])
def test_every_label_of_a_legend_is_on_what_the_panel_shows(night: Night, target: dict[str, Any]) -> None:
    where = next(where for where, expr in EXPRESSIONS.items() if expr == target["expr"] and where.startswith("panel"))
    shown = [set(series["metric"]) for series in night.answers[where]]
    wanted = set(LEGEND.findall(target["legendFormat"]))
    assert [labels for labels in shown if not wanted <= labels] == []


@pytest.mark.parametrize("where", [where for where in EXPRESSIONS if where.startswith("panel")])
def test_every_panel_shows_something_after_a_night(night: Night, where: str) -> None:
    assert night.answers[where]


def test_prometheus_evaluates_every_rule_without_an_error(night: Night) -> None:
    assert len(night.rules) == len(shipped.rules())
    assert [(rule["name"], rule["health"], rule.get("lastError", "")) for rule in night.rules if rule["health"] != "ok"] == []


def test_the_state_of_a_gate_shows_as_the_state_it_is_in(night: Night) -> None:
    tripped = next(panel for panel in shipped.panels() if panel["title"] == "Gate")["fieldConfig"]["defaults"]["mappings"][0]
    (series,) = night.answers["panel Gate A"]
    assert tripped["options"][series["value"][1]]["text"] == "TRIPPED"


def test_the_stage_of_a_run_that_is_over_shows_as_done(night: Night) -> None:
    mapping = next(panel for panel in shipped.panels() if panel["title"] == "Stages")["fieldConfig"]["defaults"]["mappings"][0]
    (series,) = night.answers["panel Stages A"]
    assert mapping["options"][series["value"][1]]["text"] == "done"


def test_every_metric_that_is_served_is_listed_and_no_other(night: Night) -> None:
    assert sorted(night.families ^ set(listed())) == []


def test_every_metric_is_listed_with_the_labels_that_it_has(night: Night) -> None:
    known = listed()
    served = {(name.removesuffix("_count"), frozenset(dict(labels))) for name, labels in night.scrape}
    found = {name: labels for name, labels in served if name in known}
    assert len(found) > len(known) / 2
    assert {name: labels for name, labels in found.items() if labels != known[name]} == {}
