"""The requests of one call to a step: sent, judged, and told to the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from config.steps import HttpStep, Send
from probes import clock
from probes.exchange.api import Api
from probes.exchange.document import MISSING, Json, at
from probes.exchange.headers import Headers
from probes.exchange.values import HttpRequest, HttpResponse, Method, NoResponse
from probes.sample import NS_PER_S
from reverters.http import filling, places, redacting
from reverters.http.filling import Sources, Unfilled
from reverters.http.judging import Meaning, Verdict, document_of, judge_read, judge_send
from reverters.plan import Document
from reverters.step import Trouble

CORRELATION = ("ININ-Correlation-Id", "X-Correlation-Id", "X-Request-Id", "Request-Id")
MOST_TOLD = 40


async def _sleep(ns: int) -> None:
    await asyncio.sleep(ns / NS_PER_S)


@dataclass(frozen=True, slots=True)
class Pace:
    """How time goes: monotonic nanoseconds, and waiting for some."""

    mono_ns: Callable[[], int] = clock.mono_ns
    sleep: Callable[[int], Awaitable[None]] = _sleep


@dataclass(frozen=True, slots=True)
class Found:
    """The object as it is now: the whole, and what of it is kept."""

    document: Json
    kept: dict[str, Json]


@dataclass(slots=True)
class Talk:
    """One call's requests. `told` is what the journal keeps of them; answers are kept for the definition's placeholders."""

    api: Api
    step: HttpStep
    baseline: Document
    documents: dict[str, Json] = field(default_factory=dict)
    told: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.documents["baseline"] = dict(self.baseline)

    @property
    def facts(self) -> Document:
        """The first requests, and the last one."""
        left_out = len(self.told) - MOST_TOLD
        told = self.told if left_out <= 0 else [*self.told[: MOST_TOLD - 1], {"left_out": left_out}, self.told[-1]]
        return {"requests": told} if told else {}

    @property
    def sources(self) -> Sources:
        return Sources(self.step.vars, self.documents, self.step.capture.keep, self.step.capture.ignore)

    async def read(self) -> Found | Trouble:
        """The object, and `{current}` from now on."""
        capture = self.step.capture
        where = filling.path(capture.path, capture.query, Sources(self.step.vars))
        ended = await self._exchange("GET", where, capture.headers, None)
        verdict = judge_read(ended, capture.expect, capture.body_ok, now_utc_ns=clock.read().utc_ns)
        if verdict.meaning is not Meaning.DONE or not isinstance(ended, HttpResponse):
            return self.trouble(verdict, where)
        document = at(document_of(ended), capture.at)
        if document is MISSING:
            return Trouble(False, "no-object", f"{where}: nothing stands at {capture.at} of the answer", facts=self.facts)
        try:
            kept = places.project(document, capture.keep, capture.ignore)
        except places.NoPlace as error:
            return Trouble(False, "no-object", f"{where}: {error}", facts=self.facts)
        self.documents["current"] = document
        return Found(document, kept)

    async def send(self, send: Send) -> Verdict:
        """One request that changes something. Its answer is `{response}`, and `{id}` where it has one, from then on."""
        try:
            where = filling.path(send.path, send.query, self.sources)
            headers = {name: filling.text(text, self.sources) for name, text in send.headers.items()}
            body = None if send.body is None else filling.value(send.body, self.sources)
        except Unfilled as error:
            return Verdict(Meaning.REFUSED, "unfilled", str(error))
        ended = await self._exchange(send.method, where, headers, body)
        verdict = judge_send(ended, send, now_utc_ns=clock.read().utc_ns)
        if isinstance(ended, HttpResponse):
            self.documents["response"] = document_of(ended)
            if send.id is not None:
                self.documents[send.id] = self.documents["response"]
        return verdict

    async def ask(self, where: str) -> tuple[Verdict, Json]:
        """A GET of a poll: any good status with JSON is an answer."""
        ended = await self._exchange("GET", where, self.step.capture.headers, None)
        verdict = judge_read(ended, ("2xx",), self.step.capture.body_ok, now_utc_ns=clock.read().utc_ns)
        return verdict, document_of(ended) if isinstance(ended, HttpResponse) else None

    def trouble(self, verdict: Verdict, where: str, *, is_final: bool = False) -> Trouble:
        retryable = verdict.meaning is not Meaning.REFUSED and not is_final
        detail = f"{self.api.name} {where}: {verdict.detail or verdict.reason}"
        return Trouble(retryable, verdict.reason, detail, verdict.retry_after_ns, self.facts)

    async def _exchange(self, method: Method, where: str, headers: Mapping[str, str], body: Any) -> HttpResponse | NoResponse:
        content = b"" if body is None else orjson.dumps(body)
        request = HttpRequest(method, where, Headers.of(headers), content, self.step.most_body)
        ended = await self.api.exchange(request, timeout_ns=self.step.timeout)
        self.told.append(_told(method, where, body, ended))
        return ended


def _told(method: Method, where: str, body: Json, ended: HttpResponse | NoResponse) -> Json:
    """Of answers to GET only status and id: what was read is journaled by itself."""
    path, _, asked = where.partition("?")
    entry: dict[str, Json] = {"method": method, "path": path}
    if asked:
        entry["query"] = "&".join(_parameter(each) for each in asked.split("&"))
    if body is not None:
        entry["body"] = redacting.bounded(body)
    if isinstance(ended, NoResponse):
        return entry | {"reason": str(ended.reason), "sent": ended.is_sent}
    entry["status"] = ended.status
    correlation = next((found for name in CORRELATION if (found := ended.headers.get(name))), None)
    if correlation is not None:
        entry["correlation"] = correlation[: redacting.LONGEST_TEXT]
    if method != "GET":
        entry["answer"] = redacting.body(ended.body)
    return entry


def _parameter(written: str) -> str:
    name, equals, _ = written.partition("=")
    return f"{name}{equals}{redacting.REDACTED}" if redacting.is_secret_name(name) else written
