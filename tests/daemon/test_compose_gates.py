"""From a gate in the file to the gate that judges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config import model
from config.addresses import SipTarget
from config.gating import SuccessRatio
from config.quantities import Combine
from daemon.compose import gates as compose_gates
from gates.gate import fresh
from gates.rules.consecutive import Consecutive
from gates.rules.ratio import SequentialRatio
from gates.rules.reading import Level
from probes.sample import NS_PER_S

NEW = model.SipOptionsProbe(kind="sip_options", path="new", target=SipTarget("192.0.2.10"))
SLOW = replace(NEW, every=30 * NS_PER_S, timeout=4 * NS_PER_S)
PROBES = {"a": NEW, "b": NEW, "c": SLOW, "old": replace(NEW, path="baseline")}


def test_one_rule_is_one_clause_and_any_probe_is_enough() -> None:
    made = compose_gates.of("inbound", model.Gate(trip=(model.Rule(probes=("a", "b")),), compare_with=("old",)), PROBES)
    (clause,) = made.clauses
    assert (clause.rule, clause.probes, clause.need, clause.missing) == (
        Consecutive(3, (503, 408)), ("a", "b"), 1, Level.UNDECIDED,
    )  # fmt: skip
    assert (made.need, made.needed, made.baseline, made.threshold) == (1, ("a", "b"), ("old",), 3)


@pytest.mark.parametrize(("combine", "need"), [(Combine(1), 1), (Combine(2), 2), (Combine(None), 3)])
def test_combine_says_how_many_probes_and_rules_must_be_bad(combine: Combine, need: int) -> None:
    rules = tuple(model.Rule(probes=("a", "b", "c"), consecutive=n, combine=combine) for n in (2, 3, 4))
    made = compose_gates.of("inbound", model.Gate(trip=rules, combine=combine), PROBES)
    assert (made.need, [clause.need for clause in made.clauses]) == (need, [need] * 3)


@pytest.mark.parametrize(
    ("missing", "level"), [("unknown", Level.UNDECIDED), ("passing", Level.FINE), ("failing", Level.DOUBTFUL)]
)
def test_missing_says_what_an_undecided_rule_is_taken_for(missing: str, level: Level) -> None:
    rule = model.Rule(probes=("a",), success_ratio=SuccessRatio(), missing=missing)  # type: ignore[arg-type]
    (clause,) = compose_gates.of("inbound", model.Gate(trip=(rule,)), PROBES).clauses
    assert isinstance(clause.rule, SequentialRatio)
    assert clause.missing is level


def test_the_probes_of_all_rules_are_needed_each_once() -> None:
    rules = (model.Rule(probes=("b", "a")), model.Rule(probes=("a", "c"), consecutive=4))
    made = compose_gates.of("inbound", model.Gate(trip=rules), PROBES)
    assert made.needed == ("b", "a", "c")
    assert made.threshold == 4


def test_max_age_is_that_of_the_slowest_probe_of_any_rule() -> None:
    rules = (model.Rule(probes=("a",)), model.Rule(probes=("c",)))
    assert compose_gates.of("inbound", model.Gate(trip=rules), PROBES).max_age_ns == 94 * NS_PER_S
    assert compose_gates.of("inbound", model.Gate(trip=rules, max_age=7), PROBES).max_age_ns == 7


def test_a_probe_is_counted_once_for_each_set_of_codes() -> None:
    rules = (
        model.Rule(probes=("a",), codes=(503, 408), consecutive=5),
        model.Rule(probes=("a", "b"), codes=(408, 503)),
        model.Rule(probes=("a",), codes=(486,)),
        model.Rule(probes=("a",), failures=2, of=4, codes=(600,)),
    )
    made = compose_gates.of("inbound", model.Gate(trip=rules, compare_with=("old",)), PROBES)
    assert [(each.codes, each.threshold) for each in made.countings["a"]] == [({503, 408}, 5), ({486}, 3)]
    assert set(fresh(made).inputs) == {"a", "a [486]", "b", "old"}


def test_rules_that_remember_by_themselves_need_no_counting_of_their_own() -> None:
    rules = tuple(model.Rule(probes=("a",), failures=2, of=4, codes=(code,)) for code in (503, 486))
    assert set(fresh(compose_gates.of("inbound", model.Gate(trip=rules), PROBES)).inputs) == {"a"}


def test_gates_written_alike_are_equal_and_others_are_not() -> None:
    settings = model.Gate(trip=(model.Rule(probes=("a",)),))
    assert compose_gates.of("inbound", settings, PROBES) == compose_gates.of("inbound", settings, PROBES)
    for other in (
        model.Rule(probes=("b",)),
        model.Rule(probes=("a",), codes=(503,)),
        model.Rule(probes=("a",), missing="failing"),
    ):
        assert compose_gates.of("inbound", replace(settings, trip=(other,)), PROBES) != compose_gates.of(
            "inbound", settings, PROBES
        )
