"""A small file of the system, read again when it has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

MOST_BYTES = 1 << 20

T = TypeVar("T")
_Stamp = tuple[int, int, int, int]


class WatchedFile(Generic[T]):
    """`parse` makes the value out of the file's text, whatever the text; a file that cannot be read counts as empty, and of a
    huge one the first MiB counts."""

    def __init__(self, path: Path, parse: Callable[[str], T]) -> None:
        self._path = path
        self._parse = parse
        self._stamp = self._stamped()
        self._value = self._read()

    @property
    def value(self) -> T:
        """The same object as long as the file is the same."""
        stamp = self._stamped()
        if stamp != self._stamp:
            # The stamp is of before the reading: a change in between shows next time.
            self._stamp, self._value = stamp, self._read()
        return self._value

    def _stamped(self) -> _Stamp | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns

    def _read(self) -> T:
        try:
            with self._path.open("rb") as file:
                data = file.read(MOST_BYTES)
        except OSError:
            data = b""
        if len(data) == MOST_BYTES:
            data = data[: data.rfind(b"\n") + 1]
        return self._parse(data.decode("utf-8", "replace"))
