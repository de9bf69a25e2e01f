"""Taking the place of the control socket: one daemon per path, and nothing removed that is not a dead socket."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MODE = 0o660
_FOLDER_MODE = 0o750
_BACKLOG = 64


class ControlRefused(Exception):
    """The control socket cannot be had. The message names the path and the reason."""


class ControlBusy(ControlRefused):
    """A daemon is alive at that path."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The socket that listens, and the file it stands for: (device, inode)."""

    path: Path
    listening: socket.socket
    identity: tuple[int, int]

    def release(self) -> None:
        """Remove the file, unless somebody put another one in its place."""
        with contextlib.suppress(OSError):
            if _identity(self.path) == self.identity:
                self.path.unlink()


def claim(path: Path) -> Claimed:
    """A socket that listens at `path` with mode 0660, in a folder that is made where it is missing.

    Raises ControlBusy where a daemon is alive, ControlRefused where the place cannot be had.
    """
    try:
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        with _alone(path):
            _clear(path)
            return Claimed(path, _bound(path), _identity(path))
    except OSError as error:
        raise ControlRefused(f"control socket {path}: {error.strerror or error}") from error


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two daemons that start at once could both find the same socket dead, and the second would remove the first's new one."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ControlBusy(f"another daemon is starting at {path}") from None
    finally:
        os.close(folder)


def _clear(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ControlRefused(f"{path} exists and is not a socket: it is left alone")
    if _is_live(path):
        raise ControlBusy(f"a daemon is running already: it listens on {path}")
    path.unlink()


def _is_live(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.setblocking(False)
        try:
            asked.connect(str(path))
        except BlockingIOError:
            return True  # somebody listens and is too busy to accept
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        return True


def _bound(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        # The inode takes the descriptor's mode, less the umask: at no moment is the socket open to more than 0660.
        os.fchmod(made.fileno(), MODE)
        made.bind(str(path))
        path.chmod(MODE)
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made
