"""Reads a list of targets from its file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from stat import S_ISREG

from config.expansion import Text

MAX_BYTES = 1024 * 1024


def read_list(path: str) -> Text:
    """Raises ValueError with a sentence that says why the file cannot be read."""
    try:
        # Non-blocking, for opening a FIFO would wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as source:
            found = os.fstat(source.fileno())
            if not S_ISREG(found.st_mode):
                raise ValueError("not a regular file")
            data = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ValueError(f"longer than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    return Text(text, (found.st_mtime_ns, found.st_size, found.st_ino), hashlib.sha256(data).digest())


def no_list(path: str) -> Text:
    """For a file that is judged by itself."""
    raise ValueError(f"{Path(path).name} is not read here")
