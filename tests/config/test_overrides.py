"""Values set over those of the file mean what the same words in it mean, and their mistakes are said at their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from config.problem import ConfigInvalid

S = 1_000_000_000


def _problems(example: Path, *setting: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as invalid:
        load(example, setting=setting)
    return [problem.render() for problem in invalid.value.problems]


def test_a_value_of_the_file_is_replaced(example: Path) -> None:
    assert load(example, setting=["gates.inbound.trip.consecutive=2"]).settings.gates["inbound"].trip[0].consecutive == 2


def test_the_last_of_two_counts(example: Path) -> None:
    settings = load(example, setting=["gates.inbound.max_age=40s", "gates.inbound.max_age=50s"]).settings
    assert settings.gates["inbound"].max_age == 50 * S


def test_a_mapping_that_the_file_leaves_out_begins(example: Path) -> None:
    assert load(example, setting=["interlocks.between_runs=10m"]).settings.interlocks.between_runs == 600 * S


def test_a_single_rule_is_also_the_first_of_a_list(example: Path) -> None:
    assert load(example, setting=["gates.inbound.trip[0].consecutive=4"]).settings.gates["inbound"].trip[0].consecutive == 4


def test_nothing_after_the_equals_sign_is_as_empty_as_in_the_file(example: Path) -> None:
    assert load(example, setting=["recording="]).settings.recording is None


def test_a_list_and_a_mapping_are_written_as_in_the_file(example: Path) -> None:
    setting = ["gates.inbound.trip.codes=[500, 503]", "recording={keep: 10m, at_most: 2MB}"]
    settings = load(example, setting=setting).settings
    assert settings.gates["inbound"].trip[0].codes == (500, 503)
    assert settings.recording is not None
    assert settings.recording.keep == 600 * S


def test_an_unknown_key_is_said_with_what_was_perhaps_meant(example: Path) -> None:
    (problem,) = _problems(example, "gates.inbound.trip.consecutiv=2")
    assert problem.startswith("--set gates.inbound.trip.consecutiv=2:1:")
    assert "gates.inbound.trip: unknown key 'consecutiv'; did you mean 'consecutive'?" in problem


def test_a_gate_that_is_not_there_does_not_begin_to_exist(example: Path) -> None:
    assert _problems(example, "gates.inbuond.trip.consecutive=2") == [
        "--set gates.inbuond.trip.consecutive=2:1:1: gates: there is no 'inbuond' here; did you mean 'inbound'?"
    ]


def test_a_value_out_of_range_is_said_at_the_value(example: Path) -> None:
    assert _problems(example, "gates.inbound.max_age=40s", "gates.inbound.trip.consecutive=0") == [
        "--set gates.inbound.trip.consecutive=0:1:32: gates.inbound.trip.consecutive: 0 is too small: at least 1"
    ]


@pytest.mark.parametrize("text", ["", "=2", "gates", "gates..inbound=2", "gates.inbound[x]=2", "gates.in bound=2"])
def test_what_is_no_setting_is_told_what_one_looks_like(example: Path, text: str) -> None:
    assert _problems(example, text) == [f"--set {text}:1:1: expected KEY.KEY=VALUE, such as gates.inbound.trip.consecutive=2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gates.inbound.compare_with.x=2", "this is a list: say which, such as gates.inbound.compare_with[0]"),
        ("gates.inbound.compare_with[7]=x", "there is no item 7 here"),
        ("gates.inbound.on_trip[7].run=x", "there is no item 7 here"),
        ("name.x=2", "this is one value: there is nothing in it to set"),
        ("gates.inbound.trip.codes=[500", "YAML syntax"),
        ("gates.inbound.trip.codes=&a 500", "anchors (&name) are not accepted"),
    ],
)
def test_a_place_that_cannot_be_set_is_named(example: Path, text: str, said: str) -> None:
    assert any(said in problem for problem in _problems(example, text))


def test_what_is_wrong_across_the_file_is_found_with_the_value_in_place(example: Path) -> None:
    assert any("trunk-gone" in problem for problem in _problems(example, "gates.inbound.compare_with=[trunk-gone]"))
