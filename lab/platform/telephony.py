"""Trunks: `/api/v2/telephony/providers/edges/trunks`."""

from __future__ import annotations

from aiohttp import web

from lab.platform import answers, documents, place
from lab.platform.documents import TRUNKS

PERMISSIONS = frozenset({"telephony:plugin:all"})


async def _trunks(request: web.Request) -> web.StreamResponse:
    organisation, _ = place.of(request, *PERMISSIONS)
    wanted = request.query.get("trunkType")
    trunks = sorted(organisation.trunks.values(), key=lambda trunk: trunk.name)
    return answers.listing(request, [documents.trunk(trunk) for trunk in trunks if wanted in (None, trunk.type)])


async def _trunk(request: web.Request) -> web.StreamResponse:
    organisation, _ = place.of(request, *PERMISSIONS)
    trunk = organisation.trunks.get(request.match_info["trunk"])
    if trunk is None:
        raise answers.Refusal(404, "general.resource.not.found", "Trunk ID not found.")
    return answers.answer(documents.trunk(trunk))


ROUTES = [web.get(TRUNKS, _trunks), web.get(f"{TRUNKS}/{{trunk}}", _trunk)]
