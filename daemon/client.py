"""Ask the daemon over its control socket: HTTP/1.1 on AF_UNIX, the standard library alone, so that it starts at once."""

from __future__ import annotations

import http.client
import json
import socket
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from daemon.reply import Exit, Reply

TIMEOUT_S = 10.0
LARGEST = 64 * 1024 * 1024
"""Bytes of an answer. More than that is not the daemon."""


class Unanswered(Exception):
    """No daemon, or none that answers as it should. The message is one line for people."""


def first_socket(paths: Iterable[Path]) -> Path | None:
    """The first path at which a socket stands; what else stands there is passed over, as is what may not be looked at."""
    return next((path for path in paths if _is_socket(path)), None)


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(str(self._path))


def ask(path: Path, command: str, arguments: Mapping[str, object] | None = None, *, timeout_s: float = TIMEOUT_S) -> Reply:
    """`GET /v1/<command>` without arguments, `POST` with them. `timeout_s` bounds each wait for the daemon.

    Raises Unanswered for everything that is not a well-formed reply.
    """
    connection = _UnixConnection(path, timeout_s)
    try:
        _connect(connection, path)
        return _exchange(connection, path, command, arguments, timeout_s)
    finally:
        connection.close()


def _connect(connection: _UnixConnection, path: Path) -> None:
    try:
        connection.connect()
    except ConnectionRefusedError:
        raise Unanswered(f"no daemon: nobody listens on {path} (left behind by a daemon that is gone)") from None
    except TimeoutError:
        raise Unanswered(f"no daemon: {path} does not accept connections") from None
    except OSError as error:
        raise Unanswered(f"no daemon: {path}: {error.strerror or error}") from None


def _exchange(
    connection: _UnixConnection, path: Path, command: str, arguments: Mapping[str, object] | None, timeout_s: float
) -> Reply:
    # Once a command was sent, not hearing back does not mean that it was not done.
    unsure = "" if arguments is None else "; whether it was done is not known: see `cutoverd status`"
    try:
        if arguments is None:
            connection.request("GET", f"/v1/{command}")
        else:
            body = json.dumps(dict(arguments)).encode()
            connection.request("POST", f"/v1/{command}", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read(LARGEST + 1)
        if response.length and len(content) <= LARGEST:
            raise http.client.IncompleteRead(content, response.length)
    except TimeoutError:
        raise Unanswered(f"the daemon at {path} did not answer within {timeout_s:g} s{unsure}") from None
    except (OSError, http.client.HTTPException) as error:
        raise Unanswered(f"the daemon at {path} broke off ({_cause(error)}){unsure}") from None
    reply = _parse(content)
    if reply is None:
        raise Unanswered(f"what answers at {path} is not this daemon: HTTP {response.status} without a reply{unsure}")
    return reply


def _cause(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__


def _parse(content: bytes) -> Reply | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return _reply(found) if isinstance(found, dict) else None


def _reply(found: dict[str, Any]) -> Reply | None:
    code, message, data = found.get("exit"), found.get("message"), found.get("data")
    if type(code) is not int or code not in frozenset(Exit) or not isinstance(message, str) or not isinstance(data, dict):
        return None
    return Reply(Exit(code), message, data)
