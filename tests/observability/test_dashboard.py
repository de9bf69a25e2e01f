"""The dashboard is one that Grafana can load and a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from tests.observability import shipped
from tests.observability.promql import named

SCHEMA = 42
"""Grafana 12's; newer ones migrate it when they load it."""
BROUGHT_BY_GRAFANA = {"row", "stat", "timeseries", "state-timeline", "bargauge"}
COLUMNS = 24

PANELS = [pytest.param(panel, id=panel["title"]) for panel in shipped.panels() if panel["type"] != "row"]
TARGETS = [pytest.param(target, id=f"{title} {target['refId']}") for title, target in shipped.targets()]


def area(panel: dict[str, Any]) -> set[tuple[int, int]]:
    grid = panel["gridPos"]
    return {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}


def datasources(node: Any) -> Iterator[Any]:
    """Whatever is called a datasource, however deep."""
    if isinstance(node, dict):
        yield from ([node["datasource"]] if "datasource" in node else [])
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from datasources(inner)


def test_schema_version_is_the_current_one() -> None:
    assert shipped.dashboard()["schemaVersion"] == SCHEMA


def test_panel_ids_are_unique() -> None:
    ids = [panel["id"] for panel in shipped.panels()]
    assert sorted(set(ids)) == sorted(ids)


def test_titles_are_unique() -> None:
    titles = [panel["title"] for panel in shipped.panels()]
    assert sorted(set(titles)) == sorted(titles)


def test_no_panel_lies_on_another() -> None:
    overlapping = [(a["title"], b["title"]) for a, b in combinations(shipped.panels(), 2) if area(a) & area(b)]
    assert overlapping == []


def test_every_panel_lies_within_the_grid() -> None:
    assert [panel["title"] for panel in shipped.panels() if not {x for x, _ in area(panel)} <= set(range(COLUMNS))] == []


def test_new_path_and_baseline_path_stand_side_by_side() -> None:
    grids = {panel["title"]: panel["gridPos"] for panel in shipped.panels()}
    for what in ("results", "latency"):
        new, old = grids[f"New path: {what}"], grids[f"Baseline path: {what}"]
        assert (new["y"], new["h"], new["w"], new["x"] + new["w"]) == (old["y"], old["h"], old["w"], old["x"])


def test_only_panels_that_grafana_brings_are_used() -> None:
    assert {panel["type"] for panel in shipped.panels()} <= BROUGHT_BY_GRAFANA


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_has_a_description_a_unit_and_a_target(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_and_each_of_its_targets_names_a_datasource(panel: dict[str, Any]) -> None:
    assert all("datasource" in each for each in (panel, *panel["targets"]))


def test_every_datasource_is_named_by_variable() -> None:
    found = list(datasources(shipped.dashboard()))
    assert found
    assert [source for source in found if source != {"type": "prometheus", "uid": "${datasource}"}] == []


@pytest.mark.parametrize("panel", PANELS)
def test_the_targets_of_a_panel_have_letters_of_their_own(panel: dict[str, Any]) -> None:
    letters = [target["refId"] for target in panel["targets"]]
    assert sorted(set(letters)) == sorted(letters)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_asks_for_the_chosen_daemon_only(target: dict[str, Any]) -> None:
    selectors = named(target["expr"]).selectors
    assert selectors
    chosen = [
        [m for m in selector.matchers if (m.label, m.operator, m.value) == ("instance", "=", "$instance")]
        for selector in selectors
    ]
    assert all(chosen)


def test_the_variables_are_a_prometheus_datasource_and_a_daemon_found_in_it() -> None:
    source, instance = shipped.dashboard()["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert (instance["name"], instance["type"], instance["datasource"]["uid"]) == ("instance", "query", "${datasource}")
    assert instance["query"]["query"] == instance["definition"] == "label_values(cutoverd_build_info, instance)"
