"""What `why PROBE` says that a probe passes on: each kind has its own words, and its own values."""

from __future__ import annotations

import pytest

from config.load import judge
from config.model import Probe
from daemon.passing import durations, passes

CONFIGURATION = """\
name: night
cutover: {{opens: 2026-12-05T22:00:00Z, closes: 2026-12-06T06:00:00Z, recovery_time_objective: 10m}}
server:
  webhook: {{listen: "127.0.0.1:0", keys: [{{name: ivr, secret: {{env: IVR}}}}]}}
  admin: {{listen: "127.0.0.1:0"}}
store: {{url: "sqlite:///night.db"}}
apis: {{cloud: {{base: "http://127.0.0.1:1"}}}}
probes:
  beside: {{kind: sip_options, path: new, target: "sip:192.0.2.1"}}
  asked: {{path: new, {probe}}}
gates:
  inbound: {{trip: {{consecutive: 3, probes: [beside]}}}}
"""


def _probe(written: str) -> Probe:
    return judge(CONFIGURATION.format(probe=written).encode(), file="night.yaml", folder="/").settings.probes["asked"]


CALL = "kind: platform_test_call, api: cloud, start: {url: /calls}, poll: '/calls/{id}', failed: [lost]"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("kind: sip_options, target: 'sip:192.0.2.1', accept: [2xx, 404]", "2xx or 404"),
        ("kind: sip_register, target: 'sip:192.0.2.1', aor: 'sip:a@b.example'", "a binding that the registrar holds"),
        ("kind: http, url: 'http://a/'", "2xx"),
        (
            "kind: http, url: 'http://a/', expect: {status: [200, 204], within: 2s, json: [{pointer: /status, equals: UP}]}",
            "200 or 204, and /status is UP, within 2s",
        ),
        (
            "kind: http, url: 'http://a/', expect: {json: [{pointer: '', one_of: [1, 2]}, {pointer: /a, below: 5s, unit: ms}, "
            "{pointer: /b, above: 3}, {pointer: /c}]}",
            "2xx, and the whole answer is 1 or 2, and /a is below 5s, and /b is above 3, and /c is there",
        ),
        ("kind: trunk_health, api: cloud, trunks: [a]", "trunks that are in_service and connected"),
        (f"{CALL}, passed: [completed, done]", "a call that ends in completed or done"),
        (
            "kind: agent_consistency, api: cloud, queue: q, agents: [a]",
            "at least 98% of agents of whom the platform says the same everywhere",
        ),
        ("kind: webhook_silence, gate: inbound", "at least 1 callers a minute over 1m"),
        (
            "kind: webhook_silence, gate: inbound, at_least: 5, at_most: 600, window: 2m",
            "at least 5, at most 600 callers a minute over 2m",
        ),
        ("kind: alertmanager, labels: {cutover: inbound, team: voice}", "no firing alert with cutover=inbound, team=voice"),
    ],
)
def test_each_kind_says_what_it_passes_on(written: str, said: str) -> None:
    assert passes(_probe(written)) == said


def test_facts_with_a_unit_are_durations_and_no_others() -> None:
    extract = "extract: {latency: {pointer: /l, unit: s}, lag: {pointer: /g, unit: ms}, calls: {pointer: /c}}"
    assert durations(_probe(f"kind: http, url: 'http://a/', {extract}")) == ["latency", "lag"]
    assert durations(_probe("kind: sip_options, target: 'sip:192.0.2.1'")) == []
    assert durations(None) == []
