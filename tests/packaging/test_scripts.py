"""The scripts that prepare a machine: what they install, and what they say when they may not.

`id` and `apt-get` are played here, so that the tests change nothing on the machine, whoever runs them.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import peers

ROOT_USER, ORDINARY_USER = 0, 1000


@dataclass
class Machine:
    """A PATH on which `id` answers `uid`, and `apt-get` writes down what it was asked to do."""

    folder: Path
    uid: int
    apt_succeeds: bool = True

    def __post_init__(self) -> None:
        self.command("id", f"echo {self.uid}")
        asked = self.folder / "asked"
        self.command("apt-get", f'echo "$*" >>"{asked}"\nexit {0 if self.apt_succeeds else 100}')

    def command(self, name: str, body: str) -> Path:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.folder}:/usr/bin:/bin", "HOME": str(self.folder)}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, env=environment, stdin=subprocess.DEVNULL
        )


def machine(tmp_path: Path, uid: int, *, apt_succeeds: bool = True) -> Machine:
    folder = tmp_path / "bin"
    folder.mkdir()
    return Machine(folder, uid, apt_succeeds)


def python_without_ensurepip(where: Machine) -> str:
    """Debian's python3 before python3-venv is there: venv exists, ensurepip does not, until apt-get was asked."""
    body = f'[ -e "{where.folder}/asked" ] || case "$*" in *ensurepip*) exit 1 ;; esac\nexec "{sys.executable}" "$@"'
    return str(where.command("python-bare", body))


def installer(root: Path, tmp_path: Path, table: str) -> str:
    """tests/peers/install beside another table."""
    script = tmp_path / "install"
    script.write_text((root / "tests/peers/install").read_text())
    script.chmod(0o755)
    (tmp_path / "packages.txt").write_text(table)
    return str(script)


def test_setup_names_the_package_when_it_may_not_install_it(root: Path, tmp_path: Path) -> None:
    where = machine(tmp_path, ORDINARY_USER)
    done = where.run(str(root / ".ci/venv"), python_without_ensurepip(where), str(tmp_path / "venv"))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"setup: {where.folder}/python-bare cannot make virtual environments: install Debian's package python3-venv"
    ]
    assert where.asked() == []


def test_setup_installs_the_package_as_root_and_goes_on(root: Path, tmp_path: Path) -> None:
    where = machine(tmp_path, ROOT_USER)
    done = where.run(str(root / ".ci/venv"), python_without_ensurepip(where), str(tmp_path / "venv"))
    assert done.returncode == 0, done.stderr
    assert where.asked() == ["install -y -q python3-venv"]
    assert (tmp_path / "venv/bin/pip").exists()


def test_setup_names_the_package_when_the_installation_fails(root: Path, tmp_path: Path) -> None:
    where = machine(tmp_path, ROOT_USER, apt_succeeds=False)
    bare = where.command("python-bare", f'case "$*" in *ensurepip*) exit 1 ;; esac\nexec "{sys.executable}" "$@"')
    done = where.run(str(root / ".ci/venv"), str(bare), str(tmp_path / "venv"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("install Debian's package python3-venv")


def test_setup_leaves_a_working_environment_alone(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    where = machine(tmp_path, ORDINARY_USER)
    where.run(str(root / ".ci/venv"), sys.executable, str(folder))
    mark = folder / "mark"
    mark.touch()
    done = where.run(str(root / ".ci/venv"), "no-such-python", str(folder))
    assert done.returncode == 0, done.stderr
    assert mark.exists()


def test_setup_refuses_an_older_python_in_one_line(root: Path, tmp_path: Path) -> None:
    where = machine(tmp_path, ORDINARY_USER)
    old = where.command("python-old", 'case "$1" in -V) echo Python 3.9.2 ;; *) exit 1 ;; esac')
    done = where.run(str(root / ".ci/venv"), str(old), str(tmp_path / "venv"))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "Python 3.9.2, but cutoverd needs Python 3.11 or newer" in line


def test_missing_peers_are_installed_as_root(root: Path, tmp_path: Path) -> None:
    where = machine(tmp_path, ROOT_USER)
    script = installer(root, tmp_path, "# a comment\n\nsh dash\nno-such-peer peer-one  # why\nnor-this peer-two\n")
    done = where.run(script)
    assert done.returncode == 0, done.stderr
    assert where.asked() == ["install -y -q --no-install-recommends peer-one peer-two"]


def test_nothing_is_asked_for_when_every_peer_is_there(root: Path, tmp_path: Path) -> None:
    where = machine(tmp_path, ROOT_USER)
    done = where.run(installer(root, tmp_path, "sh dash\n"))
    assert (done.returncode, done.stdout, done.stderr, where.asked()) == (0, "", "", [])


def test_missing_peers_are_named_with_the_command_when_not_root(root: Path, tmp_path: Path) -> None:
    where = machine(tmp_path, ORDINARY_USER)
    done = where.run(installer(root, tmp_path, "no-such-peer peer-one\nnor-this peer-two\n"))
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "peers: missing peer-one peer-two (not root). Install with:",
        "    apt-get install -y --no-install-recommends peer-one peer-two",
    ]
    assert where.asked() == []


def test_missing_peers_are_named_when_the_installation_fails(root: Path, tmp_path: Path) -> None:
    where = machine(tmp_path, ROOT_USER, apt_succeeds=False)
    done = where.run(installer(root, tmp_path, "no-such-peer peer-one\n"))
    assert done.returncode == 0
    assert "peers: missing peer-one (apt-get failed)" in done.stderr
    assert where.asked() == ["install -y -q --no-install-recommends peer-one", "update -q"]


def test_a_missing_peer_fails_the_test_that_needs_it_and_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(peers, "SYSTEM_FOLDERS", ())
    with pytest.raises(pytest.fail.Exception, match=r"sipp is missing: .* sip-tester"):
        peers.need("sipp")


def test_every_peer_program_has_a_package() -> None:
    expected = {"sipp": "sip-tester", "knotd": "knot", "kdig": "knot-dnsutils", "systemd-analyze": "systemd"}
    assert expected.items() <= peers.packages().items()
