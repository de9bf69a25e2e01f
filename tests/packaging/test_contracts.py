"""Each import contract really refuses what it says it refuses."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TRESPASSES = {
    "config": "import daemon",
    "probes": "import click",
    "probes/sip": "import probes.runner",
    "probes/sip/messages": "import probes.sip.engine.engine",
    "gates": "import probes.clock, time",
    "reverters/dns": "import reverters.runner",
    "lab": "import daemon",
    "daemon": "import aiohttp, aiosqlite, dns.name, lab, prometheus_client, ruamel.yaml",
}
"""Package → the line that it must not hold. Between them they break every contract."""


@pytest.fixture
def copy(root: Path, packages: list[str], tmp_path: Path) -> Path:
    for package in packages:
        shutil.copytree(root / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def verdicts(folder: Path) -> dict[str, str]:
    """Contract → KEPT or BROKEN."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {"COLUMNS": "500", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=folder, env=environment)
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    return dict(re.findall(r"^(.+) (KEPT|BROKEN)(?: \(.*\))?$", text, flags=re.MULTILINE))


def names(project: dict[str, Any]) -> set[str]:
    return {contract["name"] for contract in project["tool"]["importlinter"]["contracts"]}


def test_every_contract_is_kept(copy: Path, project: dict[str, Any]) -> None:
    assert verdicts(copy) == dict.fromkeys(names(project), "KEPT")


def test_every_contract_breaks_under_a_trespass(copy: Path, project: dict[str, Any]) -> None:
    for package, line in TRESPASSES.items():
        with (copy / package / "__init__.py").open("a") as module:
            module.write(f"\n{line}\n")
    assert verdicts(copy) == dict.fromkeys(names(project), "BROKEN")
