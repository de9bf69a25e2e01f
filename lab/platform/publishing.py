"""Flows and the publishing of their versions, which is set off at once and comes to an end later or never. Pure.

From the vendor's API: operations, their states and codes. From those who use it: that a publish of a version that does not exist
is answered with 200, and does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.platform.refusal import Refusal
from lab.platform.shelf import Document, Shelf

FLOWS = "/api/v2/flows"
SINCE = "2026-12-05T20:00:00.000Z"


@dataclass(slots=True)
class Publishing:
    """How publishing goes. `status`: 200 with the operation, or 202 with nothing. `fails`: it begins, and ends in FAILURE.
    `refuses_missing`: 404 instead of a 200 that did nothing. `mints`: a version that was published before comes back under
    a new id, since the vendor does not say that it keeps its own.
    """

    status: int = 200
    fails: bool = False
    refuses_missing: bool = False
    mints: bool = False

    def publish(self, shelf: Shelf, flow: str, wanted: str | None, *, now_ns: int) -> Document:
        """The operation as it is told. What it takes is the shelf's to say."""
        path = f"{FLOWS}/{flow}"
        if not shelf.has(path):
            raise Refusal(404, "architect.flow.not.found", "Could not find flow with specified ID.")
        found = shelf.truth(path, now_ns=now_ns)
        _refuse_busy(found)
        started = {"id": shelf.next_id("operation"), "complete": False, "actionName": "PUBLISH", "actionStatus": "STARTED"}
        version = _newest(shelf, flow, now_ns) if wanted is None else wanted
        if not shelf.has(f"{path}/versions/{version}"):
            if self.refuses_missing:
                raise Refusal(404, "architect.flow.version.missing", "Specified flow version is missing.")
            return started
        ended = found | {"currentOperation": started | self._end()}
        if not self.fails:
            ended["publishedVersion"] = self._published(shelf, flow, version, now_ns)
        shelf.write(path, found | {"currentOperation": started}, ended, now_ns=now_ns)
        return started

    def _end(self) -> Document:
        if self.fails:
            why = {"errorCode": "architect.external.publish.error", "errorMessage": "An error occurred while publishing."}
            return {"complete": True, "actionStatus": "FAILURE", **why}
        return {"complete": True, "actionStatus": "SUCCESS"}

    def _published(self, shelf: Shelf, flow: str, version: str, now_ns: int) -> Document:
        document = shelf.truth(f"{FLOWS}/{flow}/versions/{version}", now_ns=now_ns)
        if self.mints:
            document = minted(shelf, flow, now_ns=now_ns)
        return document


def add_flow(shelf: Shelf, flow: str, *versions: str, published: str, name: str = "inbound") -> None:
    """Versions are like "12.0"; `published` is one of them."""
    for version in versions:
        shelf.put(f"{FLOWS}/{flow}/versions/{version}", _version(flow, version))
    document = {"id": flow, "name": name, "type": "INBOUNDCALL", "active": True, "system": False, "deleted": False}
    shelf.put(f"{FLOWS}/{flow}", document | {"publishedVersion": _version(flow, published), "selfUri": f"{FLOWS}/{flow}"})


def versions_of(shelf: Shelf, flow: str, *, now_ns: int) -> list[Document]:
    """The newest first."""
    found = (document for _, document in shelf.under(f"{FLOWS}/{flow}/versions/", now_ns=now_ns))
    return sorted(found, key=lambda document: float(document["id"]), reverse=True)


def minted(shelf: Shelf, flow: str, *, now_ns: int) -> Document:
    """A version after the newest."""
    document = _version(flow, f"{float(_newest(shelf, flow, now_ns)) + 1:.1f}")
    shelf.put(f"{FLOWS}/{flow}/versions/{document['id']}", document)
    return document


def _newest(shelf: Shelf, flow: str, now_ns: int) -> str:
    return str(versions_of(shelf, flow, now_ns=now_ns)[0]["id"])


def _version(flow: str, version: str) -> Document:
    document: Document = {"id": version, "commitVersion": version, "configurationVersion": version, "type": "PUBLISH"}
    return document | {"datePublished": SINCE, "selfUri": f"{FLOWS}/{flow}/versions/{version}"}


def _refuse_busy(found: Document) -> None:
    if "lockedUser" in found:
        raise Refusal(409, "architect.flow.locked.by.user", "Flow is locked by another user.")
    if not found.get("currentOperation", {"complete": True})["complete"]:
        raise Refusal(409, "architect.operation.already.in.progress", "An operation is already in progress on the object.")
