"""Flows, their versions and their publishing, over HTTP."""

from __future__ import annotations

from aiohttp import web

from lab.platform import answers, place, publishing
from lab.platform.answers import Refusal
from lab.platform.publishing import FLOWS

VIEW, PUBLISH, UNLOCK = "architect:flow:view", "architect:flow:publish", "architect:flow:unlock"
PERMISSIONS = frozenset({VIEW, PUBLISH})


async def _read(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, VIEW)
    return answers.answer(organisation.shelf.seen(request.path, now_ns=now_ns))


async def _versions(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, VIEW)
    flow = request.match_info["flow"]
    organisation.shelf.truth(f"{FLOWS}/{flow}", now_ns=now_ns)
    return answers.listing(request, publishing.versions_of(organisation.shelf, flow, now_ns=now_ns))


async def _publish(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, PUBLISH, UNLOCK)
    flow = request.query.get("flow")
    if flow is None:
        raise Refusal(400, "constraint.validation", "flow may not be null")
    how = organisation.publishing
    operation = how.publish(organisation.shelf, flow, request.query.get("version"), now_ns=now_ns)
    return web.Response(status=202) if how.status == 202 else answers.answer(operation, status=how.status)


ROUTES = [
    web.post(f"{FLOWS}/actions/publish", _publish),
    web.get(f"{FLOWS}/{{flow}}", _read),
    web.get(f"{FLOWS}/{{flow}}/versions", _versions),
    web.get(f"{FLOWS}/{{flow}}/versions/{{version}}", _read),
]
