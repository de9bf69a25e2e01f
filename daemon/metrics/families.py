"""Families of samples, made at the scrape of what is so then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

L = TypeVar("L", bound=tuple[str, ...])

PREFIX = "cutoverd_"


def gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, told, value=value)


def by(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, told, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def several(name: str, told: str, labels: list[str], values: Mapping[L, float]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, told, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family


def count(name: str, told: str, labels: list[str], counts: Mapping[L, int]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, told, labels=labels)
    for key, count in counts.items():
        family.add_metric(list(key), count)
    return family


def one_of(name: str, told: str, labels: list[str], now: Mapping[L, str], label: str, possible: Iterable[str]) -> Metric:
    """0 or 1 for each possible value, so that a change is seen as both."""
    family = GaugeMetricFamily(PREFIX + name, told, labels=[*labels, label])
    for key, value in now.items():
        for each in possible:
            family.add_metric([*key, each], float(each == value))
    return family
