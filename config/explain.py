"""What is wrong with a value that is not of its type, in plain sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from config.document import Node
from config.problem import did_you_mean, quoted

_NAMES: dict[type, str] = {str: "text", int: "a number", float: "a number", dict: "a mapping", list: "a list"}


def wrong_type(expected: str, node: Node) -> str:
    return f"expected {expected}, {_found(node)}"


def wrong_text(node: Node) -> str:
    hint = ": put it in quotes" if isinstance(node.value, bool | int | float) else ""
    return wrong_type("text", node) + hint


def wrong_count(node: Node) -> str:
    if isinstance(node.value, float):
        return f"expected a whole number, found {node.value}"
    hint = ": remove the quotes" if isinstance(node.value, str) and node.value.isdecimal() else ""
    return wrong_type("a whole number", node) + hint


def wrong_choice(choices: Sequence[str], node: Node) -> str:
    if not isinstance(node.value, str):
        return wrong_type(_either(choices), node)
    suggestion = did_you_mean(node.value, choices) if len(choices) > 1 else ""
    return f"{quoted(node.value)} is not known: expected {_either(choices)}{suggestion}"


_ELSEWHERE = {
    "transport": ("target", "it goes into target, as in sip:sbc.example.net;transport=tcp"),
    "port": ("target", "it goes into target, as in sip:sbc.example.net:5060"),
    "username": ("credentials", "it goes under credentials: {username: …, password: …}"),
    "password": ("credentials", "it goes under credentials: {username: …, password: …}"),
}
"""Keys of other programs' files: beside which of our keys they are looked for, and where the value stands with us."""


def unknown_key(key: str, known: Sequence[str]) -> str:
    beside, where = _ELSEWHERE.get(key, ("", ""))
    if beside in known:
        return f"unknown key {quoted(key)}: {where}"
    return f"unknown key {quoted(key)}{did_you_mean(key, known) or '; known here: ' + ', '.join(known)}"


def _either(choices: Sequence[str]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]


def _found(node: Node) -> str:
    if node.value is None:
        return "found nothing"
    if isinstance(node.value, bool):
        return f"found {str(node.value).lower()}"
    return f"found {_NAMES[type(node.value)]}"
