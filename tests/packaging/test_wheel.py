"""What is shipped: exactly our packages, under names that are ours alone."""

from __future__ import annotations

import subprocess
import sys
from email.message import Message
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions, packages_distributions
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

PACKAGES = {"config", "probes", "gates", "reverters", "daemon", "lab"}


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    return set(ZipFile(wheel).namelist())


@pytest.fixture(scope="session")
def metadata(wheel: Path, names: set[str]) -> Message:
    (name,) = [name for name in names if name.endswith(".dist-info/METADATA")]
    return HeaderParser().parsestr(ZipFile(wheel).read(name).decode())


def tops(distribution: Distribution) -> set[str]:
    return {file.parts[0].removesuffix(".py") for file in distribution.files or ()}


def test_wheel_holds_our_packages_and_its_own_metadata_only(names: set[str]) -> None:
    found = {name.partition("/")[0] for name in names}
    assert {top for top in found if not top.endswith(".dist-info")} == PACKAGES
    assert len(found) == len(PACKAGES) + 1


def test_wheel_holds_every_module_of_every_package(root: Path, names: set[str]) -> None:
    modules = {str(path.relative_to(root)) for package in PACKAGES for path in (root / package).rglob("*.py")}
    assert modules <= names


def test_wheel_holds_no_test_and_no_trace_of_a_build(names: set[str]) -> None:
    strangers = [name for name in names if "tests/" in name or "__pycache__" in name or name.endswith((".pyc", ".pth", ".lock"))]
    assert strangers == []


def test_wheel_holds_the_licence(root: Path, names: set[str], wheel: Path) -> None:
    (name,) = [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
    assert ZipFile(wheel).read(name) == (root / "LICENSE").read_bytes()


def test_licence_is_the_whole_gpl_3(root: Path) -> None:
    text = (root / "LICENSE").read_text()
    assert text.lstrip().startswith("GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007")
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.splitlines()) > 600


def test_wheel_says_gpl_3_or_later(metadata: Message) -> None:
    assert metadata["License-Expression"] == "GPL-3.0-or-later"


def test_wheel_may_not_be_uploaded(metadata: Message) -> None:
    assert "Private :: Do Not Upload" in metadata.get_all("Classifier", [])


def test_installed_wheel_is_the_only_owner_of_its_names(wheel: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([*command, "--no-warn-script-location", "--target", str(tmp_path), str(wheel)], check=True, timeout=120)
    (installed,) = distributions(path=[str(tmp_path)])
    assert installed.name == "cutoverd"
    assert tops(installed) >= PACKAGES

    others = [found for found in distributions() if found.name != "cutoverd"]
    assert others
    assert {found.name: sorted(tops(found) & PACKAGES) for found in others if tops(found) & PACKAGES} == {}


def test_no_other_distribution_of_this_environment_owns_our_names() -> None:
    owners = packages_distributions()
    assert {name: owners[name] for name in PACKAGES & set(owners) if set(owners[name]) != {"cutoverd"}} == {}


def test_command_is_cutoverd_and_nothing_else(project: dict[str, Any]) -> None:
    assert project["project"]["scripts"] == {"cutoverd": "daemon.__main__:main"}


def test_command_says_the_version_of_the_project(project: dict[str, Any], tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("cutoverd")), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert project["project"]["version"] in done.stdout.split()
