"""The guide's own paths, as it writes them. No vendor has them; what it does not say is the least that can be asked after.

A PATCH is accepted with 202 and true after a while, a freeze and a deployment a second time are 409.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.platform import answers, place
from lab.platform.answers import Refusal
from lab.platform.settings import wanted_document

FLOW = "/api/v2/architect/flows/{flow}"
STRATEGY = "/api/v2/routing/routing-strategies/{strategy}"
PROFILE = "/api/v2/users/{user}/routing/profile"
SCHEDULE = "/api/v2/wfm/schedules/{schedule}"
VERSIONS = "/api/v2/flow-versions"


async def _read(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request)
    return answers.answer(organisation.shelf.seen(request.path, now_ns=now_ns))


def _changing(*needs: str, status: int, on_the_way: dict[str, str] | None = None) -> Handler:
    """`on_the_way`: what the document says until it is as it was asked to be; without it, it is so at once."""

    async def change(request: web.Request) -> web.StreamResponse:
        wanted = await wanted_document(request, needs)
        organisation, now_ns = place.of(request)
        found = organisation.shelf.truth(request.path, now_ns=now_ns)
        stages = [found | on_the_way, found | wanted] if on_the_way else [found | wanted]
        told = organisation.shelf.write(request.path, *stages, now_ns=now_ns)
        return answers.answer(told, status=status)

    return change


async def _deploy(request: web.Request) -> web.StreamResponse:
    wanted = await wanted_document(request, ("flowVersionId", "deploymentId"))
    return _created(request, f"{request.path}/{wanted['deploymentId']}", wanted)


async def _snapshot(request: web.Request) -> web.StreamResponse:
    wanted = await wanted_document(request, ("flowId", "name"))
    return _created(request, f"{VERSIONS}/{wanted['flowId']}/{wanted['name']}", wanted)


def _created(request: web.Request, path: str, document: dict[str, object]) -> web.StreamResponse:
    organisation, now_ns = place.of(request)
    if organisation.shelf.has(path):
        raise Refusal(409, "request.conflict", "The request conflicts with the current state of the target resource.")
    return answers.answer(organisation.shelf.write(path, document, now_ns=now_ns), status=201)


async def _snapshots(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request)
    wanted = {name: request.query[name] for name in ("flowId", "name") if name in request.query}
    every = (document for _, document in organisation.shelf.under(f"{VERSIONS}/", now_ns=now_ns))
    return answers.listing(request, [each for each in every if wanted.items() <= each.items()])


async def _freeze(request: web.Request) -> web.StreamResponse:
    wanted = await wanted_document(request, ("freezeReason", "effectiveDate", "freezeDuration"))
    organisation, now_ns = place.of(request)
    path = request.path.removesuffix("/freeze")
    found = organisation.shelf.truth(path, now_ns=now_ns)
    if found["frozen"]:
        raise Refusal(409, "request.conflict", "The schedule is frozen already.")
    frozen = found | wanted | {"frozen": True}
    return answers.answer(organisation.shelf.write(path, found, frozen, now_ns=now_ns), status=202)


ROUTES = [
    web.get(FLOW, _read),
    web.patch(FLOW, _changing("versionId", "status", status=202, on_the_way={"status": "deploying"})),
    web.post(f"{FLOW}/deployments", _deploy),
    web.get(f"{FLOW}/deployments/{{deployment}}", _read),
    web.post(VERSIONS, _snapshot),
    web.get(VERSIONS, _snapshots),
    web.get(STRATEGY, _read),
    web.patch(STRATEGY, _changing("name", "flow", "conditions", status=200)),
    web.get(PROFILE, _read),
    web.patch(PROFILE, _changing("skills", "queues", "status", status=200)),
    web.get(SCHEDULE, _read),
    web.post(f"{SCHEDULE}/freeze", _freeze),
]
