"""What the webhook's and the admin server's HTTP looks like, as OpenAPI 3.1, for people who generate their clients.

Tests hold live responses against it. Words that may grow, such as an answer's `reason`, are strings and no enumerations.
"""

from __future__ import annotations

from typing import Any

import orjson

from daemon.web import openapi_admin
from gates.cutover import Phase
from gates.gate import GateState

VERSION = "3.1.0"


def _json(description: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}, **more}


def _error(description: str, **more: Any) -> dict[str, Any]:
    return _json(description, {"$ref": "#/components/schemas/Error"}, **more)


_TEXT, _COUNT = {"type": "string"}, {"type": "integer"}
_RETRY = {"Retry-After": {"description": "Seconds", "schema": _COUNT}}
_CHALLENGE = {"WWW-Authenticate": {"description": "Bearer", "schema": _TEXT}}

_REFUSED = {
    "400": _error("Not HTTP, or a body that breaks off. The connection closes."),
    "401": _error("No good key, or a source that is not allowed: the same bytes for each.", headers=_CHALLENGE),
    "405": _error("Another method.", headers={"Allow": {"description": "What is allowed", "schema": _TEXT}}),
    "429": _error("Too many requests without a good key from one source, or too many with one key.", headers=_RETRY),
}

_ANSWER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cutoverStatus", "gate", "state", "phase", "route", "generation", "ageMs", "validForMs", "reason"],
    "properties": {
        "cutoverStatus": {"type": "string", "enum": ["OK", "DEGRADED"], "description": "Only OK selects the new path."},
        "gate": _TEXT,
        "state": {"type": "string", "enum": [str(state) for state in GateState]},
        "phase": {"type": "string", "enum": [str(phase) for phase in Phase]},
        "route": {"type": "string", "enum": ["new", "baseline"]},
        "generation": {"type": "integer", "description": "Grows each time that what callers are told changes."},
        "ageMs": {"type": "integer", "minimum": -1, "description": "Since the newest needed result; -1: there is none."},
        "validForMs": {"type": "integer", "minimum": 0, "description": "How long this OK may be believed at most."},
        "reason": {"type": "string", "description": "Why not OK; empty with OK. More words may come."},
    },
}

_ASK = {
    "parameters": [
        {"name": "gate", "in": "path", "required": True, "schema": _TEXT},
    ],
    "responses": {
        "200": _json("The answer at this moment. Never cached.", {"$ref": "#/components/schemas/Answer"}),
        **_REFUSED,
        "404": _error("No such gate."),
        "408": _error("The body did not arrive in time. The connection closes."),
        "413": _error("The body is longer than 8 KiB. The connection closes."),
        "500": _error("A fault of ours, as any other failure: take the baseline path."),
    },
}

_BODY = {
    "requestBody": {
        "required": False,
        "description": "May be empty, or anything. Of a JSON object the fields that the configuration names are counted.",
        "content": {"application/json": {"schema": {}}},
    }
}


_LABELS = {"type": "object", "additionalProperties": _TEXT}
_ALERT = {
    "type": "object",
    "required": ["status", "labels", "startsAt", "endsAt", "fingerprint"],
    "properties": {
        "status": {"type": "string", "enum": ["firing", "resolved"]},
        "labels": _LABELS,
        "startsAt": {"type": "string", "description": "RFC 3339"},
        "endsAt": {"type": "string", "description": "RFC 3339; not later than startsAt: not known yet"},
        "fingerprint": _TEXT,
    },
}
_NOTIFICATION = {
    "type": "object",
    "description": "As Alertmanager's webhook_config sends it. Other members are not read.",
    "required": ["version", "groupKey", "alerts"],
    "properties": {
        "version": {"type": "string", "enum": ["4"]},
        "groupKey": _TEXT,
        "truncatedAlerts": {"type": "integer", "minimum": 0},
        "alerts": {"type": "array", "items": _ALERT},
    },
}
_TELL = {
    "operationId": "tellAlerts",
    "summary": "For Alertmanager: what fires, for a probe of kind alertmanager",
    "parameters": [{"name": "probe", "in": "path", "required": True, "schema": _TEXT}],
    "requestBody": {"required": True, "content": {"application/json": {"schema": _NOTIFICATION}}},
    "responses": {
        "200": _json("Taken.", {"type": "object", "required": ["taken"], "properties": {"taken": _COUNT}}),
        **_REFUSED,
        "400": _error("Not HTTP, a body that breaks off, or not what Alertmanager sends: nothing has changed."),
        "404": _error("No such probe."),
        "408": _error("The body did not arrive in time. The connection closes."),
        "413": _error("The body is longer than 256 KiB. The connection closes."),
    },
}


def webhook() -> dict[str, Any]:
    return {
        "openapi": VERSION,
        "info": {"title": "cutoverd webhook", "version": "1", "summary": "May this call take the new path?"},
        "security": [{"bearer": []}, {"apiKey": []}],
        "paths": {
            "/v1/gates/{gate}": {
                "get": {"operationId": "askGate", "summary": "Ask", **_ASK},
                "post": {"operationId": "askGateByPost", "summary": "Ask, with fields in a body", **_ASK, **_BODY},
            },
            "/v1/alerts/{probe}": {"post": _TELL},
            "/v1/openapi.json": {
                "get": {
                    "operationId": "openapi",
                    "summary": "This document",
                    "responses": {"200": _json("OpenAPI 3.1", {"type": "object"}), **_REFUSED},
                }
            },
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
            "schemas": {"Answer": _ANSWER, "Error": openapi_admin.ERROR},
        },
    }


def admin() -> dict[str, Any]:
    return {
        "openapi": VERSION,
        "info": {"title": "cutoverd admin", "version": "1", "summary": "Read-only, without a token"},
        "paths": openapi_admin.PATHS,
        "components": {"schemas": {**openapi_admin.SCHEMAS, "Answer": _ANSWER}},
    }


WEBHOOK = orjson.dumps(webhook())
ADMIN = orjson.dumps(admin())
