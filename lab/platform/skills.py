"""Users' routing skills and languages. A PUT of skills in bulk replaces all of them; a PATCH adds and changes.

On the shelf, a user's skills are the document `{"entities": […]}` at the path where they are listed.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from lab.platform import answers, place
from lab.platform.answers import Refusal
from lab.platform.shelf import Document

SKILLS, LANGUAGES = "/api/v2/users/{user}/routingskills", "/api/v2/users/{user}/routinglanguages"
SKILL, LANGUAGE = "routing:skill:assign", "routing:language:assign"
PERMISSIONS = frozenset({SKILL, LANGUAGE})
BEST = 5.0


def _held(request: web.Request, of: str, *, seen: bool) -> tuple[str, list[Document]]:
    """The path, and what the user holds: as readers see it, or as it is."""
    organisation, now_ns = place.of(request)
    path = of.format(user=request.match_info["user"])
    if request.match_info["user"] not in organisation.users:
        raise answers.not_found("user")
    if not organisation.shelf.has(path):
        return path, []
    look = organisation.shelf.seen if seen else organisation.shelf.truth
    return path, look(path, now_ns=now_ns)["entities"]


async def _list_skills(request: web.Request) -> web.StreamResponse:
    return answers.listing(request, _held(request, SKILLS, seen=True)[1])


async def _list_languages(request: web.Request) -> web.StreamResponse:
    return answers.listing(request, _held(request, LANGUAGES, seen=True)[1])


async def _replace_skills(request: web.Request) -> web.StreamResponse:
    wanted = await _rated(request)
    return _written(request, SKILLS, SKILL, wanted)


async def _merge_skills(request: web.Request) -> web.StreamResponse:
    return await _merged(request, SKILLS, SKILL)


async def _merge_languages(request: web.Request) -> web.StreamResponse:
    return await _merged(request, LANGUAGES, LANGUAGE)


async def _drop_language(request: web.Request) -> web.StreamResponse:
    _, held = _held(request, LANGUAGES, seen=False)
    name = request.match_info["language"]
    left = [each for each in held if each["id"] != name]
    if len(left) == len(held):
        raise answers.not_found("language")
    _written(request, LANGUAGES, LANGUAGE, left)
    return web.Response(status=204)


async def _merged(request: web.Request, of: str, needs: str) -> web.StreamResponse:
    wanted = await _rated(request)
    held = {each["id"]: each for each in _held(request, of, seen=False)[1]}
    return _written(request, of, needs, list((held | {each["id"]: each for each in wanted}).values()))


async def _rated(request: web.Request) -> list[Document]:
    found: list[Any] = await answers.items(request)
    if not all(isinstance(each.get("proficiency"), int | float) and 0 <= each["proficiency"] <= BEST for each in found):
        raise Refusal(400, "constraint.validation", "proficiency must be between 0.0 and 5.0")
    return [
        {"id": each["id"], "name": each["id"], "proficiency": float(each["proficiency"]), "state": "active"} for each in found
    ]


def _written(request: web.Request, of: str, needs: str, entities: list[Document]) -> web.StreamResponse:
    organisation, now_ns = place.of(request, needs)
    path, held = _held(request, of, seen=False)
    if not organisation.shelf.has(path):
        organisation.shelf.put(path, {"entities": held})
    organisation.shelf.write(path, {"entities": entities}, now_ns=now_ns)
    return answers.listing(request, entities)


ROUTES = [
    web.get(SKILLS, _list_skills),
    web.put(f"{SKILLS}/bulk", _replace_skills),
    web.patch(f"{SKILLS}/bulk", _merge_skills),
    web.get(LANGUAGES, _list_languages),
    web.patch(f"{LANGUAGES}/bulk", _merge_languages),
    web.delete(f"{LANGUAGES}/{{language}}", _drop_language),
]
