"""From the tree of a file to the values of the model, and everything that is wrong on the way. Pure.

Each value is read by the annotation of its field (`config.rules` says what an annotation may hold), and reading goes on after
a mistake: what is sound is kept, so that checks across fields can run beside the errors of single fields. What is not sound
is taken out of the tree, and the key that held it is remembered in `Node.lost`, for a default must not be judged as if it had
been written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from config import explain
from config.document import Flaw, Mark, Node
from config.problem import Path, nearest, quoted
from config.rules import Beside, OrSingle, Parsed
from config.secrets import HOW, Secret

KIND = "kind"
"""The key whose value says which of several dataclasses a mapping is."""


class _Lost:
    """No value could be made, and the flaws say why."""


LOST: Final = _Lost()


@dataclass(frozen=True, slots=True)
class Decoded:
    """`found` are the sound fields of the model by name. With no flaws they make one: `Settings(**found)`."""

    found: dict[str, Any]
    flaws: list[Flaw]


def decode(root: Node, model: type, *, folder: str) -> Decoded:
    """`folder` is where relative paths start. Prunes `root` in place of what is not sound."""
    decoding = _Decoding(folder)
    found, _ = decoding.fields(root, model)
    return Decoded(found, decoding.flaws)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    annotation: Any
    required: bool


@cache
def _fields(model: type) -> dict[str, _Field]:
    """By key of the file: the field `for_` is the key `for`, which Python keeps for itself."""
    hints = get_type_hints(model, include_extras=True)
    return {
        field.name.removesuffix("_"): _Field(
            field.name, hints[field.name], field.default is MISSING and field.default_factory is MISSING
        )
        for field in fields(model)
    }


class _Decoding:
    def __init__(self, folder: str) -> None:
        self.flaws: list[Flaw] = []
        self._folder = folder

    def fields(self, node: Node, model: type) -> tuple[dict[str, Any], bool]:
        """The sound fields by name, and whether a required one is not among them."""
        if not isinstance(node.value, dict):
            self._flaw(node, HOW if model is Secret else explain.wrong_type("a mapping (key: value)", node))
            return {}, True
        known, found, lacking = _fields(model), {}, False
        misspelt = self._unknown(node, node.value, model)
        for key, field in known.items():
            child = node.value.get(key)
            value = LOST if child is None else self._value(child, field.annotation)
            if value is not LOST:
                found[field.name] = value
                continue
            lacking = lacking or field.required
            if child is not None:
                _lose(node, node.value, key)
            elif field.required and key not in misspelt:
                self._missing(node, key)
        return found, lacking

    def _unknown(self, node: Node, children: dict[str, Node], model: type) -> set[str]:
        """Report and take out keys that the model does not have; the known keys that they seem to mean."""
        known, meant = list(_fields(model)), set()
        for key in [key for key in children if key not in known]:
            # The "key" of a secret may be the secret itself, as in {hunter2}.
            message = f"unknown key; {HOW}" if model is Secret else explain.unknown_key(key, known)
            self._place(children[key].key_mark, node.path, message)
            _lose(node, children, key)
            meant.add(nearest(key, known))
        return {key for key in meant if key}

    def _missing(self, node: Node, key: str) -> None:
        # A block mapping starts on the line after its key; the key is where a reader looks.
        self._place(node.key_mark, node.path, f"key {quoted(key)} is missing")

    def _value(self, node: Node, annotation: Any) -> Any:
        """What `node` means, or LOST."""
        rules: Sequence[Any] = ()
        if get_origin(annotation) is Annotated:
            annotation, *rules = get_args(annotation)
        before = len(self.flaws)
        if rules and isinstance(rules[0], Parsed):
            value = self._made(node, before, rules[0].parse, node.plain())
            rules = rules[1:]
        elif rules and isinstance(rules[0], OrSingle):
            value = self._list_or_single(node, get_args(annotation)[0])
            rules = rules[1:]
        else:
            value = self._typed(node, annotation)
        for rule in rules:
            if value is not LOST:
                value = self._made(node, before, self._bound(rule), value)
        return value

    def _bound(self, rule: Any) -> Callable[[Any], Any]:
        return (lambda path: rule.located(path, self._folder)) if isinstance(rule, Beside) else rule

    def _made(self, node: Node, before: int, make: Callable[..., Any], *values: Any, **named: Any) -> Any:
        """What `make` returns. Its refusal is no news when it judges what is left of a value with flaws of its own."""
        try:
            return make(*values, **named)
        except ValueError as error:
            if len(self.flaws) == before:
                self._flaw(node, str(error))
            return LOST

    def _typed(self, node: Node, annotation: Any) -> Any:
        origin = get_origin(annotation)
        if origin in _READERS:
            return _READERS[origin](self, node, *get_args(annotation))
        if annotation in _SCALARS:
            return self._scalar(node, annotation)
        if is_dataclass(annotation) and isinstance(annotation, type):
            parse = getattr(annotation, "parse", None)
            return self._model(node, annotation) if parse is None else self._made(node, len(self.flaws), parse, node.plain())
        raise TypeError(f"config.decode cannot read {annotation}")

    def _scalar(self, node: Node, kind: type) -> Any:
        # Neither is True a number, nor 5 a text, nor 5.0 a whole number.
        if type(node.value) is kind:
            return node.value
        return self._flaw(node, _SCALARS[kind](node))

    def _model(self, node: Node, model: type) -> Any:
        before = len(self.flaws)
        found, lacking = self.fields(node, model)
        return LOST if lacking else self._made(node, before, model, **found)

    def _choice(self, node: Node, *choices: str) -> Any:
        return node.value if node.value in choices else self._flaw(node, explain.wrong_choice(choices, node))

    def _list(self, node: Node, item: Any, _: Any) -> Any:
        if not isinstance(node.value, list):
            return self._flaw(node, explain.wrong_type("a list", node))
        read = [(child, self._value(child, item)) for child in node.value]
        node.value = [child for child, value in read if value is not LOST]
        return tuple(value for _, value in read if value is not LOST)

    def _list_or_single(self, node: Node, item: Any) -> Any:
        if isinstance(node.value, list):
            return self._list(node, item, ...)
        value = self._value(node, item)
        return LOST if value is LOST else (value,)

    def _named(self, node: Node, name: Any, item: Any) -> Any:
        if not isinstance(node.value, dict):
            return self._flaw(node, explain.wrong_type("a mapping (key: value)", node))
        found: dict[str, Any] = {}
        for key, child in list(node.value.items()):
            value = self._value(child, item)
            if self._is_name(key, child, get_args(name)[1:]) and value is not LOST:
                found[key] = value
            else:
                _lose(node, node.value, key)
        return found

    def _is_name(self, key: str, node: Node, rules: Iterable[Callable[[str], str]]) -> bool:
        try:
            for rule in rules:
                rule(key)
        except ValueError as error:
            self._place(node.key_mark, node.path, str(error))
            return False
        return True

    def _one_of(self, node: Node, *members: Any) -> Any:
        """`X | None`, or several dataclasses that their `kind` tells apart, or both."""
        if node.value is None and type(None) in members:
            return None
        members = tuple(member for member in members if member is not type(None))
        return self._value(node, members[0]) if len(members) == 1 else self._of_kind(node, members)

    def _of_kind(self, node: Node, models: Iterable[type]) -> Any:
        if not isinstance(node.value, dict):
            return self._flaw(node, explain.wrong_type("a mapping (key: value)", node))
        kinds = {kind: model for model in models for kind in get_args(_fields(model)[KIND].annotation)}
        written = node.value.get(KIND)
        if written is None:
            self._missing(node, KIND)
            return LOST
        kind = self._choice(written, *kinds)
        return LOST if kind is LOST else self._model(node, kinds[kind])

    def _flaw(self, node: Node, message: str) -> _Lost:
        self._place(node.mark, node.path, message)
        return LOST

    def _place(self, mark: Mark, path: Path, message: str) -> None:
        self.flaws.append(Flaw(mark, path, message))


def _lose(node: Node, children: dict[str, Node], key: str) -> None:
    del children[key]
    node.lost.add(key)


_READERS: dict[Any, Callable[..., Any]] = {
    tuple: _Decoding._list,
    dict: _Decoding._named,
    Literal: _Decoding._choice,
    Union: _Decoding._one_of,
    UnionType: _Decoding._one_of,
}
_SCALARS: Mapping[type, Callable[[Node], str]] = {
    str: explain.wrong_text,
    int: explain.wrong_count,
    bool: lambda node: explain.wrong_type("true or false", node),
}
