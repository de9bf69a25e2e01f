"""The vendor's names and types as this project relies on them, by hand; `make conformity` tries the whole of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lab.platform import furniture
from lab.platform.organisation import Queue, User
from tests.lab.platform.desk import Desk

REF = {"id": str}
CONTRACT: list[tuple[str, Mapping[str, Any]]] = [
    (furniture.IVR, {"id": str, "name": str, "version": int, "dnis": [str], "openHoursFlow": REF, "scheduleGroup": REF}),
    (
        furniture.EMERGENCY,
        {"version": int, "enabled": bool, "emergencyCallFlows": [{"emergencyFlow": REF, "ivrs": [REF]}]},
    ),
    (furniture.SCHEDULES, {"version": int, "timeZone": str, "openSchedules": [REF]}),
    (furniture.FLOW, {"id": str, "name": str, "active": bool, "publishedVersion": {"id": str, "commitVersion": str}}),
    (f"{furniture.FLOW}/versions/12.0", {"id": str, "commitVersion": str, "configurationVersion": str, "datePublished": str}),
    (furniture.TRUNK_BASE, {"version": int, "trunkMetabase": REF, "trunkType": str, "properties": dict}),
    (furniture.OUTBOUND_ROUTE, {"version": int, "enabled": bool, "distribution": str, "externalTrunkBases": [REF]}),
    (furniture.INTEGRATION, {"intendedState": str, "reportedState": {"code": str}}),
    (furniture.INTEGRATION_CONFIG, {"version": int, "properties": dict, "advanced": dict, "notes": str, "credentials": dict}),
    (furniture.ACTION, {"version": int, "category": str, "config": {"request": {"requestUrlTemplate": str}}}),
    (furniture.TRIGGER, {"version": int, "enabled": bool, "topicName": str, "target": {"type": str, "id": str}}),
    (furniture.EMAIL_ROUTE, {"pattern": str, "fromName": str, "status": str}),
    (furniture.WEB_DEPLOYMENT, {"name": str, "configuration": {"id": str, "version": str}, "status": str}),
    (furniture.CAMPAIGN, {"name": str, "version": int, "campaignStatus": str}),
    ("/api/v2/routing/queues/q", {"id": str, "name": str, "memberCount": int, "joinedMemberCount": int}),
    ("/api/v2/routing/queues/q/members", {"entities": [{"id": str, "joined": bool, "ringNumber": int}], "pageNumber": int}),
    ("/api/v2/users/u/routingskills", {"entities": [{"id": str, "proficiency": float, "state": str}], "total": int}),
]


def is_so(expected: Any, found: Any) -> bool:
    """Lists have at least one item, and each is as expected; documents may have more than what is expected."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(name in found and is_so(each, found[name]) for name, each in expected.items())
    if isinstance(expected, list):
        return isinstance(found, list) and bool(found) and all(is_so(expected[0], item) for item in found)
    return type(found) is expected


@pytest.mark.parametrize(("path", "expected"), CONTRACT, ids=[path.removeprefix("/api/v2/") for path, _ in CONTRACT])
async def test_a_document_has_the_vendors_names_and_types(desk: Desk, path: str, expected: Mapping[str, Any]) -> None:
    desk.platform.organisation.add_agents(Queue("q", "sales"), User("u", "Ada"))
    await desk.ask("PUT", "/api/v2/users/u/routingskills/bulk", [{"id": "a", "proficiency": 1}])
    answer = await desk.get(path)
    assert (answer.status, is_so(expected, answer.document)) == (200, True), answer.document


async def test_a_refusal_has_the_vendors_envelope(desk: Desk) -> None:
    document = (await desk.get(f"{furniture.IVR}9")).document
    expected = {"message": str, "code": str, "status": int, "contextId": str, "details": list, "errors": list}
    assert is_so(expected, document), document
