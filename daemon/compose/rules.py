"""From the words of a rule in the file to the rule that judges."""

from __future__ import annotations

from typing import Any

from config.gating import Rule as Settings
from config.gating import SuccessRatio
from config.gating import Value as ValueSettings
from gates.rules.agreement import Agreement
from gates.rules.consecutive import Consecutive
from gates.rules.failures import Failures
from gates.rules.point import PointRatio
from gates.rules.ratio import SequentialRatio
from gates.rules.reading import Rule
from gates.rules.stable import StableFor
from gates.rules.value import Value


def of(settings: Settings) -> Rule[Any]:
    """The rule that `settings` names; `consecutive` where it names none."""
    if settings.success_ratio is not None:
        return _ratio(settings.success_ratio, settings.threshold)
    if settings.value is not None:
        return _value(settings.value, settings.threshold)
    if settings.failures is not None and settings.of is not None:
        return Failures(settings.failures, settings.of, settings.codes)
    if settings.stable_for is not None:
        return StableFor(settings.stable_for, settings.threshold)
    if settings.agreement is not None:
        return Agreement(settings.agreement, settings.threshold)
    return Consecutive(settings.threshold, settings.codes)


def _ratio(ratio: SuccessRatio, threshold: int) -> PointRatio | SequentialRatio:
    if ratio.basis == "point":
        return PointRatio(ratio.at_least, ratio.of, threshold)
    return SequentialRatio(ratio.good, ratio.bad, ratio.alpha, ratio.beta, ratio.at_most, threshold)


def _value(value: ValueSettings, threshold: int) -> Value:
    # One of the two, and only one: config.gating.Value takes no other.
    ((bound, is_lower),) = [(each, is_lower) for each, is_lower in ((value.below, False), (value.above, True)) if each]
    return Value(
        fact=value.fact,
        percentile=value.percentile,
        bound=bound.amount,
        is_lower=is_lower,
        is_duration=bound.is_duration,
        window_ns=value.window,
        at_least_samples=value.at_least_samples,
        threshold=threshold,
    )
