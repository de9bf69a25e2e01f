"""`docs/states.md` is what the code draws, and what the code draws is the whole of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import generate, situations
from gates.command import PERMITTED
from gates.compare import COMPARE, Comparison, Side
from gates.cutover import Command, Phase
from gates.gate import GateState
from gates.machine import TRANSITIONS, Finding

ROOT = Path(__file__).resolve().parents[2]


def tables(text: str) -> list[list[list[str]]]:
    """Each table's rows of cells, the head first and the rule below it left out."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE)
    return [
        [[cell.strip() for cell in row.strip("|").split(" | ")] for row in block.splitlines() if "---" not in row]
        for block in blocks
    ]


def edges(text: str) -> set[tuple[str, str, str]]:
    return {
        (a, b, label)
        for a, b, labels in re.findall(r"^    (\w+) --> (\w+): (.+)$", text, flags=re.MULTILINE)
        for label in labels.split(", ")
    }


def test_the_committed_page_is_what_the_code_draws() -> None:
    assert generate.PAGE.read_text(encoding="utf-8") == generate.page(), "run `make docs`"


def test_the_make_target_writes_that_page(tmp_path: Path) -> None:
    for name in ("generate.py", "situations.py"):
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / name).write_text((ROOT / "docs" / name).read_text())
    for package in ("gates", "probes"):
        (tmp_path / package).symlink_to(ROOT / package)
    subprocess.run([sys.executable, "-m", "docs.generate"], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "docs" / "states.md").read_text() == generate.page()
    assert "$(BIN)/python -m docs.generate" in (ROOT / "Makefile").read_text()


def test_the_gates_table_has_every_state_and_finding() -> None:
    _, drawn = tables(generate.gate())
    assert drawn[0][1:] == [f"`{finding}`" for finding in Finding]
    assert {row[0]: [row[0] if cell == "·" else cell for cell in row[1:]] for row in drawn[1:]} == {
        str(state): [str(TRANSITIONS[state][finding]) for finding in Finding] for state in GateState
    }


def test_the_gates_diagram_has_every_change_of_state_and_no_other() -> None:
    changes = {
        (str(before), str(after), str(finding))
        for before, row in TRANSITIONS.items()
        for finding, after in row.items()
        if after is not before
    }
    assert edges(generate.gate()) == changes


def test_every_finding_is_explained() -> None:
    assert set(generate.FINDINGS) == set(Finding)


def test_the_comparison_has_every_pair_of_sides() -> None:
    (drawn,) = tables(generate.comparison())
    cells = {(new, old): Comparison(drawn[i + 1][j + 1].strip("`")) for i, new in enumerate(Side) for j, old in enumerate(Side)}
    assert cells == COMPARE
    assert drawn[0][1:] == [f"baseline {side}" for side in Side]
    assert [row[0] for row in drawn[1:]] == [f"new {side}" for side in Side]


def test_the_table_of_phases_has_every_command_with_its_refusal() -> None:
    (drawn,) = tables(generate.cutover())
    assert drawn[0] == ["command", *Phase]
    assert {row[0]: row[1:] for row in drawn[1:]} == {
        f"`{what}`": [PERMITTED[what][phase] or "permitted" for phase in Phase] for what in Command
    }


def test_the_phases_diagram_goes_forward_by_open_and_commit_and_back_by_a_run_and_reset() -> None:
    assert edges(generate.cutover()) == {
        ("prepared", "open", "open"),
        ("open", "committed", "commit"),
        ("open", "reverted", "a run closes"),
        ("open", "prepared", "reset"),
        ("reverted", "prepared", "reset"),
    }


def test_every_command_stands_in_every_situation_and_every_number_is_a_refusal() -> None:
    text = generate.commands()
    (drawn,) = tables(text)
    assert len(drawn) == 1 + 2 * len(situations.ALL)
    assert all(len(row) == 1 + len(Command) for row in drawn)
    numbers = {cell for row in drawn[1:] for cell in row[1:]} - {"yes"}
    assert numbers == set(re.findall(r"^(\d+)\. ", text, flags=re.MULTILINE))


def test_halt_is_possible_everywhere() -> None:
    (drawn,) = tables(generate.commands())
    column = drawn[0].index("`halt`")
    assert {row[column] for row in drawn[1:]} == {"yes"}


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_is_among_the_situations(phase: Phase) -> None:
    assert phase in {situation.stands.phase for situation in situations.ALL}


def test_only_an_open_or_committed_cutover_answers_ok_and_only_an_armed_one_starts_runs() -> None:
    (drawn,) = tables(generate.answers())
    rows = {row[0]: row[1:] for row in drawn[1:]}
    assert {name.split(",")[0] for name, cells in rows.items() if "OK" in cells} == {"open", "committed"}
    assert {name for name, cells in rows.items() if cells[-1] == "yes"} == {"open, armed", "reverted"}


def test_what_each_command_changes_is_told_for_each() -> None:
    (drawn,) = tables(generate.changes())
    told = dict(drawn[1:])
    assert set(told) == {f"`{what}`" for what in Command}
    assert told["`reset`"] == "phase → `prepared`; armed → none; latched → none"
    assert told["`halt`"] == "halted → yes"
