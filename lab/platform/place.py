"""What handlers of requests share: the organisation, the time, and what the client may do."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from aiohttp import web

from lab.platform.answers import Refusal
from lab.platform.organisation import Organisation


@dataclass(frozen=True, slots=True)
class Place:
    organisation: Organisation
    clock: Callable[[], int]
    permissions: Collection[str]


ORGANISATION = web.AppKey("organisation", Place)


def of(request: web.Request, *needs: str) -> tuple[Organisation, int]:
    """The organisation, and the time in monotonic nanoseconds, for a client with one of the permissions `needs`."""
    place = request.app[ORGANISATION]
    if needs and not any(permission in place.permissions for permission in needs):
        listed = ", ".join(needs)
        message = (
            f"Unable to perform the requested action. You must have at least one of the following permissions assigned: {listed}"
        )
        raise Refusal(403, "missing.any.permissions", message)
    return place.organisation, place.clock()
