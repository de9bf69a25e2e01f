"""Users, their live routing state, and who the token belongs to."""

from __future__ import annotations

from typing import get_args

from aiohttp import web

from lab.platform import answers, documents, place
from lab.platform.organisation import RoutingState, User

STATES: tuple[RoutingState, ...] = get_args(RoutingState)


async def _users(request: web.Request) -> web.StreamResponse:
    organisation, _ = place.of(request)
    named, state = request.query.getall("id", []), request.query.get("state", "active")
    users = [organisation.users[each] for each in named if each in organisation.users] if named else organisation.users.values()
    return answers.listing(request, [documents.user(user) for user in users if state in ("any", user.state)])


def _named(request: web.Request) -> User:
    organisation, _ = place.of(request)
    user = organisation.users.get(request.match_info["user"])
    if user is None:
        raise answers.not_found("user")
    return user


async def _user(request: web.Request) -> web.StreamResponse:
    return answers.answer(documents.user(_named(request)))


async def _routing_status(request: web.Request) -> web.StreamResponse:
    """Of a user who does not exist the vendor says OFF_QUEUE."""
    organisation, _ = place.of(request)
    name = request.match_info["user"]
    user = organisation.users.get(name)
    return answers.answer(documents.routing_status(name, "OFF_QUEUE" if user is None else user.routing))


async def _set_routing_status(request: web.Request) -> web.StreamResponse:
    user, wanted = _named(request), await answers.body(request)
    status = wanted.get("status") if isinstance(wanted, dict) else None
    state = next((each for each in STATES if each == status), None)
    if state is None:
        raise answers.Refusal(400, "invalid.property", f"Value [{status}] is not a valid property for object [RoutingStatus]")
    user.routing = state
    return answers.answer(documents.routing_status(user.id, user.routing))


async def _me(request: web.Request) -> web.StreamResponse:
    organisation, _ = place.of(request)
    who = {"id": organisation.id, "name": organisation.name}
    return answers.answer({"organization": who, "homeOrganization": who, "authorizedScope": []})


ROUTES = [
    web.get("/api/v2/tokens/me", _me),
    web.get("/api/v2/users", _users),
    web.get("/api/v2/users/{user}", _user),
    web.get("/api/v2/users/{user}/routingstatus", _routing_status),
    web.put("/api/v2/users/{user}/routingstatus", _set_routing_status),
]
