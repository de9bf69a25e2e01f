"""The organisation as the API's documents (Genesys Cloud's public API, `GET /api/v2/docs/swagger`). Pure.

Names and shapes are the vendor's; the guide's `test-calls`, which the vendor does not have, are the guide's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from lab.platform.organisation import Call, Member, Organisation, Queue, Trunk, User

Document = dict[str, Any]
SINCE = "2026-12-05T20:00:00.000Z"
TRUNKS = "/api/v2/telephony/providers/edges/trunks"


def trunk(trunk: Trunk) -> Document:
    document: Document = {
        "id": trunk.id,
        "name": trunk.name,
        "version": 1,
        "state": "active",
        "trunkType": trunk.type,
        "inService": trunk.in_service,
        "enabled": True,
        "optionsEnabledStatus": "ENABLED" if trunk.options else "DISABLED",
        "registersEnabledStatus": "ENABLED" if trunk.registers else "DISABLED",
        "selfUri": f"{TRUNKS}/{trunk.id}",
    }
    if trunk.connected is not None:
        document["connectedStatus"] = {"connected": trunk.connected, "connectedStateTime": SINCE}
    document["registersStatus"] = [
        {"proxyAddress": proxy, "registerState": good, "registerStateTime": SINCE} | _error(good)
        for proxy, good in trunk.registers.items()
    ]
    document["optionsStatus"] = [
        {"proxyAddress": proxy, "optionState": good, "optionStateTime": SINCE} | _error(good)
        for proxy, good in trunk.options.items()
    ]
    return document


def _error(good: bool) -> Document:
    return {} if good else {"errorInfo": {"text": "Service Unavailable", "code": "503"}}


def user(user: User) -> Document:
    return {"id": user.id, "name": user.name, "state": user.state, "version": user.version, "selfUri": f"/api/v2/users/{user.id}"}


def routing_status(user: str, status: str) -> Document:
    return {"userId": user, "status": status, "startTime": SINCE}


def queue(queue: Queue, *, now_ns: int) -> Document:
    members = queue.members.seen(now_ns=now_ns)
    return {
        "id": queue.id,
        "name": queue.name,
        "memberCount": len(members),
        "joinedMemberCount": sum(member.joined for member in members.values()),
        "selfUri": f"/api/v2/routing/queues/{queue.id}",
    }


def member(organisation: Organisation, queue: Queue, user_id: str, member: Member, *, with_routing: bool) -> Document:
    who = organisation.users[user_id]
    document: Document = {
        "id": user_id,
        "name": who.name,
        "user": user(who),
        "ringNumber": member.ring,
        "joined": member.joined,
        "memberBy": "user",
        "selfUri": f"/api/v2/routing/queues/{queue.id}/members/{user_id}",
    }
    if with_routing:
        document["routingStatus"] = routing_status(user_id, member.routing or who.routing)
    return document


def call(call: Call, state: str) -> Document:
    document: Document = {"id": call.id, "flowId": call.flow, "status": state}
    if state == call.state and call.queue is not None:
        document["routedTo"] = {"queueId": call.queue}
    return document


def page(path: str, entities: Sequence[Document], *, number: int, size: int, counted: bool = True) -> Document:
    """One page of a listing; `counted` listings tell how many there are."""
    first = (number - 1) * size
    document: Document = {
        "entities": list(entities[first : first + size]),
        "pageNumber": number,
        "pageSize": size,
        "selfUri": f"{path}?pageNumber={number}&pageSize={size}",
        "firstUri": f"{path}?pageNumber=1&pageSize={size}",
    }
    if number > 1:
        document["previousUri"] = f"{path}?pageNumber={number - 1}&pageSize={size}"
    if first + size < len(entities):
        document["nextUri"] = f"{path}?pageNumber={number + 1}&pageSize={size}"
    if counted:
        document |= {"total": len(entities), "pageCount": max(1, ceil(len(entities) / size))}
    return document


def error(status: int, code: str, message: str, *, context: str, params: Mapping[str, str] | None = None) -> Document:
    return {
        "message": message,
        "code": code,
        "status": status,
        "messageParams": dict(params or {}),
        "contextId": context,
        "details": [],
        "errors": [],
    }
