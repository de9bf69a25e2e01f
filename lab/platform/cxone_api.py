"""NICE CXone's API as far as a cutover touches it: points of contact, skills, agents' skills, scripts, hours, the DR manager.

Field names are those of clients that talk to live tenants; where those are silent, the least that can be asked after. There is no
version to lock by, but for the DR manager's `ifMatchVersion`. A batch answers 200 and tells of each item whether it went well.
On the shelf, documents stand at their path below the services' version; a script's content at `/scripts/` and its path.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from lab.platform import answers, place
from lab.platform.organisation import Organisation
from lab.platform.quota import Tokens
from lab.platform.refusal import Refusal
from lab.platform.settings import wanted_document
from lab.platform.shelf import Document

SERVICES = "/inContactAPI/services/{version}"
DR = "/dr-manager/v1/tenant/{tenant}/config"
POINTS = "/points-of-contact"
Work = Callable[[web.Request, Organisation, str, int], Awaitable[web.StreamResponse]]
"""Of a request with a valid token: the organisation, the shelf's path, now."""


def _held(tokens: Tokens, work: Work) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        organisation, now_ns = place.of(request)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not tokens.is_valid(token, now_ns=now_ns):
            return answers.answer({"error": "invalid_token"}, status=401)
        path = request.path.removeprefix(SERVICES.format(version=request.match_info.get("version", "")))
        try:
            return await work(request, organisation, path, now_ns)
        except Refusal as refusal:
            return answers.answer({"error": refusal.code, "error_Description": refusal.message}, status=refusal.status)

    return handle


async def _read(request: web.Request, organisation: Organisation, path: str, now_ns: int) -> web.StreamResponse:
    return answers.answer(organisation.shelf.seen(path, now_ns=now_ns))


async def _points(request: web.Request, organisation: Organisation, path: str, now_ns: int) -> web.StreamResponse:
    every = [organisation.shelf.seen(each, now_ns=now_ns) for each, _ in organisation.shelf.under(f"{POINTS}/", now_ns=now_ns)]
    return answers.answer({"pointsOfContact": every})


async def _point(request: web.Request, organisation: Organisation, path: str, now_ns: int) -> web.StreamResponse:
    return answers.answer({"pointsOfContact": [organisation.shelf.seen(path, now_ns=now_ns)]})


async def _re_point(request: web.Request, organisation: Organisation, path: str, now_ns: int) -> web.StreamResponse:
    """`{pointOfContactName, skillId, scriptName, isActive}`: other names than the document that is read has."""
    found = organisation.shelf.truth(path, now_ns=now_ns)
    wanted = await wanted_document(request, ("pointOfContactName", "skillId", "scriptName"))
    new: Document = {"contactDescription": wanted["pointOfContactName"], "defaultSkillId": wanted["skillId"]}
    new |= {"scriptName": wanted["scriptName"], "isActive": wanted.get("isActive", True)}
    organisation.shelf.write(path, found | new, now_ns=now_ns)
    return web.Response(status=204)


async def _change_skill(request: web.Request, organisation: Organisation, path: str, now_ns: int) -> web.StreamResponse:
    """`{skill: {…}}`: what it does not name stays."""
    found, wanted = organisation.shelf.truth(path, now_ns=now_ns), (await wanted_document(request, ("skill",)))["skill"]
    organisation.shelf.write(path, found | wanted | {"skillId": found["skillId"]}, now_ns=now_ns)
    return answers.answer({})


async def _change_hours(request: web.Request, organisation: Organisation, path: str, now_ns: int) -> web.StreamResponse:
    found, wanted = organisation.shelf.truth(path, now_ns=now_ns), await wanted_document(request, ("days",))
    organisation.shelf.write(path, found | wanted, now_ns=now_ns)
    return answers.answer({})


async def _stop_skill(request: web.Request, organisation: Organisation, path: str, now_ns: int) -> web.StreamResponse:
    """A personal connection's dialing runs on for a while."""
    path = path.removesuffix("/stop")
    found = organisation.shelf.truth(path, now_ns=now_ns)
    organisation.shelf.write(path, found, found | {"isRunning": False}, now_ns=now_ns)
    return web.Response(status=204)


