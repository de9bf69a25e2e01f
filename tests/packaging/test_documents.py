"""The documents say what is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
PATHS = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|toml|lock|txt|service)|Makefile)`")
LINKS = re.compile(r"\]\((?!https?:)([^)#]+)\)")
OUTSIDE = ("dist/", ".venv/")


def targets(root: Path) -> set[str]:
    return set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(root: Path, document: str) -> None:
    text = (root / document).read_text()
    named = {path for path in PATHS.findall(text) + LINKS.findall(text) if not path.startswith(OUTSIDE)}
    assert named
    assert sorted(path for path in named if not (root / path).exists()) == []


def test_where_is_table_names_files_only(root: Path) -> None:
    _, _, table = (root / "ARCHITECTURE.md").read_text().partition("## Where is …")
    rows = [row.split("|")[2] for row in table.partition("\n## ")[0].splitlines() if row.startswith("| ")][1:]
    assert len(rows) >= 10
    assert [row for row in rows if not PATHS.search(row)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_command_of_a_document_is_a_target(root: Path, document: str) -> None:
    text = (root / document).read_text()
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", text, flags=re.MULTILINE))
    assert named
    assert named - targets(root) == set()


def test_readme_leads_with_the_demo_and_the_tests(root: Path) -> None:
    first = re.search(r"```sh\n(.*?)```", (root / "README.md").read_text(), flags=re.DOTALL)
    assert first is not None
    assert first[1].split("\n") == ["make demo", "make test", ""]


def cutoverd(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("cutoverd")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, stdin=subprocess.DEVNULL)


def test_readmes_configuration_is_accepted_by_check(root: Path, tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(.*?)```", (root / "README.md").read_text(), flags=re.DOTALL)
    assert block is not None
    file = tmp_path / "cutoverd.yaml"
    file.write_text(block[1])
    done = cutoverd("check", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_and_option_of_the_readme_exists(root: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (root / "README.md").read_text(), flags=re.DOTALL)
    lines = [line.partition("#")[0] for block in blocks for line in block.splitlines() if line.startswith("cutoverd ")]
    assert lines
    for line in lines:
        words = re.findall(r"(?<= )[a-z]+\b", line)
        shown = cutoverd(*words, "--help")
        assert shown.returncode == 0, f"{line}: {shown.stderr}"
        assert [option for option in re.findall(r"--[a-z-]+", line) if option not in shown.stdout] == [], line


def test_ci_runs_the_readmes_own_test_command(root: Path) -> None:
    assert re.search(r"^step .* make test$", (root / ".ci/run").read_text(), flags=re.MULTILINE)


def test_test_target_is_one_whole_pytest_run(root: Path, project: dict[str, Any]) -> None:
    makefile = (root / "Makefile").read_text()
    calls = [
        line
        for line in makefile.splitlines()
        if "pytest" in line and not line.startswith(("clean", "#")) and "rm -rf" not in line
    ]
    assert calls == ["\t$(BIN)/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder"]
    options = project["tool"]["pytest"]["ini_options"]
    assert options["testpaths"] == ["tests"]
    assert [
        option for option in options["addopts"] if re.match(r"-m|-k|--(ignore|deselect|maxfail|exitfirst|lf|ff)|-x", option)
    ] == []
    assert "error" in options["filterwarnings"]


def test_every_pure_module_and_contract_names_what_exists(root: Path, project: dict[str, Any]) -> None:
    contracts = project["tool"]["importlinter"]["contracts"]
    modules = {module for contract in contracts for module in contract.get("source_modules", ())}
    missing = [
        module
        for module in modules
        if not ((root / module.replace(".", "/")).is_dir() or (root / f"{module.replace('.', '/')}.py").is_file())
    ]
    assert missing == []


def test_changelog_has_an_unreleased_section(root: Path) -> None:
    assert "## [Unreleased]" in (root / "CHANGELOG.md").read_text()
