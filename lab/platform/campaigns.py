"""Outbound campaigns: stopped with 204, and off only after the calls in progress have ended."""

from __future__ import annotations

from aiohttp import web

from lab.platform import answers, place
from lab.platform.answers import Refusal
from lab.platform.organisation import Organisation
from lab.platform.shelf import Document

CAMPAIGNS = "/api/v2/outbound/campaigns/{campaign}"
VIEW, STOP, START = "outbound:campaign:view", "outbound:campaign:stop", "outbound:campaign:start"
PERMISSIONS = frozenset({VIEW, STOP, START})


def _true(request: web.Request, organisation: Organisation, now_ns: int) -> tuple[str, Document]:
    path = CAMPAIGNS.format(campaign=request.match_info["campaign"])
    if not organisation.shelf.has(path):
        raise Refusal(404, "not.found", "The dialer campaign was not found.")
    return path, organisation.shelf.truth(path, now_ns=now_ns)


async def _read(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, VIEW)
    path, _ = _true(request, organisation, now_ns)
    return answers.answer(organisation.shelf.seen(path, now_ns=now_ns))


async def _stop(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, STOP)
    path, found = _true(request, organisation, now_ns)
    if found["campaignStatus"] == "on":
        stages = [found | {"campaignStatus": status} for status in ("stopping", "off")]
        organisation.shelf.write(path, *stages, now_ns=now_ns)
    return web.Response(status=204)


async def _start(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, START)
    path, found = _true(request, organisation, now_ns)
    organisation.shelf.write(path, found | {"campaignStatus": "on"}, now_ns=now_ns)
    return web.Response(status=204)


ROUTES = [
    web.get(CAMPAIGNS, _read),
    web.post(f"{CAMPAIGNS}/stop", _stop),
    web.post(f"{CAMPAIGNS}/start", _start),
]
