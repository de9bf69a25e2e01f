"""A daemon played by the test: a real HTTP server on a unix socket that answers as told and notes what it was asked."""

from __future__ import annotations

import json
import shutil
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


def reply(exit: int = 0, message: str = "done", **data: Any) -> bytes:
    """The body of an answer as the daemon makes it."""
    return json.dumps({"ok": exit == 0, "exit": exit, "message": message, "data": data}).encode()


@dataclass
class Asked:
    method: str
    path: str
    arguments: Any


@dataclass
class Played:
    """`says` maps a command to the body of its answer; `raw` are bytes sent instead of any HTTP answer.

    With `silent` a request is taken and not answered until the daemon ends.
    """

    folder: Path
    name: str = "acme-emea"
    says: dict[str, bytes] = field(default_factory=dict)
    raw: bytes | None = None
    silent: bool = False
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def socket(self) -> Path:
        return self.folder / f"{self.name}.sock"

    @property
    def config(self) -> Path:
        return self.folder / "cutoverd.yaml"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, arguments: Any) -> None:
        played = self.server.played
        played.asked.append(Asked(self.command, self.path, arguments))
        self.close_connection = True
        if played.silent:
            played.over.wait()
        elif played.raw is not None:
            self.wfile.write(played.raw)
        else:
            body = played.says.get(self.path.removeprefix("/v1/"), b"404: Not Found")
            self.send_response(200 if body.startswith(b"{") else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test looks at `asked`."""


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = False
    block_on_close = True
    played: Played


@contextmanager
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a unix socket has 107 bytes at most."""
    made = Path(tempfile.mkdtemp(prefix="cutoverd-"))
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def playing(played: Played) -> Iterator[Played]:
    with _Server(str(played.socket), _Handler) as server:
        server.played = played
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield played
        finally:
            played.over.set()
            server.shutdown()
            thread.join()
