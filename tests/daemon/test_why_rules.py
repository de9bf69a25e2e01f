"""`why` for every kind of rule: resolved values, the whole sum, and what would change it; as a document and as text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from config import model
from config.gating import SuccessRatio, Value
from config.quantities import ANY, Combine, Measure
from daemon.cli import why_text
from probes.sample import NS_PER_S, ProbeResult
from tests.daemon.test_why import NEW, OLD, Watch, settings
from tests.gates.bench import PASS, failed

RULES: dict[str, dict[str, Any]] = {
    "consecutive": {"consecutive": 3},
    "failures": {"failures": 2, "of": 6},
    "success_ratio": {"success_ratio": SuccessRatio(basis="point", of=3)},
    "sequential": {"success_ratio": SuccessRatio()},
    "value": {"value": Value(fact="latency_ms", below=Measure(5, is_duration=False), at_least_samples=2)},
    "stable_for": {"stable_for": 120 * NS_PER_S},
    "agreement": {"agreement": 0.98},
}
SHAKY = replace(failed(), facts={"latency_ms": 9, "agreed": 1, "asked": 10})


def watching(*rules: model.Rule, combine: Combine = ANY, compare: bool = False) -> Watch:
    made = settings()
    gate = replace(made.gates["inbound"], trip=rules, combine=combine, compare_with=(OLD,) if compare else ())
    return Watch(replace(made, gates={**made.gates, "inbound": gate}))


def of(kind: str, probe: str = NEW, **more: Any) -> model.Rule:
    return model.Rule(probes=(probe,), **RULES[kind], **more)


@pytest.mark.parametrize("kind", RULES)
def test_every_rule_tells_its_values_its_sum_and_the_way_out(kind: str) -> None:
    watch = watching(of(kind))
    watch.hears(NEW, *[PASS] * 4)
    watch.hears(NEW, *[SHAKY] * 4)
    told = watch.told()
    (clause,) = told["rule"]["clauses"]
    assert clause["rule"] == ("success_ratio" if kind == "sequential" else kind)
    assert (clause["probes"], clause["combine"], clause["missing"]) == ([NEW], "any", "unknown")
    (reading,) = told["readings"]
    assert reading["level"] in ("bad", "doubtful", "failing", "undecided")
    assert reading["distance"] == told["distance"]
    assert reading["to_bad"] or reading["to_fine"]
    text = why_text.lines(told)
    assert "  trips       on " in text
    if kind != "consecutive":
        assert reading["arithmetic"] in text
        assert f"{clause['rule']} (" in text


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("results", [[], [PASS] * 40, [PASS] * 4 + [SHAKY] * 5, [SHAKY] * 5])
def test_what_would_change_the_verdict_is_said_in_every_state(kind: str, results: list[ProbeResult]) -> None:
    watch = watching(of(kind), compare=True)
    watch.hears(OLD, PASS)
    watch.hears(NEW, *results)
    told = watch.told()
    assert told["would_change"]
    assert all(each["by"] for each in told["would_change"])
    way_out = {each["to"] for each in told["would_change"]}
    assert told["state"] not in way_out
    why_text.lines(told)


def test_several_rules_stand_by_number_with_how_many_it_takes() -> None:
    watch = watching(of("consecutive"), of("failures"), combine=Combine(2))
    watch.hears(NEW, PASS, failed(), failed())
    text = why_text.lines(watch.told()).splitlines()
    assert "  trips       when all of these 2 rules are bad:" in text
    assert "    1         3 consecutive 503 or 408 of trunk-new, without a PASS between" in text
    assert any(line.startswith("    2         failures (failures 2, of 6, codes 503/408) of trunk-new") for line in text)
    assert "  1 trunk-new: failing: 503, 503: 2 consecutive < 3; last PASS 3.0 s ago" in text
    assert any(line.startswith("  2 trunk-new: bad: ") for line in text)
    assert "  1 of 2 rules bad, 2 needed" in text


@pytest.mark.parametrize(("combine", "said"), [(Combine(1), "any"), (Combine(2), "2"), (Combine(None), "all")])
def test_a_quorum_of_probes_is_said_as_one(combine: Combine, said: str) -> None:
    watch = watching(replace(of("consecutive"), probes=(NEW, OLD, "elsewhere"), combine=combine))
    line = f"  trips       on 3 consecutive 503 or 408 of {said} of trunk-new, trunk-old, elsewhere, without a PASS between"
    assert line in why_text.lines(watch.told()).splitlines()


def test_an_undecided_rule_that_is_taken_for_something_says_so() -> None:
    text = why_text.lines(watching(of("sequential", missing="failing")).told())
    assert "of trunk-new; undecided counts as failing" in text


def test_codes_are_shown_apart_by_origin_and_count_together() -> None:
    refused = failed()
    watch = watching(of("consecutive"))
    transport = replace(refused, origin=type(refused.origin)("transport"))
    watch.hears(NEW, PASS, refused, transport, refused)
    told = watch.told()
    (known,) = told["evidence"]
    assert (known["counted"], known["codes"], told["state"]) == (3, {"503": 2, "503 transport": 1}, "TRIPPED")
    assert "3 counted (503: 2, 503 transport: 1), 3 failing" in why_text.lines(told)


def test_a_result_counts_if_one_rule_over_the_probe_counts_its_code() -> None:
    watch = watching(of("consecutive"), of("consecutive", codes=(486,)))
    watch.hears(NEW, PASS, failed(486), failed(500))
    (known,) = watch.told()["evidence"]
    assert [each["counts"] for each in known["results"]] == ["for the answer only: outside the code set", "yes", "resets"]


def test_a_rule_without_codes_counts_every_failure() -> None:
    watch = watching(of("sequential"))
    watch.hears(NEW, failed(500))
    assert [each["counts"] for each in watch.told()["evidence"][0]["results"]] == ["yes"]


def test_a_run_that_waits_says_that_the_rules_are_not_bad_any_more() -> None:
    watch = watching(model.Rule(probes=(NEW,), failures=2, of=2))
    watch.hears(NEW, PASS, failed(), failed(), PASS)
    told = watch.told()
    assert told["state"] == "TRIPPED"
    (run,) = told["runs"]
    assert run["due_in_ms"] is None
    assert "its rules are not bad now: the clock of confirm_for stands" in run["says"]
    assert "after its rules are bad again" in run["says"]
