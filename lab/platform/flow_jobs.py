"""Flows as files: export jobs, whose result is fetched without a token, and jobs that make a file the newest version.

A file's first `name:` says which flow it is. An upload wants the headers that came with its address, and no token.
"""

from __future__ import annotations

import re

from aiohttp import web

from lab.platform import answers, place, publishing
from lab.platform.answers import Refusal
from lab.platform.organisation import Organisation
from lab.platform.publishing import FLOWS
from lab.platform.settings import wanted_document
from lab.platform.shelf import Document

JOBS, EXPORTS, UPLOADS, DOWNLOADS = f"{FLOWS}/jobs", f"{FLOWS}/export/jobs", "/uploads", "/downloads"
EXPORT, EXPORTED = "architect:jobExport:create", "architect:jobExport:view"
CREATE, VIEW = "architect:job:create", "architect:job:view"
PERMISSIONS = frozenset({EXPORT, EXPORTED, CREATE, VIEW})
SIGNED = {"x-amz-tagging": "lab"}
CONTENT = "/content"


async def _export(request: web.Request) -> web.StreamResponse:
    """Of the version that is named, and of the draft where none is."""
    wanted = (await wanted_document(request, ("flows",)))["flows"]
    organisation, now_ns = place.of(request, EXPORT)
    shelf, job = organisation.shelf, organisation.shelf.next_id("export")
    if not wanted:
        raise Refusal(400, "bad.request", "flows may not be empty")
    flow, version = wanted[0]["flow"]["id"], wanted[0]["flow"].get("version")
    path, told = f"{EXPORTS}/{job}", {"id": job, "command": "Export", "selfUri": f"{EXPORTS}/{job}"}
    end = {"status": "Failure", "messages": [{"type": "Error", "text": f"could not find the flow with id {flow}"}]}
    if shelf.has(f"{FLOWS}/{flow}") and (version is None or shelf.has(f"{FLOWS}/{flow}/versions/{version}")):
        shelf.put(f"{DOWNLOADS}/{job}", {"yaml": content(organisation, flow, version, now_ns=now_ns)})
        end = {"status": "Success", "downloadUrl": f"{request.scheme}://{request.host}{DOWNLOADS}/{job}"}
    shelf.write(path, told | {"status": "Registered"}, told | end, now_ns=now_ns)
    return answers.answer({"id": job, "status": "Registered", "totalFlows": len(wanted), "selfUri": path}, status=202)


async def _exported(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, EXPORTED)
    return answers.answer(organisation.shelf.seen(request.path, now_ns=now_ns))


async def _download(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request)
    return web.Response(text=organisation.shelf.truth(request.path, now_ns=now_ns)["yaml"], content_type="application/yaml")


async def _register(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, CREATE)
    job = organisation.shelf.next_id("job")
    told = {"id": job, "command": "Publish", "status": "Registered", "selfUri": f"{JOBS}/{job}"}
    organisation.shelf.write(f"{JOBS}/{job}", told, now_ns=now_ns)
    where = {"presignedUrl": f"{request.scheme}://{request.host}{UPLOADS}/{job}", "headers": SIGNED}
    return answers.answer({"id": job, "selfUri": f"{JOBS}/{job}"} | where, status=202)


async def _upload(request: web.Request) -> web.StreamResponse:
    """The file's arrival sets the job off."""
    organisation, now_ns = place.of(request)
    if any(request.headers.get(name) != value for name, value in SIGNED.items()):
        return web.Response(status=403)
    path = f"{JOBS}/{request.match_info['job']}"
    job, text = organisation.shelf.truth(path, now_ns=now_ns), (await request.read()).decode()
    flow = _flow_of(organisation, text, now_ns)
    started = job | {"status": "Started"}
    if flow is None:
        why = {"messages": [{"type": "Error", "text": "the file names no flow of this organisation"}]}
        organisation.shelf.write(path, started, job | {"status": "Failure"} | why, now_ns=now_ns)
        return web.Response()
    _publish(organisation, flow, text, now_ns)
    organisation.shelf.write(path, started, job | {"status": "Success", "flow": {"id": flow}}, now_ns=now_ns)
    return web.Response()


async def _job(request: web.Request) -> web.StreamResponse:
    organisation, now_ns = place.of(request, VIEW)
    return answers.answer(organisation.shelf.seen(request.path, now_ns=now_ns))


def content(organisation: Organisation, flow: str, version: str | None, *, now_ns: int) -> str:
    """The file of a version: as it was uploaded, or else one that tells it from all others."""
    path = f"{CONTENT}/{flow}/{version}"
    if organisation.shelf.has(path):
        return str(organisation.shelf.truth(path, now_ns=now_ns)["yaml"])
    name = organisation.shelf.truth(f"{FLOWS}/{flow}", now_ns=now_ns)["name"]
    return f"inboundCall:\n  name: {name}\n  description: {'draft' if version is None else f'as of {version}'}\n"


def _flow_of(organisation: Organisation, text: str, now_ns: int) -> str | None:
    named = re.search(r"^\s*name: (.+)$", text, flags=re.MULTILINE)
    for path, document in organisation.shelf.under(f"{FLOWS}/", now_ns=now_ns):
        is_flow = path == f"{FLOWS}/{document.get('id')}"
        if named is not None and is_flow and document["name"] == named[1].strip():
            return str(document["id"])
    return None


def _publish(organisation: Organisation, flow: str, text: str, now_ns: int) -> None:
    shelf, path = organisation.shelf, f"{FLOWS}/{flow}"
    version: Document = publishing.minted(shelf, flow, now_ns=now_ns)
    shelf.put(f"{CONTENT}/{flow}/{version['id']}", {"yaml": text})
    found = shelf.truth(path, now_ns=now_ns)
    shelf.write(path, found, found | {"publishedVersion": version}, now_ns=now_ns)


ROUTES = [
    web.post(EXPORTS, _export),
    web.get(f"{EXPORTS}/{{job}}", _exported),
    web.post(JOBS, _register),
    web.get(f"{JOBS}/{{job}}", _job),
]
FILES = [web.get(f"{DOWNLOADS}/{{job}}", _download), web.put(f"{UPLOADS}/{{job}}", _upload)]
"""Elsewhere than the API, and without a token."""
