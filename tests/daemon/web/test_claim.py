"""The place of the control socket: one daemon per path, and nothing removed that is not a dead socket."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from pathlib import Path

import pytest

from daemon.web.claim import Claimed, ControlBusy, ControlRefused, claim


def ended(claimed: Claimed) -> None:
    claimed.listening.close()
    claimed.release()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_socket_is_for_owner_and_group_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        claimed = claim(tmp_path / "c.sock")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "c.sock").lstat().st_mode) == 0o660
    ended(claimed)


def test_the_socket_is_never_open_to_others_not_even_before_its_mode_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    genuine = Path.chmod

    def watching(path: Path, mode: int) -> None:
        seen.append(stat.S_IMODE(path.lstat().st_mode))
        genuine(path, mode)

    monkeypatch.setattr(Path, "chmod", watching)
    before = os.umask(0)
    try:
        claimed = claim(tmp_path / "c.sock")
    finally:
        os.umask(before)
    assert seen == [0o660]
    ended(claimed)


def test_a_missing_folder_is_made_closed_to_others(tmp_path: Path) -> None:
    claimed = claim(tmp_path / "run" / "c.sock")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) & 0o007 == 0
    ended(claimed)


def test_a_live_socket_refuses_a_second_daemon_by_its_path(tmp_path: Path) -> None:
    first = claim(tmp_path / "c.sock")
    with pytest.raises(ControlBusy, match=f"a daemon is running already: it listens on {tmp_path}/c.sock"):
        claim(tmp_path / "c.sock")
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(tmp_path / "c.sock"))
    ended(first)


def test_a_live_socket_too_busy_to_accept_is_alive(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(tmp_path / "c.sock"))
        busy.listen(0)
        waiting.connect(str(tmp_path / "c.sock"))
        with pytest.raises(ControlBusy):
            claim(tmp_path / "c.sock")


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "c.sock"))
    claimed = claim(tmp_path / "c.sock")
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(tmp_path / "c.sock"))
    ended(claimed)


def test_what_is_not_a_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "c.sock").write_text("precious")
    with pytest.raises(ControlRefused, match="exists and is not a socket: it is left alone"):
        claim(tmp_path / "c.sock")
    assert (tmp_path / "c.sock").read_text() == "precious"


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "c.sock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ControlRefused, match="is not a socket"):
        claim(tmp_path / "c.sock")


def test_a_folder_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ControlRefused, match=f"control socket {tmp_path}/file/c.sock: "):
        claim(tmp_path / "file" / "c.sock")


def test_two_that_start_at_once_do_not_remove_each_others_socket(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with pytest.raises(ControlBusy, match="another daemon is starting"):
            claim(tmp_path / "c.sock")
    finally:
        os.close(folder)


def test_releasing_removes_the_socket(tmp_path: Path) -> None:
    ended(claim(tmp_path / "c.sock"))
    assert list(tmp_path.iterdir()) == []


def test_releasing_leaves_a_socket_that_somebody_else_put_there(tmp_path: Path) -> None:
    claimed = claim(tmp_path / "c.sock")
    claimed.listening.close()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "other"))
        (tmp_path / "other").rename(tmp_path / "c.sock")
        claimed.release()
        assert (tmp_path / "c.sock").is_socket()
