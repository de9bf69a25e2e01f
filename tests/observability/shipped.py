"""The files of observability/, read as what they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "observability"
RULES = FOLDER / "prometheus" / "rules.yml"
RULES_TEST = FOLDER / "prometheus" / "rules_test.yml"
PROMETHEUS = FOLDER / "prometheus" / "prometheus.yml"
ALERTMANAGER = FOLDER / "alertmanager" / "alertmanager.yml"
DASHBOARD = FOLDER / "grafana" / "cutoverd.json"
DOCUMENT = ROOT / "docs" / "monitoring.md"


def read_yaml(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


@dataclass(frozen=True)
class Rule:
    alert: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def cause(self) -> str:
        return self.labels.get("cause", "")

    @property
    def id(self) -> str:
        return f"{self.alert}-{self.cause}".rstrip("-")


def rules() -> list[Rule]:
    found = [rule for group in read_yaml(RULES)["groups"] for rule in group["rules"]]
    return [Rule(rule["alert"], rule["expr"], rule["labels"], rule["annotations"]) for rule in found]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def panels() -> list[dict[str, Any]]:
    """Every panel, also those inside a collapsed row."""
    tops = dashboard()["panels"]
    return [*tops, *(panel for row in tops for panel in row.get("panels", []))]


def targets() -> Iterator[tuple[str, dict[str, Any]]]:
    """(panel's title, target)."""
    for panel in panels():
        for target in panel.get("targets", []):
            yield panel["title"], target


def expressions() -> dict[str, str]:
    """Every expression by where it stands: rules, panels, annotations of the dashboard."""
    of_rules = {f"rule {rule.id}": rule.expr for rule in rules()}
    of_panels = {f"panel {title} {target['refId']}": target["expr"] for title, target in targets()}
    of_marks = {f"marks {mark['name']}": mark["expr"] for mark in dashboard()["annotations"]["list"]}
    return of_rules | of_panels | of_marks
