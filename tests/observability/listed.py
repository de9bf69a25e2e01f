"""The metrics as docs/monitoring.md lists them, and as other documents name them."""

from __future__ import annotations

import re

from tests.observability import shipped

ROW = re.compile(r"^\| `(cutoverd_\w+)(?:\{([\w,]+)\})?` \| .+ \|$", re.MULTILINE)
NAMED = re.compile(r"`(cutoverd_\w+)(?:\{([\w,]+)\})?`")


def listed() -> dict[str, frozenset[str]]:
    """The labels of each metric in the document's table."""
    _, _, table = shipped.DOCUMENT.read_text().partition("\n## Metrics\n")
    rows = ROW.findall(table)
    assert len({name for name, _ in rows}) == len(rows)
    return {name: _labels(text) for name, text in rows}


def elsewhere() -> list[tuple[str, frozenset[str]]]:
    """(metric, labels) wherever another document names one; no labels where it gives none."""
    others = [path for path in shipped.DOCUMENT.parent.glob("*.md") if path != shipped.DOCUMENT]
    return [(name, _labels(text)) for path in others for name, text in NAMED.findall(path.read_text())]


def _labels(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()
