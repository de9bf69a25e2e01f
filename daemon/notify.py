"""What systemd wants to hear (sd_notify(3)): ready, stopping, a line of status, and the watchdog's pat.

A datagram each, never waited for and never worth an error: whoever does not listen does not matter to callers.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping

_NS_PER_US = 1_000


class Notifier:
    """Does nothing when $NOTIFY_SOCKET is not set. Each method says whether the datagram was taken."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    def ready(self, status: str) -> bool:
        return self._send("READY=1", _status(status))

    def reloading(self, *, mono_ns: int) -> bool:
        """Until `ready`. The monotonic clock's microseconds tell systemd which of its own requests this answers."""
        return self._send("RELOADING=1", f"MONOTONIC_USEC={mono_ns // _NS_PER_US}")

    def status(self, text: str) -> bool:
        return self._send(_status(text))

    def stopping(self, status: str) -> bool:
        return self._send("STOPPING=1", _status(status))

    def watchdog(self) -> bool:
        return self._send("WATCHDOG=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> bool:
        if self._socket is None:
            return False
        try:
            self._socket.sendto("\n".join(lines).encode("utf-8", "backslashreplace"), self._address)
        except OSError:  # nobody there, or its queue is full: the next pat comes soon
            return False
        return True


def _address(named: str) -> str:
    """An absolute path, or `@name` in the abstract namespace. Anything else (such as vsock) is not used."""
    if named.startswith("@") and len(named) > 1:
        return f"\0{named[1:]}"
    return named if named.startswith("/") else ""


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}"


def watchdog_interval_ns(environ: Mapping[str, str], *, pid: int) -> int | None:
    """How often to pat: half of what systemd allows (sd_watchdog_enabled(3)). None when it is not watching this process."""
    allowed, watched = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not (allowed.isascii() and allowed.isdecimal()) or (watched and watched != str(pid)):
        return None
    return int(allowed) * _NS_PER_US // 2 or None
