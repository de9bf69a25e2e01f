"""As much of PromQL as it takes to say which series and labels an expression names. Prometheus itself checks the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""\s+ | \#[^\n]*
    | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    | (?P<other>\$\w+|\$\{\w+\}|\d[\w.]*|=~|!~|!=|==|<=|>=|.)""",
    re.VERBOSE,
)
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
AGGREGATIONS = {
    "sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk", "topk", "quantile",
}  # fmt: skip
WORDS = GROUPING | AGGREGATIONS | {"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"}


@dataclass(frozen=True)
class Matcher:
    label: str
    operator: str
    value: str

    def fits(self, found: str) -> bool:
        """Whether a series with this value (empty: without the label) is selected."""
        hit = re.fullmatch(self.value, found) is not None if "~" in self.operator else self.value == found
        return hit is not self.operator.startswith("!")


@dataclass(frozen=True)
class Selector:
    metric: str
    matchers: tuple[Matcher, ...] = ()


@dataclass(frozen=True)
class Named:
    """What an expression names: series, and the labels of its groupings and vector matchings."""

    selectors: tuple[Selector, ...]
    labels: frozenset[str]


def tokens(expression: str) -> list[tuple[str, str]]:
    """(kind, text), without blanks and comments."""
    found = (match for match in TOKEN.finditer(expression) if match.lastgroup)
    return [(str(match.lastgroup), match.group()) for match in found]


def named(expression: str) -> Named:
    selectors, labels = [], set()
    stream = tokens(expression)
    at = 0
    while at < len(stream):
        kind, text = stream[at]
        following = stream[at + 1][1] if at + 1 < len(stream) else ""
        if text == "[":  # a range or a subquery: durations only
            at = stream.index(("other", "]"), at) + 1
        elif text == "{":
            matchers, at = _matchers(stream, at)
            selectors.append(_selector("", matchers))
        elif kind == "name" and text in GROUPING and following == "(":
            end = stream.index(("other", ")"), at)
            labels |= {text for kind, text in stream[at + 2 : end] if kind == "name"}
            at = end + 1
        elif kind == "name" and text.lower() not in WORDS and following != "(":
            matchers, at = _matchers(stream, at + 1) if following == "{" else ((), at + 1)
            selectors.append(_selector(text, matchers))
        else:
            at += 1
    return Named(tuple(selectors), frozenset(labels))


def _matchers(stream: list[tuple[str, str]], opening: int) -> tuple[tuple[Matcher, ...], int]:
    """The matchers of `{…}` and the place after it."""
    end = stream.index(("other", "}"), opening)
    return tuple(_each(stream[opening + 1 : end])), end + 1


def _each(inside: list[tuple[str, str]]) -> Iterator[Matcher]:
    for at in range(0, len(inside), 4):
        (_, label), (_, operator), (kind, value) = inside[at : at + 3]
        assert kind == "text", f"{label}{operator}{value} in a selector"
        yield Matcher(label, operator, value[1:-1])


def _selector(metric: str, matchers: tuple[Matcher, ...]) -> Selector:
    by_name = [matcher.value for matcher in matchers if matcher.label == "__name__"]
    others = tuple(matcher for matcher in matchers if matcher.label != "__name__")
    return Selector(metric or "".join(by_name), others)
