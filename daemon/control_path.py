"""Where the control socket stands. Pure but for looking whether a folder exists; imports nothing that a command must wait for.

`server.control`, where it is set, decides alone: whoever names a folder means that one. Otherwise the daemon takes the first
folder that exists of $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR and /run/cutoverd, and clients take the first of the same list that
holds a socket.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

LAST_RESORT = Path("/run/cutoverd")
LONGEST = 107
"""Bytes of a socket's path: `sun_path` is 108 with its closing NUL (unix(7))."""


class NoControlPath(Exception):
    """There is no usable place for the control socket. The message is one line for people."""


def candidates(control: str | None, environ: Mapping[str, str], name: str) -> list[Path]:
    """Every path at which the socket of the cutover `name` may stand, in order of preference."""
    return [folder / f"{name}.sock" for folder in _folders(control, environ)]


def listening_path(control: str | None, environ: Mapping[str, str], name: str) -> Path:
    """Where the daemon listens. Raises NoControlPath.

    The folder of `server.control` need not exist: the daemon makes it (`daemon.web.control`).
    """
    paths = candidates(control, environ, name)
    path = paths[0] if control else next((path for path in paths if path.parent.is_dir()), None)
    if path is None:
        tried = ", ".join(str(path.parent) for path in paths)
        raise NoControlPath(f"no folder for the control socket exists ({tried}): set server.control")
    length = len(os.fsencode(path))
    if length > LONGEST:
        raise NoControlPath(
            f"{path}: {length} bytes are too long for a socket, {LONGEST} are possible: set server.control to a shorter folder"
        )
    return path


def _folders(control: str | None, environ: Mapping[str, str]) -> list[Path]:
    if control:
        return [Path(control)]
    # systemd joins several RuntimeDirectory= with colons (systemd.exec(5)).
    named = [*environ.get("RUNTIME_DIRECTORY", "").split(":"), environ.get("XDG_RUNTIME_DIR", "")]
    return [*(Path(folder) for folder in named if folder), LAST_RESORT]
