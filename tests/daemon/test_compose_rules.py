"""Each rule as it is written in the file, and the rule that judges by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.gating import Rule as Settings
from config.gating import Value as ValueSettings
from config.load import judge
from config.quantities import Measure
from daemon.compose import gates as compose_gates
from daemon.compose.rules import of
from gates.gate import GateState
from gates.rules.agreement import Agreement
from gates.rules.consecutive import Consecutive
from gates.rules.failures import Failures
from gates.rules.point import PointRatio
from gates.rules.ratio import SequentialRatio
from gates.rules.stable import StableFor
from gates.rules.value import Value
from tests.gates.bench import PASS, Bench, failed

EXAMPLE = Path(__file__).parents[2] / "config" / "examples" / "cutoverd.yaml"
WRITTEN = "      consecutive: 3\n      codes: [503, 408]\n"
S = 1_000_000_000


def written(rule: str) -> Settings:
    """The first rule of the example's gate, once it says `rule`."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert WRITTEN in text
    loaded = judge(text.replace(WRITTEN, f"      {rule}\n" if rule else "").encode(), file="f.yaml", folder="/")
    return loaded.settings.gates["inbound"].trip[0]


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        ("", Consecutive(3, (503, 408))),
        ("consecutive: 5", Consecutive(5, (503, 408))),
        ("failures: 4\n      of: 10\n      codes: [503]", Failures(4, 10, (503,))),
        ("success_ratio: {}", SequentialRatio(0.99, 0.90, 0.05, 0.05, 200)),
        (
            "success_ratio: {good: 99.5%, bad: 95%, alpha: 1%, beta: 2%, at_most: 900}",
            SequentialRatio(0.995, 0.95, 0.01, 0.02, 900),
        ),
        ("success_ratio: {basis: point, at_least: 90%, of: 30}", PointRatio(0.90, 30)),
        ("value: {below: 5s}", Value("duration", 95, 5.0 * S, False, True, 300 * S, 20)),
        (
            "value: {fact: mos, percentile: 5, above: 3.5, window: 60s, at_least_samples: 10}",
            Value("mos", 5, 3.5, True, False, 60 * S, 10),
        ),
        ("stable_for: 120s", StableFor(120 * S)),
    ],
)
def test_what_is_written_is_what_judges(rule: str, made: Any) -> None:
    assert of(written(rule)) == made


def test_an_agreement_of_all_is_one() -> None:
    assert of(Settings(probes=("agents",), agreement=1.0)) == Agreement(1.0)


def test_a_bound_of_nothing_is_a_bound() -> None:
    rule = of(Settings(probes=("queue",), value=ValueSettings(fact="depth", below=Measure.parse(0))))
    assert isinstance(rule, Value)
    assert rule.bound == 0
    assert not rule.is_lower


def test_a_rule_that_is_written_trips_the_gate_that_is_made_of_it() -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace(WRITTEN, "      failures: 2\n      of: 5\n")
    settings = judge(text.replace("compare_with: [trunk-old]", "").encode(), file="f.yaml", folder="/").settings
    bench = Bench(compose_gates.of("inbound", settings.gates["inbound"], settings.probes))
    bench.run("trunk-new", [PASS, failed(), PASS, PASS], 0)
    assert bench.state is GateState.HEALTHY
    bench.hear("trunk-new", failed(408), 4)
    assert bench.state is GateState.TRIPPED
    assert bench.transitions[-1].evidence.startswith("trunk-new: 503, 408: 2 counted in the last 5 of 5 ≥ 2; last PASS 1.0 s ago")
