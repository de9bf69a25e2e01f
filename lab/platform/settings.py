"""Documents that are read and written as a whole, over HTTP: one handler to read, one to write, for each of `KINDS`."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.platform import answers, place
from lab.platform.answers import Refusal
from lab.platform.kinds import KINDS, Kind, written
from lab.platform.shelf import Document

PERMISSIONS = frozenset(permission for kind in KINDS for permission in (*kind.reads, *kind.writes))


def _reading(kind: Kind) -> Handler:
    async def read(request: web.Request) -> web.StreamResponse:
        organisation, now_ns = place.of(request, *kind.reads)
        return answers.answer(organisation.shelf.seen(request.path, now_ns=now_ns))

    return read


def _writing(kind: Kind) -> Handler:
    async def write(request: web.Request) -> web.StreamResponse:
        wanted = await wanted_document(request, kind.needs)
        organisation, now_ns = place.of(request, *kind.writes)
        shelf, path = organisation.shelf, request.path
        old = shelf.truth(path, now_ns=now_ns)
        if kind.lock is not None:
            shelf.check_version(old, wanted, code=kind.lock)
        new = written(kind, old, wanted)
        if kind.check is not None:
            kind.check(shelf, path, new, now_ns)
        told = shelf.write(path, *kind.stages(old, new), now_ns=now_ns)
        return answers.answer(told, status=kind.status)

    return write


async def wanted_document(request: web.Request, needs: Sequence[str]) -> Document:
    """The body where it is a document that has what is needed."""
    found = await answers.body(request)
    if not isinstance(found, dict):
        raise Refusal(400, "bad.request", "The request could not be understood by the server due to malformed syntax.")
    for name in needs:
        if found.get(name) is None:
            raise Refusal(400, "constraint.validation", f"{name} may not be null")
    return found


ROUTES = [
    route for kind in KINDS for route in (web.get(kind.path, _reading(kind)), web.route(kind.method, kind.path, _writing(kind)))
]
