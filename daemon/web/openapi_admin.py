"""The admin server's half of `daemon.web.openapi`: its paths and the shapes behind them."""

from __future__ import annotations

from typing import Any

from gates.cutover import Phase
from gates.gate import GateState

_TEXT: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer"}
_FLAG: dict[str, Any] = {"type": "boolean"}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    """Every property is there, always. More may come."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answered(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


ERROR = {**_object(error=_TEXT), "additionalProperties": False}

_KNOWN = {
    "age_ms": _COUNT,
    "fresh": _FLAG,
    "counted": _COUNT,
    "failing": _COUNT,
    "passes": _COUNT,
    "streak": _list(_TEXT),
    "codes": {"type": "object", "additionalProperties": _COUNT},
}

_GATE = _object(
    gate=_TEXT,
    state={"type": "string", "enum": [str(state) for state in GateState]},
    answer={"type": "string", "enum": ["OK", "DEGRADED"]},
    reason=_TEXT,
    age_ms=_COUNT,
    valid_for_ms=_COUNT,
    latched=_FLAG,
    ran=_list(_TEXT),
    hold=_or_null(_object(answer=_TEXT, reason=_TEXT, until=_TEXT)),
    tripped=_or_null(_TEXT),
    distance=_TEXT,
    inputs=_list(_object(probe=_TEXT, path=_TEXT, targets=_list(_object(target=_TEXT, **_KNOWN)), **_KNOWN)),
)

_RUN = _object(id=_TEXT, plan=_TEXT, digest=_TEXT, stopped=_FLAG, halted_at=_TEXT, detail=_TEXT)

SCHEMAS: dict[str, Any] = {
    "Error": ERROR,
    "Health": _object(status=_TEXT, turned_ms=_COUNT),
    "Ready": _object(status={"type": "string", "enum": ["ready", "not-ready"]}, reasons=_list(_TEXT)),
    "Gate": _GATE,
    "ToldGate": {
        "allOf": [
            _ref("Gate"),
            _object(
                webhook=_or_null(_ref("Answer")),
                last_transition=_or_null(_object(before=_TEXT, after=_TEXT, cause=_TEXT, evidence=_TEXT, at=_TEXT)),
            ),
        ]
    },
    "Status": _object(
        verdict=_TEXT,
        name=_TEXT,
        phase={"type": "string", "enum": [str(phase) for phase in Phase]},
        armed=_list(_TEXT),
        halted=_FLAG,
        run=_or_null(_RUN),
        window=_object(opens=_TEXT, closes=_TEXT, inside=_FLAG),
        generation=_COUNT,
        impaired=_TEXT,
        gates=_list(_ref("Gate")),
        plans=_list(_object(name=_TEXT, digest=_TEXT)),
        baseline=_TEXT,
        problem=_TEXT,
        at=_TEXT,
    ),
    "Why": _object(kind=_TEXT),
}

_NOT_ALLOWED = _answered("Another method than GET and HEAD.", _ref("Error"))


def _get(name: str, summary: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"get": {"operationId": name, "summary": summary, **more, "responses": {**responses, "405": _NOT_ALLOWED}}}


_PROBE = {"parameters": [{"name": "probe", "in": "path", "required": True, "schema": _TEXT}]}

PATHS: dict[str, Any] = {
    "/healthz": _get(
        "healthz",
        "Does the judge turn?",
        {"200": _answered("It does.", _ref("Health")), "503": _answered("It does not.", _ref("Health"))},
    ),
    "/readyz": _get(
        "readyz",
        "Has everything started?",
        {"200": _answered("It has.", _ref("Ready")), "503": _answered("Not yet, and why.", _ref("Ready"))},
    ),
    "/metrics": _get(
        "metrics",
        "For Prometheus",
        {"200": {"description": "Text format 0.0.4", "content": {"text/plain": {"schema": _TEXT}}}},
    ),
    "/api/v1/status": _get("status", "Everything at once", {"200": _answered("As `cutoverd status --json`.", _ref("Status"))}),
    "/api/v1/gates": _get(
        "gates", "Each gate, and what the IVR is told", {"200": _answered("All.", _object(gates=_list(_ref("ToldGate"))))}
    ),
    "/api/v1/probes/{probe}": _get(
        "probe",
        "As `cutoverd why`",
        {"200": _answered("What it saw lately.", _ref("Why")), "404": _answered("No such probe.", _ref("Error"))},
        **_PROBE,
    ),
    "/api/v1/openapi.json": _get("openapi", "This document", {"200": _answered("OpenAPI 3.1", {"type": "object"})}),
}
