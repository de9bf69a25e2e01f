"""Holds the lab's platform against its vendor's description: every path it serves, well used and ill used, in and out.

    python -m bench.conformity SWAGGER.json[.gz]

The description is the vendor's (`GET /api/v2/docs/swagger` of an organisation) and no part of this project. The guide's paths,
which no vendor has, are left out. Ends with 1 where anything differs, or where a path of the lab was not tried.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bench.vendor_schema import Vendor
from lab.platform import calls, furniture, guide
from lab.platform.organisation import Queue, Trunk, User
from lab.platform.server import PARTS, Platform
from lab.platform.trouble import CONFLICT, EXPIRED, MISMATCH, limited

QUEUE, USER = "/api/v2/routing/queues/queue-1", "/api/v2/users/user-1"
TRUNKS = "/api/v2/telephony/providers/edges/trunks"
PUBLISH = "/api/v2/flows/actions/publish"
READ = [
    "/api/v2/tokens/me",
    *("/api/v2/users", USER, f"{USER}/routingstatus", f"{USER}/routingskills?pageSize=100", f"{USER}/routinglanguages"),
    *("/api/v2/routing/queues", QUEUE, f"{QUEUE}/members?expand=routingStatus&memberBy=user&pageSize=100"),
    *(f"{TRUNKS}?trunkType=EXTERNAL", f"{TRUNKS}/trunk-1"),
    *(furniture.FLOW, f"{furniture.FLOW}/versions", f"{furniture.FLOW}/versions/12.0"),
    furniture.CAMPAIGN,
]
REPLACED = [
    *(furniture.IVR, furniture.EMERGENCY, furniture.SCHEDULES, furniture.TRUNK_BASE, furniture.OUTBOUND_ROUTE),
    *(furniture.INTEGRATION_CONFIG, furniture.ROW, furniture.EMAIL_ROUTE, furniture.WEB_DEPLOYMENT, QUEUE),
]
SKILLS = [{"id": "skill-1", "proficiency": 3.0}, {"id": "skill-2", "proficiency": 5}]
SENT: list[tuple[str, str, Any]] = [
    ("PATCH", furniture.INTEGRATION, {"intendedState": "DISABLED"}),
    ("PATCH", furniture.ACTION, {"version": 1, "category": "other"}),
    ("POST", f"{furniture.CAMPAIGN}/stop", None),
    ("POST", f"{furniture.CAMPAIGN}/start", None),
    ("PUT", f"{USER}/routingskills/bulk", SKILLS),
    ("PATCH", f"{USER}/routingskills/bulk", SKILLS[:1]),
    ("PATCH", f"{USER}/routinglanguages/bulk", [{"id": "language-1", "proficiency": 4.0}]),
    ("DELETE", f"{USER}/routinglanguages/language-1", None),
    ("PUT", f"{USER}/routingstatus", {"status": "IDLE"}),
    ("POST", f"{QUEUE}/members?delete=false", [{"id": "user-1"}]),
    ("PATCH", f"{QUEUE}/members", [{"id": "user-1", "joined": False}]),
    ("PATCH", f"{QUEUE}/members/user-1", {"id": "user-1", "ringNumber": 2}),
]


@dataclass(slots=True)
class Study:
    vendor: Vendor
    platform: Platform
    session: aiohttp.ClientSession
    told: Counter[int] = field(default_factory=Counter)
    tried: set[tuple[str, str]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: Any = None, *, ill: bool = False) -> Any:
        """One exchange; where it is `ill`, the request is wrong on purpose and only the answer is looked at."""
        bare, _, query = path.partition("?")
        operation = self.vendor.operation(method, bare)
        async with self.session.request(method, self.platform.base + path, json=body) as response:
            answered = json.loads(text) if (text := await response.text()) else None
        if operation is None:
            self.faults.append(f"{method} {bare}: the vendor has no such operation")
            return answered
        asked = dict(pair.split("=") for pair in query.split("&") if pair)
        found = [] if ill else list(self.vendor.request(operation, asked, body))
        found += self.vendor.response(operation, response.status, answered)
        if response.status >= 400 and not ill:
            found.append(f"answered {response.status}: {answered}")
        self.faults += [f"{method} {bare}: {fault}" for fault in found]
        self.tried.add((method, operation.template))
        self.told[response.status] += 1
        return answered

    async def well(self) -> None:
        for path in READ:
            await self.ask("GET", path)
        for path in REPLACED:
            await self.ask("PUT", path, await self.ask("GET", path))
            await self.ask("GET", path)
        trigger = await self.ask("GET", furniture.TRIGGER)
        await self.ask("PUT", furniture.TRIGGER, {name: each for name, each in trigger.items() if name not in ("id", "selfUri")})
        await self.ask("GET", furniture.INTEGRATION)
        await self.ask("GET", f"{furniture.ACTION}?includeConfig=true")
        for method, path, body in SENT:
            await self.ask(method, path, body)
        for path in (f"{USER}/routingskills", f"{QUEUE}/members?joined=false", QUEUE, furniture.CAMPAIGN, furniture.INTEGRATION):
            await self.ask("GET", path)

    async def published(self) -> None:
        how = self.platform.organisation.publishing
        for how.status, how.fails in ((200, False), (200, True), (202, False)):
            await self.ask("POST", f"{PUBLISH}?flow=flow-1&version=12.0")
            await self.ask("GET", furniture.FLOW)
        await self.ask("POST", f"{PUBLISH}?flow=flow-1&version=99.0")
        how.refuses_missing = True
        await self.ask("POST", f"{PUBLISH}?flow=flow-1&version=99.0", ill=True)
        await self.ask("POST", f"{PUBLISH}?flow=nowhere", ill=True)
        await self.ask("POST", PUBLISH, ill=True)
        shelf, now_ns = self.platform.organisation.shelf, self.platform.now_ns()
        shelf.intrude(furniture.FLOW, now_ns=now_ns, currentOperation={"complete": False})
        await self.ask("POST", f"{PUBLISH}?flow=flow-1&version=12.0", ill=True)
        shelf.intrude(furniture.FLOW, now_ns=now_ns, lockedUser={"id": "user-1", "version": 1})
        await self.ask("POST", f"{PUBLISH}?flow=flow-1&version=12.0", ill=True)

    async def filed(self) -> None:
        for version in ("12.0", "99.0"):
            wanted = {"flows": [{"flow": {"id": "flow-1", "version": version}, "exportType": "Yaml"}]}
            job = await self.ask("POST", "/api/v2/flows/export/jobs", wanted)
            await self.ask("GET", f"/api/v2/flows/export/jobs/{job['id']}?expand=messages")
        for file in ("inboundCall:\n  name: inbound\n", "nothing"):
            job = await self.ask("POST", "/api/v2/flows/jobs", {})
            async with self.session.put(job["presignedUrl"], data=file, headers=job["headers"]) as response:
                assert response.status == 200
            await self.ask("GET", f"/api/v2/flows/jobs/{job['id']}?expand=messages")

    async def ill(self) -> None:
        """Wrong versions in both forms, numbers that are taken, what is not there, what lacks its name; limits and ends."""
        for mismatch in (400, 409):
            self.platform.organisation.shelf.mismatch_status = 400 if mismatch == 400 else 409
            for path in (furniture.IVR, furniture.TRUNK_BASE, furniture.INTEGRATION_CONFIG):
                await self.ask("PUT", path, await self.ask("GET", path) | {"version": 99}, ill=True)
            await self.ask("PATCH", furniture.ACTION, {"version": 99}, ill=True)
        taken = await self.ask("GET", furniture.IVR) | {"dnis": ["+15550009999"]}
        await self.ask("PUT", furniture.IVR, taken, ill=True)
        for path in REPLACED:
            await self.ask("PUT", path, {}, ill=True)
            await self.ask("GET", path.replace("-1", "-9").replace("/cutover", "/none"), ill=True)
        for trouble in (limited(), EXPIRED, CONFLICT, MISMATCH):
            self.platform.troubles.add("PUT *", trouble, times=1)
            await self.ask("PUT", furniture.IVR, {}, ill=True)

    def untried(self) -> list[str]:
        """Routes of the lab that no exchange went to."""
        served = {
            (route.method, re.sub(r"\{[^}]+\}", "{}", route.path))
            for part in PARTS
            if part not in (guide, calls)
            for route in part.ROUTES
        }
        tried = {(method, re.sub(r"\{[^}]+\}", "{}", template)) for method, template in self.tried}
        return [f"{method} {path}: served and not tried" for method, path in sorted(served - tried)]


def furnished(platform: Platform) -> None:
    organisation = platform.organisation
    organisation.add_trunk(Trunk("trunk-1", "carrier", registers={"203.0.113.1": True}, options={"203.0.113.1": False}))
    organisation.add_agents(Queue("queue-1", "sales"), User("user-1", "Ada"), User("user-2", "Grace"))


async def studied(vendor: Vendor) -> Study:
    async with Platform() as platform:
        furnished(platform)
        pair = base64.b64encode(f"{platform.client.id}:{platform.client.secret}".encode()).decode()
        async with aiohttp.ClientSession() as session:
            asked = {"data": {"grant_type": "client_credentials"}, "headers": {"Authorization": f"Basic {pair}"}}
            async with session.post(platform.token_url, **asked) as response:
                token = (await response.json())["access_token"]
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            study = Study(vendor, platform, session)
            await study.well()
            await study.filed()
            await study.published()
            await study.ill()
            return study


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    file = Path(sys.argv[1])
    read = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    study = asyncio.run(studied(Vendor(json.loads(read))))
    faults = [*dict.fromkeys(study.faults), *study.untried()]
    for fault in faults:
        print(fault)
    answers = ", ".join(f"{number} × {status}" for status, number in sorted(study.told.items()))
    print(f"{len(study.tried)} operations, {study.told.total()} exchanges ({answers}): {len(faults)} problems")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
