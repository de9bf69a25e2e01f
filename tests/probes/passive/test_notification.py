"""Version 4 of Alertmanager's payload, and everything else."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import given

from probes.passive.notification import MOST_ALERTS, NotAlerts, parse
from tests.probes.passive.alerting import alert, payload


def test_what_counts_is_read() -> None:
    read = parse(payload(alert(fingerprint="f1"), alert(status="resolved", ends="2026-12-05T23:00:02.5+00:00"), group="g"))
    assert (read.group, read.whole) == ("g", True)
    assert [(each.firing, each.ends_utc_ns) for each in read.alerts] == [(True, None), (False, 1_796_511_602_000_000_000)]
    assert (read.alerts[0].fingerprint, read.alerts[0].labels) == ("f1", {"alertname": "TrunkDown"})


WRONG: dict[str, tuple[Any, str]] = {
    "not JSON": (b"{", "not JSON"),
    "a list": (b"[]", 'not an object with version "4"'),
    "version 3": (payload(version="3"), 'not an object with version "4"'),
    "a number as version": (payload(version=4), 'not an object with version "4"'),
    "no alerts": (payload(alerts=None), "alerts is no list"),
    "too many": (payload(alerts=[0] * (MOST_ALERTS + 1)), "alerts is no list"),
    "no group": (payload(groupKey=None), "groupKey is no text"),
    "a long group": (payload(group="x" * 1025), "groupKey is no text"),
    "half truncated": (payload(truncatedAlerts=0.5), "truncatedAlerts is no count"),
    "truth": (payload(truncatedAlerts=True), "truncatedAlerts is no count"),
    "no alert": (payload(alerts=["x"]), "an alert is no object"),
    "another status": (payload(alert(status="suppressed")), "neither firing nor resolved"),
    "no labels": (payload({**alert(), "labels": []}), "labels are no object"),
    "many labels": (payload({**alert(), "labels": {str(n): "" for n in range(65)}}), "labels are no object"),
    "a label that is a number": (payload({**alert(), "labels": {"a": 1}}), "a label is no text"),
    "no fingerprint": (payload({**alert(), "fingerprint": None}), "fingerprint is no text"),
    "no end": (payload({**alert(), "endsAt": None}), "no time as of RFC 3339"),
    "no time": (payload(alert(ends="soon")), "no time as of RFC 3339"),
    "no zone": (payload(alert(ends="2026-12-05T23:00:00")), "no time as of RFC 3339"),
}


@pytest.mark.parametrize(("body", "why"), WRONG.values(), ids=WRONG)
def test_anything_else_is_refused_with_a_reason_that_quotes_nothing(body: bytes, why: str) -> None:
    with pytest.raises(NotAlerts, match=why) as fault:
        parse(body)
    assert "TrunkDown" not in str(fault.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(alert())) | st.text(max_size=3), inner, max_size=4)
    ),
)


_SPOILT = st.builds(lambda more: {**alert(), **more}, st.dictionaries(st.sampled_from(list(alert())), _JSON, max_size=2))
_MORE = st.dictionaries(st.sampled_from(["version", "groupKey", "truncatedAlerts", "alerts"]), _JSON, max_size=2)


@given(alerts=st.lists(_JSON | _SPOILT), more=_MORE)
def test_no_payload_is_more_than_refused(alerts: list[Any], more: dict[str, Any]) -> None:
    try:
        body = payload(**{"alerts": alerts, **more})
    except (orjson.JSONEncodeError, TypeError):
        return
    try:
        parse(body)
    except NotAlerts:
        return
