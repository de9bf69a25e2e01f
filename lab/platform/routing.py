"""Queues and their members. A change of members is told as accepted at once, and seen by readers later."""

from __future__ import annotations

from aiohttp import web

from lab.platform import answers, documents, place
from lab.platform.kinds import SERVERS_OWN
from lab.platform.organisation import QUEUES, Organisation, Queue
from lab.platform.settings import wanted_document
from lab.platform.shelf import Document

VIEW, EDIT, MANAGE = "routing:queue:view", "routing:queue:edit", "routing:queueMember:manage"
PERMISSIONS = frozenset({VIEW, EDIT, MANAGE})
COUNTS = frozenset({"memberCount", "userMemberCount", "joinedMemberCount"})


async def _queues(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, VIEW)
    named = request.query.getall("id", [])
    queues = [queue for queue in organisation.queues.values() if not named or queue.id in named]
    return answers.listing(request, [_document(organisation, queue, now_ns) for queue in queues])


async def _queue(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, VIEW)
    return answers.answer(_document(organisation, _named(organisation, request), now_ns))


async def _replace(request: web.Request) -> web.StreamResponse:
    """What the body leaves out is gone; there is no version, and the last writer wins."""
    organisation, now_ns = place.of(request, EDIT)
    queue, wanted = _named(organisation, request), await wanted_document(request, ("name",))
    new = {name: value for name, value in wanted.items() if name not in SERVERS_OWN | COUNTS}
    if not organisation.shelf.has(request.path):
        organisation.shelf.put(request.path, {"name": queue.name})
    organisation.shelf.write(request.path, new, now_ns=now_ns)
    return answers.answer(documents.queue(queue, now_ns=now_ns) | new)


def _document(organisation: Organisation, queue: Queue, now_ns: int) -> Document:
    path = f"{QUEUES}/{queue.id}"
    settings = organisation.shelf.seen(path, now_ns=now_ns) if organisation.shelf.has(path) else {}
    return documents.queue(queue, now_ns=now_ns) | settings


async def _members(request: web.Request) -> web.StreamResponse:
    """This listing tells no total, as the vendor's does not."""
    organisation, now_ns = place.of(request, *sorted(PERMISSIONS))
    return _seen(request, organisation, _named(organisation, request), now_ns)


async def _join(request: web.Request) -> web.StreamResponse:
    """`[{"id", "joined"}]`. The answer is what readers see, which need not be what was asked for."""
    organisation, now_ns = place.of(request, EDIT, MANAGE)
    queue, changes = _named(organisation, request), await answers.items(request)
    if not all(isinstance(item.get("joined"), bool) for item in changes):
        raise answers.Refusal(400, "bad.request", "Invalid request data.  Make sure all have the joined property specified.")
    organisation.join(queue, {item["id"]: item["joined"] for item in changes}, now_ns=now_ns)
    return _seen(request, organisation, queue, now_ns)


async def _change_one(request: web.Request) -> web.StreamResponse:
    """`{"id", "ringNumber", "joined"}`: accepted with 202 and nothing said."""
    organisation, now_ns = place.of(request, EDIT, MANAGE)
    queue, wanted, user = _named(organisation, request), await wanted_document(request, ()), request.match_info["member"]
    if user not in queue.members.newest:
        raise answers.Refusal(404, "resource.not.found", "Specified member could not be found.")
    organisation.change_member(queue, user, joined=wanted.get("joined"), ring=wanted.get("ringNumber"), now_ns=now_ns)
    return web.Response(status=202)


async def _change(request: web.Request) -> web.StreamResponse:
    """`[{"id"}]`, added, or taken away with `delete=true`."""
    organisation, now_ns = place.of(request, EDIT, MANAGE)
    queue, changes = _named(organisation, request), await answers.items(request)
    remove = request.query.get("delete", "false") == "true"
    organisation.change_members(queue, [item["id"] for item in changes], remove=remove, now_ns=now_ns)
    return answers.answer(None)


def _seen(request: web.Request, organisation: Organisation, queue: Queue, now_ns: int) -> web.StreamResponse:
    with_routing = "routingStatus" in request.query.getall("expand", [])
    wanted = request.query.get("joined")
    members = [
        documents.member(organisation, queue, user, member, with_routing=with_routing)
        for user, member in queue.members.seen(now_ns=now_ns).items()
        if wanted in (None, str(member.joined).lower())
    ]
    return answers.listing(request, members, counted=False)


def _named(organisation: Organisation, request: web.Request) -> Queue:
    queue = organisation.queues.get(request.match_info["queue"])
    if queue is None:
        raise answers.Refusal(404, "resource.not.found", "Specified queue could not be found.")
    return queue


ROUTES = [
    web.get(QUEUES, _queues),
    web.get(f"{QUEUES}/{{queue}}", _queue),
    web.put(f"{QUEUES}/{{queue}}", _replace),
    web.get(f"{QUEUES}/{{queue}}/members", _members),
    web.patch(f"{QUEUES}/{{queue}}/members", _join),
    web.post(f"{QUEUES}/{{queue}}/members", _change),
    web.patch(f"{QUEUES}/{{queue}}/members/{{member}}", _change_one),
]
