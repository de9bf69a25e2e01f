"""The systemd unit: valid, hardened, and stopped as the daemon stops."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HIGHEST_EXPOSURE = 2.0


@pytest.fixture
def unit(root: Path) -> str:
    return (root / "systemd/cutoverd.service").read_text()


@pytest.fixture
def copy(unit: str, tmp_path: Path) -> Path:
    """The unit with the command of this environment."""
    path = tmp_path / "cutoverd.service"
    path.write_text(unit.replace("/opt/cutoverd/bin/cutoverd", str(Path(sys.executable).with_name("cutoverd"))))
    return path


def settings(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", unit, flags=re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def analyze(need: Callable[[str], str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([need("systemd-analyze"), *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_systemd_accepts_the_unit_without_a_word(need: Callable[[str], str], copy: Path) -> None:
    done = analyze(need, "verify", str(copy))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_exposure_stays_low(need: Callable[[str], str], copy: Path) -> None:
    done = analyze(need, "security", "--offline=yes", "--no-pager", str(copy))
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert score is not None, done.stdout + done.stderr
    assert float(score[1]) <= HIGHEST_EXPOSURE


def test_unit_runs_the_command_of_its_own_environment(unit: str) -> None:
    assert settings(unit)["ExecStart"] == ["/opt/cutoverd/bin/cutoverd run"]


def test_daemon_notifies_and_is_watched(unit: str) -> None:
    found = settings(unit)
    assert (found["Type"], found["NotifyAccess"], found["Restart"]) == (["notify"], ["main"], ["on-failure"])
    assert found["WatchdogSec"] != ["0"]


def test_a_bad_configuration_is_not_tried_again(unit: str) -> None:
    assert settings(unit)["RestartPreventExitStatus"] == ["2"]


def test_operators_keep_their_names_at_the_control_socket(unit: str) -> None:
    assert "PrivateUsers" not in settings(unit)


def test_unit_itself_holds_no_credential(unit: str) -> None:
    assert not {"LoadCredential", "SetCredential", "Environment", "EnvironmentFile"} & set(settings(unit))
