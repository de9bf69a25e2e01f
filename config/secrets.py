"""Where a secret is kept, and how it is read. The configuration holds the place, never the content.

`{env: NAME}` is an environment variable, `{file: PATH}` a file (relative to the configuration file's folder), and
`{credential: NAME}` a file in $CREDENTIALS_DIRECTORY (systemd LoadCredential). One trailing newline of a file is dropped.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from config.rules import FilePath

MAX_BYTES = 64 * 1024
HOW = "a secret is not written here: name its place, {env: NAME}, {file: PATH} or {credential: NAME}"
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9_.@:-]{1,255}")
_FORBIDDEN_MODE = stat.S_IWGRP | stat.S_IWOTH | stat.S_IROTH


class SecretUnavailable(Exception):
    """The secret cannot be read. The message names its place and the reason, never its content."""


def _env_name(name: str) -> str:
    if not _ENV_NAME.fullmatch(name):
        raise ValueError("expected the name of an environment variable (letters, digits and _), not its content")
    return name


def _credential_name(name: str) -> str:
    if not _CREDENTIAL_NAME.fullmatch(name) or name in (".", ".."):
        raise ValueError("expected the name of a systemd credential (letters, digits, _ . @ : -), without a folder")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """The place of a secret: exactly one of the three. Raises ValueError."""

    env: Annotated[str, _env_name] | None = None
    file: FilePath | None = None
    credential: Annotated[str, _credential_name] | None = None

    def __post_init__(self) -> None:
        if sum(place is not None for place in (self.env, self.file, self.credential)) != 1:
            raise ValueError("a secret has exactly one place: {env: NAME}, {file: PATH} or {credential: NAME}")

    def __str__(self) -> str:
        if self.env is not None:
            return f"env {self.env}"
        return f"file {self.file}" if self.file is not None else f"credential {self.credential}"


def read(secret: Secret, environ: Mapping[str, str]) -> bytes:
    """The secret's bytes, never empty. Raises SecretUnavailable."""
    if secret.env is not None:
        return _from_environment(secret.env, environ)
    if secret.file is not None:
        return _from_file(Path(secret.file), str(secret))
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise SecretUnavailable(f"{secret}: CREDENTIALS_DIRECTORY is not set; systemd sets it for LoadCredential=")
    return _from_file(Path(folder) / str(secret.credential), str(secret))


def _from_environment(name: str, environ: Mapping[str, str]) -> bytes:
    content = os.fsencode(environ.get(name, ""))
    if not content:
        raise SecretUnavailable(f"env {name}: {'empty' if name in environ else 'not set'}")
    if len(content) > MAX_BYTES:
        raise SecretUnavailable(f"env {name}: longer than {MAX_BYTES} bytes")
    return content


def _from_file(path: Path, place: str) -> bytes:
    try:
        # Non-blocking, for opening a FIFO would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise SecretUnavailable(f"{place}: {error.strerror}") from None
    try:
        _check_file(os.fstat(handle), place)
        content = _read_all(handle)
    except OSError as error:
        raise SecretUnavailable(f"{place}: {error.strerror}") from None
    finally:
        os.close(handle)
    if len(content) > MAX_BYTES:
        raise SecretUnavailable(f"{place}: longer than {MAX_BYTES} bytes")
    content = content.removesuffix(b"\n")
    if not content:
        raise SecretUnavailable(f"{place}: empty")
    return content


def _check_file(found: os.stat_result, place: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SecretUnavailable(f"{place}: not a regular file")
    if found.st_mode & _FORBIDDEN_MODE:
        mode = stat.S_IMODE(found.st_mode)
        raise SecretUnavailable(f"{place}: mode {mode:04o} lets others read it or its group write it; chmod 0640 or stricter")


def _read_all(handle: int) -> bytes:
    content = b""
    while len(content) <= MAX_BYTES and (part := os.read(handle, MAX_BYTES + 1 - len(content))):
        content += part
    return content
