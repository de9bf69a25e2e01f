"""The locks: complete, hashed, and silent about where packages come from."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")


def entries(path: Path) -> list[str]:
    """One string per locked package: its requirement and its hashes."""
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return text.splitlines()


def locked(path: Path) -> dict[str, Requirement]:
    found = [Requirement(entry.partition(" --hash=")[0]) for entry in entries(path)]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def group(project: dict[str, Any], name: str) -> list[str]:
    """A dependency group with its included groups (PEP 735)."""
    found: list[str] = []
    for item in project["dependency-groups"][name]:
        found += group(project, item["include-group"]) if isinstance(item, dict) else [item]
    return found


def wanted(project: dict[str, Any], lock: str) -> list[Requirement]:
    core: list[str] = project["project"]["dependencies"]
    texts = {
        "requirements.lock": core,
        "requirements-build.lock": group(project, "build") + project["build-system"]["requires"],
        "requirements-dev.lock": core + group(project, "dev"),
    }
    return [Requirement(text) for text in texts[lock]]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_host_and_no_path(root: Path, lock: str) -> None:
    text = (root / lock).read_text()
    assert [line for line in text.splitlines() if re.search(r"/|@|index|find-links|https?:|file:", line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_pinned_and_hashed(root: Path, lock: str) -> None:
    pattern = re.compile(r"[a-z0-9-]+==[^ ]+( ; [^-]+)?( +--hash=sha256:[0-9a-f]{64})+ *")
    assert [entry.split()[0] for entry in entries(root / lock) if not pattern.fullmatch(entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_satisfies_every_requirement_of_the_project(root: Path, project: dict[str, Any], lock: str) -> None:
    found = locked(root / lock)
    for requirement in wanted(project, lock):
        name = canonicalize_name(requirement.name)
        assert name in found, f"{name} is not in {lock}: run `make lock`"
        (pin,) = found[name].specifier
        assert requirement.specifier.contains(pin.version), f"{lock} pins {name} {pin.version}: run `make lock`"


def test_locks_agree_with_one_another(root: Path) -> None:
    everything = locked(root / "requirements-dev.lock")
    for lock in ("requirements.lock", "requirements-build.lock"):
        for name, requirement in locked(root / lock).items():
            assert everything[name].specifier == requirement.specifier, f"{name} differs between {lock} and the dev lock"


def test_pyvoip_is_locked_with_the_audio_module_that_python_3_13_dropped(root: Path) -> None:
    core = locked(root / "requirements.lock")
    assert str(core["pyvoip"].specifier) == "==1.6.8"
    marker = core["audioop-lts"].marker
    assert marker is not None
    on = {
        version: marker.evaluate({"python_version": version, "python_full_version": f"{version}.0"})
        for version in ("3.11", "3.12", "3.13")
    }
    assert on == {"3.11": False, "3.12": False, "3.13": True}


def test_every_requirement_has_an_upper_bound(project: dict[str, Any]) -> None:
    for lock in LOCKS:
        for requirement in wanted(project, lock):
            assert any(part.operator == "<" for part in requirement.specifier), f"{requirement} has no upper bound"


def test_this_python_is_one_that_the_project_supports(project: dict[str, Any]) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    assert Requirement(f"python{project['project']['requires-python']}").specifier.contains(version)
