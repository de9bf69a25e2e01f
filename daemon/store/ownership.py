"""One writing process per store, by a lock that the kernel drops when its holder dies, however it dies.

The lock sits on a file of its own: closing any descriptor of the database drops SQLite's own (POSIX) locks on it, and a
lock in SQLite (`locking_mode=EXCLUSIVE`) would keep readers out too. The file stays; removing it would let two processes
hold two locks of one name.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from daemon.store.contract import StoreBusy

PRIVATE = 0o600


def claim(database: Path) -> int:
    """Become the owner: a descriptor to hold open until done. Raises StoreBusy, or OSError when the file cannot be made."""
    descriptor = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except BlockingIOError as error:
        owner = os.pread(descriptor, 20, 0).decode("ascii", "replace") or "unknown"
        os.close(descriptor)
        raise StoreBusy(f"{database} is in use by process {owner}") from error
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def create(database: Path) -> None:
    """An empty file that only its owner may read; SQLite gives its side files the same mode. An existing one is left alone.

    Call it as the owner only: see above for what closing a descriptor does to SQLite's locks.
    """
    try:
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
    except FileExistsError:
        return
