"""As much of JSON Schema as the OpenAPI documents use. An unknown keyword is an error: it would check nothing."""

from __future__ import annotations

from typing import Any

_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
_KNOWN = {
    *(
        "type",
        "required",
        "properties",
        "additionalProperties",
        "items",
        "enum",
        "minimum",
        "anyOf",
        "allOf",
        "$ref",
        "description",
    ),
}


def problems(value: Any, schema: dict[str, Any], document: dict[str, Any], at: str = "$") -> list[str]:
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    found: list[str] = []
    if "$ref" in schema:
        found += problems(value, resolved(schema["$ref"], document), document, at)
    for each in schema.get("allOf", []):
        found += problems(value, each, document, at)
    if "anyOf" in schema and all(problems(value, each, document, at) for each in schema["anyOf"]):
        found.append(f"{at}: none of anyOf: {value!r}")
    if "type" in schema and type(value) is not _TYPES[schema["type"]]:
        return [*found, f"{at}: {value!r} is no {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is not among {schema['enum']}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{at}: {value!r} is too small")
    if isinstance(value, dict):
        found += _members(value, schema, document, at)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            found += problems(item, schema["items"], document, f"{at}[{index}]")
    return found


def _members(value: dict[str, Any], schema: dict[str, Any], document: dict[str, Any], at: str) -> list[str]:
    properties = schema.get("properties", {})
    found = [f"{at}: {name} is missing" for name in schema.get("required", []) if name not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{at}: {name} is not documented" for name in value if name not in properties]
    for name, each in properties.items():
        if name in value:
            found += problems(value[name], each, document, f"{at}.{name}")
    return found


def resolved(reference: str, document: dict[str, Any]) -> dict[str, Any]:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, dict)
    return found


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [each for member in value.values() for each in references(member)]
    return [each for item in value for each in references(item)] if isinstance(value, list) else []
