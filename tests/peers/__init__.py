"""Real programs that the tests talk to. A missing one fails the test that needs it, by its Debian package's name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("packages.txt")
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where Debian keeps daemons: not on the PATH of an ordinary user."""


def packages(table: Path = TABLE) -> dict[str, str]:
    """Program → Debian package."""
    lines = (line.partition("#")[0].split() for line in table.read_text().splitlines())
    return {program: package for program, package in filter(None, lines)}


def need(program: str) -> str:
    """The path of a peer program, or of a file by its pattern. A missing one fails the test; nothing is ever skipped."""
    package = packages()[program]
    if program.startswith("/") and (file := next(Path("/").glob(program.removeprefix("/")), None)):
        return str(file)
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))
    if found := shutil.which(program, path=path):
        return found
    pytest.fail(f"{program} is missing: apt-get install -y --no-install-recommends {package}", pytrace=False)
