"""Where the control socket stands, for the daemon and for clients."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from daemon import control_path
from daemon.control_path import LAST_RESORT as LAST
from daemon.control_path import NoControlPath, candidates, listening_path


def test_without_configuration_the_folders_of_the_contract_follow_in_order() -> None:
    environ = {"RUNTIME_DIRECTORY": "/r", "XDG_RUNTIME_DIR": "/x"}
    assert candidates(None, environ, "acme") == [Path("/r/acme.sock"), Path("/x/acme.sock"), LAST / "acme.sock"]


def test_unset_and_empty_variables_are_passed_over() -> None:
    assert candidates(None, {"RUNTIME_DIRECTORY": ""}, "acme") == [LAST / "acme.sock"]


def test_several_runtime_directories_are_each_a_candidate() -> None:
    assert candidates(None, {"RUNTIME_DIRECTORY": "/a:/b"}, "n")[:2] == [Path("/a/n.sock"), Path("/b/n.sock")]


def test_a_configured_folder_decides_alone() -> None:
    assert candidates("/c", {"XDG_RUNTIME_DIR": "/x"}, "acme") == [Path("/c/acme.sock")]


def test_the_daemon_takes_the_first_folder_that_exists(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": str(tmp_path / "missing"), "XDG_RUNTIME_DIR": str(tmp_path)}
    assert listening_path(None, environ, "acme") == tmp_path / "acme.sock"


def test_the_daemon_takes_a_configured_folder_that_it_has_yet_to_make(tmp_path: Path) -> None:
    assert listening_path(str(tmp_path / "new"), {"XDG_RUNTIME_DIR": str(tmp_path)}, "acme") == tmp_path / "new" / "acme.sock"


def test_without_any_folder_the_daemon_says_what_it_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_path, "LAST_RESORT", tmp_path / "c")
    environ = {"RUNTIME_DIRECTORY": f"{tmp_path}/a", "XDG_RUNTIME_DIR": f"{tmp_path}/b"}
    with pytest.raises(NoControlPath, match=f"{tmp_path}/a, {tmp_path}/b, {tmp_path}/c.*set server.control"):
        listening_path(None, environ, "acme")


@pytest.mark.parametrize(("length", "fits"), [(107, True), (108, False)])
def test_a_path_may_have_107_bytes_and_not_one_more(length: int, fits: bool) -> None:
    folder = "/" + "d" * (length - len("//acme.sock"))
    if fits:
        assert len(str(listening_path(folder, {}, "acme"))) == length
    else:
        with pytest.raises(NoControlPath, match="108 bytes are too long for a socket, 107 are possible"):
            listening_path(folder, {}, "acme")


def test_the_length_is_counted_in_bytes() -> None:
    with pytest.raises(NoControlPath, match="too long"):
        listening_path("/" + "ü" * 60, {}, "acme")


def test_a_client_needs_none_of_the_server() -> None:
    code = (
        "import sys; import daemon.control_path, daemon.reply;"
        "print([m for m in ('aiohttp', 'prometheus_client', 'uvloop', 'asyncio', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"
