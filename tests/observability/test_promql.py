"""What an expression names is found however it is written: otherwise the tests that rest on it would show nothing."""

from __future__ import annotations

import pytest

from tests.observability.promql import Matcher, Selector, named


@pytest.mark.parametrize(
    ("expression", "metrics"),
    [
        ("up", ["up"]),
        ("a == 1 and on (job) b", ["a", "b"]),
        ("sum by (le) (rate(a_bucket[5m])) / ignoring (le) b", ["a_bucket", "b"]),
        ("sum(a) by (gate)", ["a"]),
        ("histogram_quantile(0.99, a)", ["a"]),
        ("a unless b offset 5m > bool 1e3", ["a", "b"]),
        ("max_over_time(timestamp(a == 0)[$__range:$__interval])", ["a"]),
        ("rate(a[${window}])", ["a"]),
        ('label_replace(a, "to", "$1", "from", "(.*)")', ["a"]),
        ('a{x="b{c}"} # d', ["a"]),
        ('{__name__="a", x="y"}', ["a"]),
        ("job:a:sum * on (job) group_left (version) b", ["job:a:sum", "b"]),
        ("absent(a) or vector(0) or NaN or Inf", ["a"]),
        ("quantile(0.5, a)", ["a"]),
    ],
)
def test_every_metric_is_found_and_nothing_else(expression: str, metrics: list[str]) -> None:
    assert [selector.metric for selector in named(expression).selectors] == metrics


def test_matchers_are_read_with_their_operators() -> None:
    (selector,) = named("""a{x="1", y!='2',z=~"3|4", w!~`5`,}""").selectors
    told = [(matcher.label, matcher.operator, matcher.value) for matcher in selector.matchers]
    assert told == [("x", "=", "1"), ("y", "!=", "2"), ("z", "=~", "3|4"), ("w", "!~", "5")]


def test_the_name_as_a_matcher_is_the_metric() -> None:
    assert named('{__name__="a"}').selectors == (Selector("a"),)


def test_labels_of_groupings_and_matchings_are_found() -> None:
    assert named("sum by (p, q) (a) * on (r) group_left (s) b{t='u'}").labels == {"p", "q", "r", "s"}


@pytest.mark.parametrize(
    ("operator", "value", "found", "fits"),
    [("=", "a", "a", True), ("=", "a", "b", False), ("!=", "a", "b", True), ("!=", "a", "a", False),
     ("=~", "a|b", "b", True), ("=~", "a", "ab", False), ("!~", "a.*", "b", True), ("!~", "a.*", "ab", False)],
)  # fmt: skip
def test_a_matcher_fits_as_prometheus_says(operator: str, value: str, found: str, fits: bool) -> None:
    assert Matcher("x", operator, value).fits(found) is fits
