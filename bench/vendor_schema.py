"""As much of Swagger 2.0 and JSON Schema as a vendor's description of its API needs. Pure.

An `object` without properties is any value: so the vendor writes Java's Object. A field that a described object does
not have is a fault of the answer; in a request it is one too, for the vendor would disregard it in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Schema = dict[str, Any]
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    template: str
    described: Schema

    def parameters(self, where: str) -> Iterator[Schema]:
        return (each for each in self.described.get("parameters", []) if each["in"] == where)


class Vendor:
    """The description as it was read. Each method that checks yields a sentence for each fault."""

    def __init__(self, document: Schema) -> None:
        self._definitions = document["definitions"]
        self._paths = sorted(document["paths"].items(), key=lambda item: (item[0].count("{"), item[0]))

    def operation(self, method: str, path: str) -> Operation | None:
        for template, described in self._paths:
            pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in described:
                return Operation(method, template, described[method.lower()])
        return None

    def request(self, operation: Operation, query: dict[str, str], body: Any) -> Iterator[str]:
        known = {each["name"]: each for each in operation.parameters("query")}
        yield from (f"query {name} is not one of {sorted(known)}" for name in query.keys() - known.keys())
        missing = (name for name, each in known.items() if each.get("required") and name not in query)
        yield from (f"query {name} is missing" for name in missing)
        bodies = list(operation.parameters("body"))
        if body is not None and not bodies:
            yield "a body is not expected"
        for each in bodies:
            if body is not None:
                yield from self.faults(each["schema"], body, "body")
            elif each.get("required"):
                yield "the body is missing"

    def response(self, operation: Operation, status: int, body: Any) -> Iterator[str]:
        responses = operation.described["responses"]
        told = responses.get(str(status)) or responses.get("default")
        if told is None:
            yield f"status {status} is not one of {sorted(responses)}"
        elif status >= 400:
            yield from self._error(told, status, body)
        elif told.get("schema") is not None:
            yield from self.faults(told["schema"], body, "answer")
        elif body is not None:
            yield f"status {status} has no body, and here is one"

    def _error(self, told: Schema, status: int, body: Any) -> Iterator[str]:
        yield from self.faults({"$ref": "#/definitions/ErrorBody"}, body, "error")
        codes = told.get("x-inin-error-codes", {})
        if isinstance(body, dict) and codes and body.get("code") not in codes:
            yield f"code {body.get('code')} of status {status} is not one of {sorted(codes)}"

    def faults(self, schema: Schema, value: Any, where: str) -> Iterator[str]:
        schema = self._definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        kind = schema.get("type", "object")
        if kind == "object" and not schema.get("properties"):
            return
        if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            yield f"{where} is {value!r}, and no {kind}"
        elif "enum" in schema and value not in schema["enum"]:
            yield f"{where} is {value!r}, and none of {schema['enum']}"
        elif kind == "object":
            yield from self._fields(schema, value, where)
        elif kind == "array":
            for number, item in enumerate(value):
                yield from self.faults(schema["items"], item, f"{where}/{number}")
        else:
            yield from _bounds(schema, value, where)

    def _fields(self, schema: Schema, value: dict[str, Any], where: str) -> Iterator[str]:
        properties = schema["properties"]
        yield from (f"{where} lacks {name}" for name in schema.get("required", []) if name not in value)
        for name, field in value.items():
            if name in properties:
                yield from self.faults(properties[name], field, f"{where}/{name}")
            elif "additionalProperties" not in schema:
                yield f"{where}/{name} is no field of the vendor's"


def _bounds(schema: Schema, value: Any, where: str) -> Iterator[str]:
    if isinstance(value, str):
        if schema.get("format") == "date-time" and not _is_time(value):
            yield f"{where} is {value!r}, and no time"
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{where} has {len(value)} characters"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{where} is {value!r}, which is not like {schema['pattern']}"
    elif not isinstance(value, bool) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where} is {value}, out of bounds"


def _is_time(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
