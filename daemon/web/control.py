"""The control server: commands over a local socket, which works when DNS, the network and single sign-on do not.

`GET /v1/status` and `POST /v1/<command>` with a JSON object. Whatever was understood is answered 200 with the reply, also a
refusal; other statuses mean that it was not understood, and carry a reply all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from daemon.reply import Exit, Reply
from daemon.web import body, responses
from daemon.web.actor import Actors
from daemon.web.claim import Claimed, claim
from daemon.web.listener import Limits, Listener

logger = logging.getLogger("cutoverd.control")

PREFIX = "/v1/"

Handle = Callable[[str, dict[str, Any], str], Awaitable[Reply]]
"""(command, arguments, actor) → the reply, after the durable write."""


class Control:
    def __init__(
        self, handle: Handle, status: Callable[[], Reply], *, commands: Collection[str], limits: Limits | None = None
    ) -> None:
        """`commands` are the names that `handle` knows, without `status`."""
        self._handle = handle
        self._status = status
        self._commands = frozenset(commands)
        self._limits = limits or Limits()
        self._actors = Actors()
        self._listener: Listener | None = None
        self._claimed: Claimed | None = None

    async def open(self, path: Path) -> None:
        """Raises ControlBusy where a daemon is alive, ControlRefused where the place cannot be had."""
        self._claimed = claim(path)
        self._listener = Listener(self._answer, limits=self._limits)
        await self._listener.open_unix(self._claimed.listening)

    async def close(self) -> None:
        if self._listener is None or self._claimed is None:
            return
        # First the name, so that no client finds a socket that no longer accepts.
        self._claimed.release()
        await self._listener.close()
        self._listener = None

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        try:
            return await self._dispatch(request)
        except Exception:
            logger.exception("a command could not be answered")
            return _misused(500, "the daemon failed to answer: see its log", exit_code=Exit.NO_DAEMON)

    async def _dispatch(self, request: web.BaseRequest) -> web.Response:
        command = request.path.removeprefix(PREFIX) if request.path.startswith(PREFIX) else ""
        if command == "status":
            return _reply(self._status()) if request.method == "GET" else _misused(405, "status is asked with GET")
        if command not in self._commands:
            return _misused(404, "no such command")
        if request.method != "POST":
            return _misused(405, f"{command} is sent with POST")
        arguments = await self._arguments(request)
        if isinstance(arguments, web.Response):
            return arguments
        return _reply(await self._handle(command, arguments, await self._actor(request)))

    async def _arguments(self, request: web.BaseRequest) -> dict[str, Any] | web.Response:
        read = await body.read(request, self._limits)
        if isinstance(read, web.Response):
            return _misused(read.status, body.MESSAGES[read.status], close=True)
        try:
            arguments = orjson.loads(read or b"{}")
        except orjson.JSONDecodeError as error:
            return _misused(400, f"the body is not JSON: {error}")
        return arguments if isinstance(arguments, dict) else _misused(400, "the body is not a JSON object")

    async def _actor(self, request: web.BaseRequest) -> str:
        return await self._actors.describe(request.get_extra_info("socket"))


def _reply(reply: Reply) -> web.Response:
    return responses.document(reply.document())


def _misused(status: int, message: str, *, exit_code: Exit = Exit.USAGE, close: bool = False) -> web.Response:
    response = responses.document(Reply(exit_code, message).document(), status)
    if close:
        response.force_close()
    return response
