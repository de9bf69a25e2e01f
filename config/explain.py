"""What pydantic found, in plain sentences and at the place in the file that has to change. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from config.document import Flaw, Node
from config.model import Settings
from config.problem import Path, did_you_mean, quoted
from config.secrets import HOW, Secret

_KEY = "[key]"
_NAME_RULE = "a name has letters, digits, - and _, starts with a letter or digit, and is at most 63 long"


def explain(errors: Iterable[ErrorDetails], root: Node) -> list[Flaw]:
    """One flaw for each error. A missing key that stands there misspelt is reported once, as the misspelt key."""
    errors = list(errors)
    misspelt = {(tuple(error["loc"][:-1]), _meant(error)) for error in errors if error["type"] == "extra_forbidden"}
    return [
        _flaw(error, root)
        for error in errors
        if error["type"] != "missing" or (tuple(error["loc"][:-1]), error["loc"][-1]) not in misspelt
    ]


def _meant(error: ErrorDetails) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(str(error["loc"][-1]), _known_keys(error["loc"][:-1]), n=1)
    return near[0] if near else None


def locate(root: Node, loc: Iterable[str | int]) -> Node:
    """The deepest node on the way that `loc` names; what pydantic adds of its own (union tags, `[key]`) has no node."""
    here = root
    for part in loc:
        here = here.child(part) or here
    return here


def _flaw(error: ErrorDetails, root: Node) -> Flaw:
    loc, kind = error["loc"], error["type"]
    node = locate(root, loc)
    if kind == "extra_forbidden":
        return Flaw(node.key_mark, node.path[:-1], _unknown_key(loc))
    if kind == "missing":
        # A block mapping starts on the line after its key; the key is where a reader looks.
        return Flaw(node.key_mark, node.path, f"key {quoted(str(loc[-1]))} is missing")
    if loc and loc[-1] == _KEY:
        return Flaw(node.key_mark, node.path, f"{quoted(str(node.path[-1]))} is not a name: {_NAME_RULE}")
    return Flaw(node.mark, node.path, _sentence(error, node))


def _unknown_key(loc: Path) -> str:
    known = _known_keys(loc[:-1])
    if _model_at(loc[:-1]) is Secret:
        # The "key" may be the secret itself, as in {hunter2}.
        return f"unknown key; {HOW}"
    return f"unknown key {quoted(str(loc[-1]))}{did_you_mean(str(loc[-1]), known) or '; known here: ' + ', '.join(known)}"


def _sentence(error: ErrorDetails, node: Node) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "model_type" and _model_at(error["loc"]) is Secret:
        return HOW
    if kind in _SENTENCES:
        return _SENTENCES[kind](context, node)
    return error["msg"][:1].lower() + error["msg"][1:]


def _found(node: Node) -> str:
    value = node.value
    if value is None:
        return "found nothing"
    if isinstance(value, bool):
        return f"found {str(value).lower()}"
    names = {str: "text", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
    return f"found {names[type(value)]}"


def _wrong_text(_: Mapping[str, Any], node: Node) -> str:
    hint = ": put it in quotes" if isinstance(node.value, bool | int | float) else ""
    return f"expected text, {_found(node)}{hint}"


def _wrong_count(_: Mapping[str, Any], node: Node) -> str:
    hint = ": remove the quotes" if isinstance(node.value, str) and node.value.isdecimal() else ""
    found = f"found {node.value}" if isinstance(node.value, float) else _found(node)
    return f"expected a whole number, {found}{hint}"


def _wrong_choice(context: Mapping[str, Any], node: Node) -> str:
    choices = [choice.strip("'") for choice in str(context["expected"]).replace(" or ", ", ").split(", ")]
    if not isinstance(node.value, str):
        return f"expected {_either(choices)}, {_found(node)}"
    suggestion = did_you_mean(node.value, choices) if len(choices) > 1 else ""
    return f"{quoted(node.value)} is not known: expected {_either(choices)}{suggestion}"


def _either(choices: list[str]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]


def _too_short(context: Mapping[str, Any], _: Node) -> str:
    return f"must not be empty: expected at least {context['min_length']}"


def _pattern(_: Mapping[str, Any], node: Node) -> str:
    return f"{quoted(str(node.value))} is not a name: {_NAME_RULE}"


def _instant(_: Mapping[str, Any], node: Node) -> str:
    return f"{quoted(str(node.value))} is not a date and time such as 2026-12-05T22:00:00Z"


_SENTENCES: dict[str, Callable[[Mapping[str, Any], Node], str]] = {
    "model_type": lambda _, node: f"expected a mapping (key: value), {_found(node)}",
    "dict_type": lambda _, node: f"expected a mapping (key: value), {_found(node)}",
    "list_type": lambda _, node: f"expected a list, {_found(node)}",
    "string_type": _wrong_text,
    "string_pattern_mismatch": _pattern,
    "int_type": _wrong_count,
    "int_from_float": _wrong_count,
    "greater_than_equal": lambda context, node: f"{node.value} is too small: at least {context['ge']}",
    "less_than_equal": lambda context, node: f"{node.value} is too large: at most {context['le']}",
    "too_short": _too_short,
    "literal_error": _wrong_choice,
    "value_error": lambda context, _: str(context["error"]),
    "timezone_aware": lambda _, node: f"{quoted(str(node.value))} has no time zone: add Z or an offset such as +01:00",
    "datetime_parsing": _instant,
    "datetime_from_date_parsing": _instant,
    "datetime_object_invalid": _instant,
}


def _known_keys(path: Path) -> list[str]:
    model = _model_at(path)
    return [] if model is None else [field.alias or name for name, field in model.model_fields.items()]


def _model_at(path: Path) -> type[BaseModel] | None:
    """The model of the mapping at `path`, which is a path that pydantic went; None for names that the user chooses."""
    here: Any = Settings
    for part in path:
        here = _inside(here, part)
    return _as_model(here)


def _as_model(annotation: Any) -> type[BaseModel] | None:
    members = get_args(annotation) if get_origin(annotation) is UnionType else (annotation,)
    return next((member for member in members if isinstance(member, type) and issubclass(member, BaseModel)), None)


def _inside(annotation: Any, part: str | int) -> Any:
    model = _as_model(annotation)
    if model is None:
        return get_args(annotation)[-1]
    return next(field.annotation for name, field in model.model_fields.items() if (field.alias or name) == part)
