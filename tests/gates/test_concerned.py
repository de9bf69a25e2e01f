"""Which gates a probe's samples mean anything to."""

from __future__ import annotations

from dataclasses import replace

from gates.gate import concerned
from tests.gates.bench import NEW, OLD, spec


def test_a_probe_concerns_each_gate_that_needs_it_or_compares_with_it() -> None:
    inbound = spec(needed=(NEW,), baseline=(OLD,))
    outbound = replace(spec(needed=(OLD, "third")), name="outbound")
    assert concerned({"inbound": inbound, "outbound": outbound}) == {
        NEW: ("inbound",),
        OLD: ("inbound", "outbound"),
        "third": ("outbound",),
    }


def test_a_gate_that_needs_a_probe_and_compares_with_it_is_concerned_once() -> None:
    assert concerned({"inbound": spec(needed=(NEW,), baseline=(NEW,))}) == {NEW: ("inbound",)}
