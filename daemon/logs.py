"""The log: for people on a terminal, JSON lines otherwise.

Whatever came from outside (a SIP reason phrase, a DNS answer, an operator's words) may hold anything, so control and
direction characters are escaped: a message is one line and says only what it says. Secrets are never passed to a logger.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from datetime import UTC, datetime
from typing import TextIO

import orjson

FIELDS = ("gate", "probe", "run", "step")
"""What a line may be about, given as `extra={...}`."""

MOST_LINES = 10_000
FLUSH_S = 1.0

_ESCAPED = (
    *range(0x20),  # C0, with line feed and escape
    *range(0x7F, 0xA0),  # DEL and C1
    *range(0x202A, 0x202F),  # bidirectional embeddings and overrides
    *range(0x2066, 0x206A),  # bidirectional isolates
    0x2028,  # line separator
    0x2029,  # paragraph separator
)
_ESCAPES = {code: repr(chr(code))[1:-1] if code < 0x100 else f"\\u{code:04x}" for code in _ESCAPED}


def escaped(text: str) -> str:
    """`text` on one line, without anything that a terminal obeys."""
    return text.translate(_ESCAPES).encode("utf-8", "backslashreplace").decode()


def _about(record: logging.LogRecord) -> dict[str, str]:
    return {name: escaped(str(value)) for name in FIELDS if (value := getattr(record, name, None))}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    """The traceback's lines, if there is one."""
    if not record.exc_info or record.exc_info[1] is None:
        return []
    return [escaped(line) for line in formatter.formatException(record.exc_info).split("\n")]


class _Human(logging.Formatter):
    """`21:39:01.123Z (22:39:01 CET) WARNING gate=inbound: what happened`; tracebacks are indented below."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, tz=UTC)
        utc, local = f"{at:%Y-%m-%d %H:%M:%S}.{int(record.msecs):03}Z", f"{at.astimezone():%H:%M:%S %Z}"
        about = "".join(f" {name}={value}" for name, value in _about(record).items())
        line = f"{utc} ({local}) {record.levelname}{about}: {escaped(record.getMessage())}"
        return "\n    ".join([line, *_trace(self, record)])


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, tz=UTC)
        told = {
            "at": f"{at:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": escaped(record.getMessage()),
            **_about(record),
        }
        trace = _trace(self, record)
        return orjson.dumps(told | {"trace": trace} if trace else told).decode()


class _Handler(logging.Handler):
    """Lines go to a thread of their own: a journal that stalls or a pipe that nobody reads must not hold the next verdict.

    What does not fit is dropped and counted, and the count is said as soon as there is room. Nobody joins the thread.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str] = queue.Queue(MOST_LINES)
        self._dropped = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._dropped:
                self._lines.put_nowait(self._tell_dropped())
                self._dropped = 0
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1

    def _tell_dropped(self) -> str:
        told = f"{self._dropped} log lines were dropped: nobody took them"
        return self.format(logging.LogRecord("cutoverd.logs", logging.ERROR, "", 0, told, None, None))

    def flush(self) -> None:
        """Wait for what is queued, but not for a stream that takes nothing."""
        with self._lines.all_tasks_done:
            self._lines.all_tasks_done.wait_for(lambda: not self._lines.unfinished_tasks, FLUSH_S)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            with contextlib.suppress(OSError, ValueError):  # the reader went away, or the process is ending
                self._stream.write(line + "\n")
                self._stream.flush()
            self._lines.task_done()


def configure(stream: TextIO, *, json: bool, level: int = logging.INFO) -> None:
    """Send everything of `level` and above to `stream`, from a thread. `logging.shutdown` flushes, within `FLUSH_S`."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(handler)
        handler.close()
    handler = _Handler(stream)
    handler.setFormatter(_Json() if json else _Human())
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
