"""A client of the lab's platform that shares no code with it, and the platform's clock in hand."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import Any

import aiohttp

from lab.platform.server import Platform

NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class Answer:
    status: int
    headers: Any
    document: Any


class Desk:
    """A client with a token, and the platform's clock in hand."""

    def __init__(self, platform: Platform, session: aiohttp.ClientSession) -> None:
        self.platform, self.session = platform, session
        self.token = ""

    async def login(self, secret: str | None = None, **form: str) -> Answer:
        pair = f"{self.platform.client.id}:{secret or self.platform.client.secret}".encode()
        headers = {} if form else {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        given = {"grant_type": "client_credentials", **form}
        answer = await self.answer(self.session.post(self.platform.token_url, data=given, headers=headers))
        if answer.status == 200:
            self.token = answer.document["access_token"]
        return answer

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.answer(self.session.request(method, self.platform.base + path, json=body, headers=headers))

    async def get(self, path: str) -> Answer:
        return await self.ask("GET", path)

    async def answer(self, asking: Any) -> Answer:
        async with asyncio.timeout(5), asking as response:
            is_json = response.content_type == "application/json"
            return Answer(response.status, response.headers, await response.json() if is_json else await response.read())


class Clock:
    def __init__(self) -> None:
        self.ns = NS_PER_S

    def __call__(self) -> int:
        return self.ns