async def _change_agent(request: web.Request, organisation: Organisation, path: str, now_ns: int) -> web.StreamResponse:
    """POST adds, PUT changes, DELETE (with a body as well) takes away; an item for which that cannot be is told as such."""
    shelf, wanted = organisation.shelf, (await wanted_document(request, ("skills",)))["skills"]
    held = {each["skillId"]: each for each in shelf.truth(path, now_ns=now_ns)["agentSkillAssignments"]}
    results = []
    for item in wanted:
        name, fits = item["skillId"], (item["skillId"] in held) != (request.method == "POST")
        results.append({"skillId": name, "success": fits} | ({} if fits else {"error": "InvalidSkill"}))
        if fits and request.method == "DELETE":
            del held[name]
        elif fits:
            held[name] = {"skillId": name, "agentProficiencyValue": item["proficiency"], "isActive": item.get("isActive", True)}
    shelf.write(path, {"agentSkillAssignments": list(held.values())}, now_ns=now_ns)
    return answers.answer({"errorCount": sum(not each["success"] for each in results), "results": results})


def _script(request: web.Request) -> str:
    wanted = request.query.get("scriptPath")
    if not wanted:
        raise Refusal(400, "InvalidScriptPath", "scriptPath is needed")
    return f"/scripts/{wanted}"


async def _read_script(request: web.Request, organisation: Organisation, _: str, now_ns: int) -> web.StreamResponse:
    return answers.answer(organisation.shelf.seen(_script(request), now_ns=now_ns)["versions"][0])


async def _history(request: web.Request, organisation: Organisation, _: str, now_ns: int) -> web.StreamResponse:
    """The newest is CURR; how many are kept is the business unit's to say."""
    kept = organisation.shelf.seen(_script(request), now_ns=now_ns)["versions"]
    told = [{"scriptId": each["header"]["masterId"], "status": "CURR" if n == 0 else "HIST"} for n, each in enumerate(kept)]
    return answers.answer({"versions": told})


async def _save_script(request: web.Request, organisation: Organisation, _: str, now_ns: int) -> web.StreamResponse:
    """Each save mints an id under the same name; the syntax check says 200, 206 (warnings) or 409 (not saved)."""
    content: Any = (await wanted_document(request, ("scriptContent",)))["scriptContent"]
    if not isinstance(content, dict) or not isinstance(content.get("header"), dict) or "scriptName" not in content["header"]:
        return answers.answer({"error": "SYNTAX_CHECK", "error_Description": "header.scriptName is needed"}, status=409)
    if organisation.script_check == 409:
        return answers.answer({"error": "SYNTAX_CHECK", "error_Description": "the script was not saved"}, status=409)
    shelf, path = organisation.shelf, f"/scripts/{content['header']['scriptName']}"
    earlier = shelf.truth(path, now_ns=now_ns)["versions"] if shelf.has(path) else []
    saved = content | {"header": content["header"] | {"masterId": shelf.next_id("script")}}
    shelf.write(path, {"versions": [saved, *earlier][: organisation.most_script_history]}, now_ns=now_ns)
    return answers.answer({"masterId": saved["header"]["masterId"]}, status=organisation.script_check)


async def _change_dr(request: web.Request, organisation: Organisation, path: str, now_ns: int) -> web.StreamResponse:
    wanted, found = await wanted_document(request, ("ifMatchVersion",)), organisation.shelf.truth(path, now_ns=now_ns)
    if wanted["ifMatchVersion"] != found["version"]:
        raise Refusal(412, "PreconditionFailed", "ifMatchVersion is not the current version")
    changes = {name: value for name, value in wanted.items() if name not in ("ifMatchVersion", "passkey", "version")}
    new = organisation.shelf.write(path, found | changes | {"version": found["version"] + 1}, now_ns=now_ns)
    return answers.answer(new)


WORK: list[tuple[str, str, Work]] = [
    ("GET", f"{SERVICES}{POINTS}", _points),
    ("GET", f"{SERVICES}{POINTS}/{{point}}", _point),
    ("PUT", f"{SERVICES}{POINTS}/{{point}}", _re_point),
    ("GET", f"{SERVICES}/skills/{{skill}}", _read),
    ("PUT", f"{SERVICES}/skills/{{skill}}", _change_skill),
    ("POST", f"{SERVICES}/skills/{{skill}}/stop", _stop_skill),
    ("GET", f"{SERVICES}/agents/{{agent}}/skills", _read),
    *((method, f"{SERVICES}/agents/{{agent}}/skills", _change_agent) for method in ("POST", "PUT", "DELETE")),
    ("GET", f"{SERVICES}/scripts", _read_script),
    ("POST", f"{SERVICES}/scripts", _save_script),
    ("GET", f"{SERVICES}/scripts/historyByName", _history),
    ("GET", f"{SERVICES}/hours-of-operation/{{profile}}", _read),
    ("PUT", f"{SERVICES}/hours-of-operation/{{profile}}", _change_hours),
    ("GET", DR, _read),
    ("PATCH", DR, _change_dr),
]


def routes(tokens: Tokens) -> list[web.RouteDef]:
    return [web.route(method, path, _held(tokens, work)) for method, path, work in WORK]
