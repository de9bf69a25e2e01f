"""What an expression may come to when cutoverStatus has a given value.

Truth has three values. A comparison with a missing value is false on some platforms and neither true nor false on others, so
both are possible; a condition that is neither takes the path of false. Of every other variable nothing is known: a comparison
with it may come to anything. The result is therefore the *set* of what is possible, never too small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from daemon.flow.expression import Call, Choice, Compared, Expression, Joined, Literal, Name, Not


@dataclass(frozen=True, slots=True)
class Unknown:
    """The value of something else than cutoverStatus: a variable, or the name of a path."""

    text: str


Value = str | bool | float | None | Unknown
"""None is a missing value, and as a truth: neither true nor false."""
Values = frozenset[Value]
IsStatus = Callable[[str], bool]

OK = "OK"
GARBAGE = "\N{REPLACEMENT CHARACTER}garbage"
USUAL: tuple[str | None, ...] = (OK, "DEGRADED", None, "", GARBAGE)
ANY_TRUTH: Values = frozenset({True, False, None})


class Unjudgeable(Exception):
    """The expression was parsed, but what it does with cutoverStatus is not known. The message says what."""


def statuses(expressions: Iterable[Expression]) -> tuple[str | None, ...]:
    """The values to try: the usual ones, and each text that an expression compares with."""
    compared = [part for each in expressions for part in parts(each) if isinstance(part, Compared)]
    texts = {part.value for each in compared for part in parts(each) if isinstance(part, Literal)}
    named = sorted(text for text in texts if isinstance(text, str) and text.casefold() != OK.casefold())
    return (*USUAL, *(text for text in named if text not in USUAL))


def parts(expression: Expression) -> Iterator[Expression]:
    yield expression
    for inner in _inner(expression):
        yield from parts(inner)


def _inner(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Call(_, arguments):
            return arguments
        case Compared(_, left, right):
            return (left, right)
        case Not(of):
            return (of,)
        case Joined(_, joined):
            return joined
        case Choice(condition, then, otherwise):
            return (condition, then, otherwise)
    return ()


def outcomes(expression: Expression, status: str | None, is_status: IsStatus) -> Values:
    """All that the expression may come to. Raises Unjudgeable."""
    return _Evaluation(status, is_status).of(expression)


def truths(values: Values) -> Values:
    """The same as conditions: a subset of true, false and neither."""
    return frozenset[Value]().union(*({value} if isinstance(value, bool) or value is None else ANY_TRUTH for value in values))


@dataclass(frozen=True, slots=True)
class _Evaluation:
    status: str | None
    is_status: IsStatus

    def of(self, expression: Expression) -> Values:
        match expression:
            case Literal(value):
                return frozenset({value})
            case Name(text):
                return frozenset({self.status if self.is_status(text) else Unknown(text)})
            case Not(of):
                return frozenset(_not(truth) for truth in truths(self.of(of)))
            case Joined(all_of, joined):
                return self._joined(joined, all_of)
            case Choice():
                return self._chosen(expression)
            case Compared():
                return self._compared(expression)
            case Call():
                return self._called(expression)

    def _joined(self, joined: tuple[Expression, ...], all_of: bool) -> Values:
        """Kleene: one false decides an `and`, one true an `or`; what is undecided stays so."""
        decides, found = not all_of, frozenset[Value]({all_of})
        for part in joined:
            found = frozenset(_joined(a, b, decides) for a, b in product(found, truths(self.of(part))))
        return found

    def _chosen(self, choice: Choice) -> Values:
        truth = truths(self.of(choice.condition))
        found = self.of(choice.then) if True in truth else frozenset[Value]()
        return found | self.of(choice.otherwise) if truth - {True} else found

    def _compared(self, compared: Compared) -> Values:
        left, right = self.of(compared.left), self.of(compared.right)
        if compared.operator not in ("==", "!="):
            if self._concerns(compared):
                raise Unjudgeable(f"cutoverStatus is compared by {compared.operator}")
            return ANY_TRUTH
        equal = frozenset[Value]().union(*(_equal(a, b) for a, b in product(left, right)))
        return equal if compared.operator == "==" else frozenset(_not(truth) for truth in equal)

    def _called(self, call: Call) -> Values:
        known = _FUNCTIONS.get(call.function)
        if known is not None and len(call.arguments) == 1:
            return frozenset[Value]().union(*(known(value) for value in self.of(call.arguments[0])))
        if self._concerns(call):
            raise Unjudgeable(f"what {call.function}(…) makes of cutoverStatus is not known")
        return frozenset({Unknown(f"{call.function}(…)")})

    def _concerns(self, expression: Expression) -> bool:
        return any(isinstance(part, Name) and self.is_status(part.text) for part in parts(expression))


def _not(truth: Value) -> Value:
    return None if truth is None else not truth


def _joined(a: Value, b: Value, decides: bool) -> Value:
    if a is decides or b is decides:
        return decides
    return None if a is None or b is None else not decides


def _equal(a: Value, b: Value) -> Values:
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return ANY_TRUTH
    if a is None or b is None:
        return frozenset({a is b, None})
    if isinstance(a, str) and isinstance(b, str):
        # Whether case counts differs between platforms.
        return frozenset({a == b, a.casefold() == b.casefold()})
    return frozenset({a == b, None}) if type(a) is not type(b) else frozenset({a == b})


def _text(value: Value) -> Values:
    if value is None:
        return frozenset({None, "", "NOT_SET"})
    if isinstance(value, str | Unknown):
        return frozenset({value})
    return frozenset({str(value).lower()})


def _cased(change: Callable[[str], str]) -> Callable[[Value], Values]:
    def changed(value: Value) -> Values:
        return frozenset({change(value) if isinstance(value, str) else value})

    return changed


def _is_not_set(value: Value) -> Values:
    return ANY_TRUTH if isinstance(value, Unknown) else frozenset({value is None})


def _is_not_set_or_empty(value: Value) -> Values:
    return ANY_TRUTH if isinstance(value, Unknown) else frozenset({value is None or value == ""})


_FUNCTIONS: dict[str, Callable[[Value], Values]] = {
    "tostring": _text,
    "lower": _cased(str.lower),
    "upper": _cased(str.upper),
    "trim": _cased(str.strip),
    "isnotset": _is_not_set,
    "isset": lambda value: frozenset(_not(truth) for truth in _is_not_set(value)),
    "isnotsetorempty": _is_not_set_or_empty,
}
