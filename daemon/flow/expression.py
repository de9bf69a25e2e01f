"""The expressions of decisions, parsed: the small grammar that Architect, Studio and condition nodes have in common.

    choice  := or [ "?" choice ":" choice ]
    or      := and { ("or" | "||") and }            and := not { ("and" | "&&") not }
    not     := ("not" | "!") not | compared         compared := primary [ ("==" | "=" | "!=" | "<>" | …) primary ]
    primary := literal | name | name "(" [ choice { "," choice } ] ")" | "(" choice ")" | "{{" choice "}}" | "${" choice "}"

Words are not case-sensitive. Whatever else stands there is refused, with its column: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_CHARACTERS = 4096
MAX_DEPTH = 32


class Unparsed(Exception):
    """The message says what was not understood, and at which column (from 1)."""


@dataclass(frozen=True, slots=True)
class Literal:
    """`None` is NOT_SET, null and undefined."""

    value: str | bool | float | None


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or the name of a path: `Flow.cutoverStatus`, `rollbackRoute`."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    """In lower case."""
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Not:
    of: Expression


@dataclass(frozen=True, slots=True)
class Joined:
    """`and` is true for all of `parts`, otherwise `or`."""

    all_of: bool
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A ternary, or `If(condition, then, otherwise)`."""

    condition: Expression
    then: Expression
    otherwise: Expression


Expression = Literal | Name | Call | Compared | Not | Joined | Choice

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<text>"(?:[^"\\]|\\.|"")*" | '(?:[^'\\]|\\.|'')*')
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    | (?P<sign>\{\{|\}\}|\$\{|==|!=|<>|<=|>=|&&|\|\||[=<>!?:(),}])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"and": "&&", "or": "||", "not": "!"}
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "not_set": None, "null": None, "undefined": None}
_CLOSING = {"(": ")", "{{": "}}", "${": "}"}
_COMPARING = {"==": "==", "=": "==", "!=": "!=", "<>": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def parse(text: str) -> Expression:
    """Raises Unparsed."""
    if len(text) > MAX_CHARACTERS:
        raise Unparsed(f"the expression is longer than {MAX_CHARACTERS} characters")
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unparsed(f"{text[at]!r} in column {at + 1} is not understood")
        if match.lastgroup != "space":
            found.append(_token(match, at + 1))
        at = match.end()
    return [*found, _Token("end", "", len(text) + 1)]


def _token(match: re.Match[str], column: int) -> _Token:
    word = _WORDS.get(match.group().lower())
    if match.lastgroup == "name" and word is not None:
        return _Token("sign", word, column)
    return _Token(str(match.lastgroup), match.group(), column)


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._choice()
        if self._next.kind != "end":
            raise self._unexpected()
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *signs: str) -> str:
        """The sign that stands here, if it is one of these; else nothing."""
        token = self._next
        if token.kind != "sign" or token.text not in signs:
            return ""
        self._at += 1
        return token.text

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(f", where {sign} was expected")

    def _unexpected(self, instead: str = "") -> Unparsed:
        token = self._next
        if token.kind == "end":
            return Unparsed(f"the expression ends too early{instead}")
        return Unparsed(f"{token.text!r} in column {token.column} is not understood{instead}")

    def _choice(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unparsed(f"nested more than {MAX_DEPTH} deep")
        found = self._joined("||", lambda: self._joined("&&", self._not))
        if self._take("?"):
            then = self._choice()
            self._expect(":")
            found = Choice(found, then, self._choice())
        self._depth -= 1
        return found

    def _joined(self, sign: str, part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self._take(sign):
            parts.append(part())
        return Joined(sign == "&&", tuple(parts)) if len(parts) > 1 else parts[0]

    def _not(self) -> Expression:
        turned = False
        while self._take("!"):
            turned = not turned
        compared = self._compared()
        return Not(compared) if turned else compared

    def _compared(self) -> Expression:
        left = self._primary()
        sign = self._take(*_COMPARING)
        if not sign:
            return left
        found = Compared(_COMPARING[sign], left, self._primary())
        if self._next.kind == "sign" and self._next.text in _COMPARING:
            raise self._unexpected()
        return found

    def _primary(self) -> Expression:
        opened = self._take(*_CLOSING)
        if opened:
            inner = self._choice()
            self._expect(_CLOSING[opened])
            return inner
        token = self._next
        if token.kind not in ("text", "number", "name"):
            raise self._unexpected()
        self._at += 1
        if token.kind == "text":
            return Literal(_unquoted(token.text))
        if token.kind == "number":
            return Literal(float(token.text))
        if self._take("("):
            return self._call(token)
        return Literal(_LITERALS[token.text.lower()]) if token.text.lower() in _LITERALS else Name(token.text)

    def _call(self, token: _Token) -> Expression:
        arguments: list[Expression] = []
        if not self._take(")"):
            arguments.append(self._choice())
            while self._take(","):
                arguments.append(self._choice())
            self._expect(")")
        function = token.text.lower()
        if function != "if":
            return Call(function, tuple(arguments))
        if len(arguments) != 3:
            raise Unparsed(f"If in column {token.column} has {len(arguments)} arguments, not 3")
        return Choice(*arguments)


def _unquoted(text: str) -> str:
    quote = text[0]
    return re.sub(r"\\(.)", r"\1", text[1:-1].replace(quote * 2, quote), flags=re.DOTALL)
