"""`lint-flow`: what fails open is refused with its place, what is not understood too, and only what is proved passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.cli.lint_flow import MAX_BYTES, MAX_SHOWN
from tests.daemon.cli.installed import Done

FLOWS = Path(__file__).parents[2] / "data" / "flows"
ROOT = Path(__file__).parents[3]
GOOD = sorted(path.name for path in (FLOWS / "good").iterdir())
BAD = sorted(path.name for path in (FLOWS / "bad").glob("*.json"))
Command = Callable[..., Done]


@pytest.mark.parametrize("name", GOOD)
def test_what_takes_the_new_path_on_ok_alone_passes(command: Command, name: str) -> None:
    done = command("lint-flow", str(FLOWS / "good" / name))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith(f"{FLOWS / 'good' / name}: ok: ")


@pytest.mark.parametrize("name", BAD)
def test_each_bad_flow_gets_exactly_its_findings(command: Command, name: str) -> None:
    """Each line of the text beside a flow: the pointer, what is wrong, and what was meant."""
    file = FLOWS / "bad" / name
    done = command("lint-flow", str(file))
    expected = file.with_suffix(".txt").read_text().splitlines()
    assert expected
    assert done.stdout.splitlines() == [f"{file}: {line}" for line in expected]
    assert (done.returncode, done.stderr) == (6, "")


def test_every_text_of_findings_belongs_to_a_flow() -> None:
    assert sorted(path.with_suffix(".json").name for path in (FLOWS / "bad").glob("*.txt")) == BAD


@pytest.mark.parametrize("name", ["genesys-data-action.json", "genesys-flow.yaml", "cxone-decision.json"])
def test_what_the_documentation_ships_passes(command: Command, name: str) -> None:
    done = command("lint-flow", str(ROOT / "docs" / "ivr" / name))
    assert done.returncode == 0, done.stdout


def test_the_documented_action_asks_for_what_the_webhook_answers() -> None:
    action = json.loads((ROOT / "docs" / "ivr" / "genesys-data-action.json").read_text())
    response = action["config"]["response"]
    assert json.loads(response["translationMapDefaults"]["cutoverStatus"]) == "DEGRADED"
    for answered, handed in (('"OK"', "OK"), (response["translationMapDefaults"]["cutoverStatus"], "DEGRADED")):
        assert json.loads(response["successTemplate"].replace("${cutoverStatus}", answered)) == {"cutoverStatus": handed}
    assert action["contract"]["output"]["successSchema"]["required"] == ["cutoverStatus"]


def condition(folder: Path, **content: object) -> str:
    file = folder / "condition.json"
    file.write_text(json.dumps(content))
    return str(file)


def test_flags_name_the_paths_that_words_do_not(command: Command, tmp_path: Path) -> None:
    file = condition(tmp_path, expression="cutoverStatus == 'OK'", truePath="A", falsePath="B")
    assert command("lint-flow", file).returncode == 6
    assert command("lint-flow", file, "--new-path", "A", "--baseline-path", "B").returncode == 0
    turned = command("lint-flow", file, "--new-path", "B", "--baseline-path", "A")
    assert turned.returncode == 6
    assert "and OK does not" in turned.stdout


def test_a_flag_stands_before_the_words_of_a_name(command: Command, tmp_path: Path) -> None:
    file = condition(tmp_path, expression="cutoverStatus == 'OK'", truePath="newRoute", falsePath="New York")
    assert command("lint-flow", file).returncode == 6
    assert command("lint-flow", file, "--baseline-path", "New York").returncode == 0


def test_true_and_false_can_be_named_where_an_expression_has_no_paths(command: Command, tmp_path: Path) -> None:
    flags = ("--new-path", "true", "--baseline-path", "false")
    good = command("lint-flow", condition(tmp_path, expression="ToString(cutoverStatus) == 'DEGRADED'"), *flags)
    assert good.returncode == 6


def test_one_name_for_both_paths_is_a_usage_error(command: Command) -> None:
    done = command("lint-flow", "x.json", "--new-path", "A", "--baseline-path", "A")
    assert done.returncode == 2
    assert "'A' cannot be the new path and the baseline path" in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "where", "why"),
    [
        ("cut.json", b'{"expression": ', "1:16", "JSON syntax: expecting value"),
        ("twice.json", b'{"a": 1, "a": 2}', "1:1", "key 'a' is given twice in one object"),
        ("deep.json", b"[" * 101 + b"]" * 101, "1:101", "nested more than 100 deep"),
        ("many.json", b"[" + b"1," * 200_001 + b"1]", "1:400001", "more than 200000 values"),
        ("latin.json", b'{\n "a": "\xe4"}', "2:8", "not UTF-8 text"),
        ("large.json", b"[" + b" " * MAX_BYTES + b"]", "1:1", f"the file is longer than {MAX_BYTES} bytes"),
        ("number.json", b"[" + b"1" * 5000 + b"]", "1:1", "JSON syntax: a number is too long"),
        ("empty.yaml", b"", "1:1", "the file is empty"),
        ("tab.yaml", b"a:\n\tb: 1\n", "2:1", "YAML syntax: found character '\\t' that cannot start any token"),
        ("alias.yaml", b"a: &x 1\nb: *x\n", "1:4", "anchors and aliases are not accepted; write the value where it is used"),
        ("two.yaml", b"a: 1\n---\nb: 1\n", "2:1", "a second document starts here; a file holds one"),
        ("template.yaml", b"a:\n  {{name}}:\n    b: 1\n", "2:3", "a key is plain text here, not a list or a mapping"),
        ("twice.yaml", b"a: 1\na: 2\n", "2:1", "key 'a' is given twice in one mapping"),
    ],
)
def test_an_unreadable_file_is_told_with_its_place(
    command: Command, tmp_path: Path, name: str, content: bytes, where: str, why: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    done = command("lint-flow", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{file}:{where}: {why}\n")


def test_a_missing_file_is_told(command: Command, tmp_path: Path) -> None:
    done = command("lint-flow", str(tmp_path / "none.json"))
    assert (done.returncode, done.stderr) == (2, f"{tmp_path / 'none.json'}:1:1: cannot be read: No such file or directory\n")


@pytest.mark.parametrize("content", [b"[]", b"{}", b'"cutoverStatus == OK"', b"null", b'{"a": [null, 1, true]}'])
def test_a_file_that_decides_nothing_is_never_fine(command: Command, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    assert command("lint-flow", str(tmp_path / "x.json")).returncode == 6


def test_many_findings_are_told_up_to_a_bound(command: Command, tmp_path: Path) -> None:
    one = {"expression": "cutoverStatus == 'DEGRADED' ? old : new"}
    (tmp_path / "x.json").write_text(json.dumps([one] * (MAX_SHOWN + 7)))
    done = command("lint-flow", str(tmp_path / "x.json"))
    assert len(done.stdout.splitlines()) == MAX_SHOWN + 1
    assert done.stdout.endswith(": 7 more\n")


def test_nothing_in_a_file_reaches_the_terminal_raw(command: Command, tmp_path: Path) -> None:
    done = command("lint-flow", condition(tmp_path, expression="cutoverStatus == 'OK' ? '\x1b[2J\nnew' : old"))
    assert "\x1b" not in done.stdout
    assert done.stdout.count("\n") == 1


def test_json_says_the_same(command: Command) -> None:
    done = command("lint-flow", "--json", str(FLOWS / "bad" / "guide.json"))
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["exit"]) == (6, False, 6)
    assert [(each["pointer"], each["kind"]) for each in told["findings"]] == [("/conditions/0/expression", "fail-open")]
    good = json.loads(command("lint-flow", "--json", str(FLOWS / "good" / "archy.yaml")).stdout)
    assert good == {
        "ok": True,
        "exit": 0,
        "problems": [],
        "findings": [],
        "judged": {"decision": 1, "question": 1, "data action": 0},
    }


def test_the_installed_command_refuses_the_guides_expression(installed: Callable[..., Done]) -> None:
    done = installed("lint-flow", str(FLOWS / "bad" / "guide.json"))
    assert done.returncode == 6
    assert "/conditions/0/expression: fail-open: a missing cutoverStatus" in done.stdout
