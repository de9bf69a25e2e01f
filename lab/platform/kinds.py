"""Kinds of documents that are read and written as a whole: paths, permissions, locks and what a write sets off. Pure.

Each is the vendor's (Genesys Cloud's public API). What a body leaves out of a PUT is gone: an emergency group without its call
flows lets go of all its IVRs, an IVR without `dnis` of all its numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.platform.refusal import Refusal
from lab.platform.shelf import Check, Document, Shelf, Stages

IVRS = "/api/v2/architect/ivrs"
EDGES = "/api/v2/telephony/providers/edges"
SERVERS_OWN = frozenset({"id", "selfUri", "state", "dateCreated", "dateModified", "createdBy", "modifiedBy", "status", "snippet"})
"""Fields that no client can write; in a body they are disregarded."""


def _at_once(_: Document, new: Document) -> Stages:
    return [new]


@dataclass(frozen=True, slots=True)
class Kind:
    """`reads` and `writes`: permissions, of which one is needed. `needs`: what a body must have. `lock`: the code of a conflict,
    None where the last writer wins. `stages`: what the document goes through, of what it was and what it is to be.
    """

    path: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    needs: tuple[str, ...] = ("name",)
    method: str = "PUT"
    lock: str | None = "general.conflict"
    check: Check | None = None
    stages: Callable[[Document, Document], Stages] = _at_once
    status: int = 200
    emptied: tuple[str, ...] = ()
    """Lists that are there, and empty, where a body leaves them out."""


def _numbers_are_free(shelf: Shelf, path: str, wanted: Document, now_ns: int) -> None:
    """A number is one call route's."""
    numbers = set(wanted.get("dnis", []))
    for other, document in shelf.under(f"{IVRS}/", now_ns=now_ns):
        taken = sorted(numbers & set(document.get("dnis", [])))
        if other != path and taken:
            told = f"The DNIS {taken[0]} is already assigned to another IVR Config: {document['name']}"
            raise Refusal(400, "general.bad.request", told)


def _pending(old: Document, new: Document) -> Stages:
    return [new | {"status": "Pending"}, new | {"status": "Active"}]


def _converging(old: Document, new: Document) -> Stages:
    """`reportedState` follows `intendedState`; nothing else of an integration can be written here."""
    intended = new["intendedState"]
    if intended not in ("ENABLED", "DISABLED"):
        raise Refusal(400, "invalid.value", f"Value [{intended}] is not valid for field type [intendedState].")
    way, end = ("ACTIVATING", "ACTIVE") if intended == "ENABLED" else ("DEACTIVATING", "INACTIVE")
    if old.get("reportedState", {}).get("code") == end:
        way = end
    kept = old | {"intendedState": intended}
    return [kept | {"reportedState": {"code": code}} for code in (way, end)]


def _call_routing(of: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (f"routing:{of}:view",), (f"routing:{of}:edit",)


TELEPHONY = ("telephony:plugin:all",)
INTEGRATION = (("integrations:integration:view",), ("integrations:integration:edit",))
KINDS = [
    Kind(f"{IVRS}/{{id}}", *_call_routing("callRoute"), check=_numbers_are_free, emptied=("dnis",)),
    Kind("/api/v2/architect/emergencygroups/{id}", *_call_routing("emergencyGroup"), emptied=("emergencyCallFlows",)),
    Kind("/api/v2/architect/schedulegroups/{id}", *_call_routing("scheduleGroup")),
    Kind(f"{EDGES}/trunkbasesettings/{{id}}", TELEPHONY, TELEPHONY, ("name", "trunkMetabase", "trunkType")),
    Kind(f"{EDGES}/sites/{{site}}/outboundroutes/{{id}}", TELEPHONY, TELEPHONY, ("name", "classificationTypes")),
    Kind("/api/v2/integrations/{id}", *INTEGRATION, ("intendedState",), "PATCH", None, stages=_converging),
    Kind(
        "/api/v2/integrations/{id}/config/current",
        *INTEGRATION,
        ("name", "version", "properties", "advanced", "notes", "credentials"),
        lock="version.conflict",
    ),
    Kind(
        "/api/v2/integrations/actions/{id}",
        ("integrations:action:view", "bridge:actions:view"),
        ("integrations:action:edit",),
        ("version",),
        "PATCH",
        "request.conflict",
    ),
    Kind(
        "/api/v2/processautomation/triggers/{id}",
        ("processautomation:trigger:view", "processautomation:trigger:edit"),
        ("processautomation:trigger:edit",),
        ("version", "enabled", "target", "name", "topicName"),
        lock="request.conflict",
    ),
    Kind(
        "/api/v2/flows/datatables/{table}/rows/{id}",
        ("architect:datatable:view", "architect:datatableRow:view"),
        ("architect:datatable:edit", "architect:datatableRow:edit"),
        ("key",),
        lock=None,
    ),
    Kind(
        "/api/v2/routing/email/domains/{domain}/routes/{id}",
        ("routing:email:view", "routing:email:manage"),
        ("routing:email:manage",),
        ("fromName", "pattern"),
        lock=None,
        stages=_pending,
        status=202,
    ),
    Kind(
        "/api/v2/webdeployments/deployments/{id}",
        ("webDeployments:deployment:view",),
        ("webDeployments:deployment:edit",),
        ("name", "configuration"),
        lock=None,
        stages=_pending,
    ),
]


def written(kind: Kind, old: Document, wanted: Document) -> Document:
    """What `wanted` makes of `old`: a PATCH keeps what it does not name, a PUT only what is the server's own."""
    kept = old if kind.method == "PATCH" else {name: old[name] for name in old.keys() & SERVERS_OWN}
    new = {name: [] for name in kind.emptied} | kept | {k: v for k, v in wanted.items() if k not in SERVERS_OWN}
    return new | {"version": old["version"] + 1} if kind.lock is not None else new
