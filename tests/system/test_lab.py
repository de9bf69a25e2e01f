"""The lab's scenarios, played by the installed command from an empty folder without a home."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from lab.scenarios import SCENARIOS
from tests.system.guard import CUTOVERD

TOLD = (
    r"record before the cutover +sip\.lab\.example\. A 192\.0\.2\.10",
    r"cutover: record moved +sip\.lab\.example\. A 198\.51\.100\.20",
    r"open: the IVR is told +OK",
    r"503: 1/3",
    r"503: 2/3",
    r"503: 3/3",
    r"503, 503, 503: 3 consecutive ≥ 3",
    r"the IVR is told +DEGRADED",
    r"inspected .*/dns/",
    r"waited +after stage dns",
    r"record after the run +sip\.lab\.example\. A 192\.0\.2\.10",
    r"webhook before and after +OK .* DEGRADED",
    r"recovery time +\d+\.\d s of 30 s objective",
)
REVERTS = {"trunk-503", "silent-trunk", "wrong-key"}


async def _play(folder: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        CUTOVERD, "lab", *arguments, cwd=folder, env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, printed.decode()


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_each_scenario_ends_as_it_must(tmp_path: Path, name: str) -> None:
    code, printed = await _play(tmp_path, "--scenario", name)
    assert code == 0, printed
    assert ("closed    restored" in printed) is (name in REVERTS), printed
    assert list(tmp_path.iterdir()) == []


async def test_the_demo_tells_what_a_person_needs_to_follow_it(tmp_path: Path) -> None:
    _, printed = await _play(tmp_path)
    for expected in TOLD:
        assert re.search(expected, printed), f"{expected} in:\n{printed}"


async def test_the_outcome_as_json_stands_alone_on_stdout(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        CUTOVERD, "lab", "--json", "--scenario", "trunk-503", cwd=tmp_path,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    assert json.loads(printed) == {"scenario": "trunk-503", "ended_well": True}


async def test_an_unknown_scenario_is_a_usage_error_that_lists_them(tmp_path: Path) -> None:
    code, printed = await _play(tmp_path, "--scenario", "trunk-504")
    assert code == 2
    assert "trunk-503" in printed
    assert "Traceback" not in printed
