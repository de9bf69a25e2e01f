"""What a reload would change, and what it may not: decided on two configurations and the cutover, and on nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.gating import Interlocks
from config.load import judge
from config.model import Settings
from config.server import Server, WebhookServer
from daemon.compose import compose
from daemon.reload import text as reload_text
from daemon.reload.decide import FIXED, NAMED, RENEWED, Changes, Difference, Side, Unchangeable, compare, decide
from gates.cutover import Cutover, Hold, Phase, Run

TEXT = """\
name: night
cutover: {opens: 2026-12-05T22:00:00Z, closes: 2026-12-06T06:00:00Z}
server:
  webhook: {listen: "127.0.0.1:0", keys: [{name: ivr, secret: {env: IVR}}], absence_key: {env: ABSENT}}
  admin: {listen: "127.0.0.1:0"}
  control: /run/cutoverd
store: {url: "sqlite:///var/lib/cutoverd/night.db"}
apis:
  crm: {base: "https://crm.example.net", auth: {kind: bearer, token: {env: CRM}}}
probes:
  new: {kind: sip_options, path: new, target: "sip:192.0.2.1:5060"}
  old: {kind: sip_options, path: baseline, target: "sip:192.0.2.2:5060"}
  aside: {kind: sip_options, path: new, target: "sip:192.0.2.3:5060"}
  crm: {kind: http, path: new, url: /health, api: crm}
gates:
  inbound: {trip: {probes: [new]}, compare_with: [old]}
  crm: {trip: {probes: [crm]}}
"""
PLANS = {"rollback": "a" * 64, "trunks": "b" * 64}


def settings(text: str = TEXT) -> Settings:
    return judge(text.encode(), file="night.yaml", folder="/etc/cutoverd").settings


def side(text: str = TEXT, plans: dict[str, str] | None = None, **more: Any) -> Side:
    found = settings(text)
    return Side(found, compose.gates(found), PLANS if plans is None else plans, **more)


def edited(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


def changes(new: Side, cutover: Cutover | None = None, old: Side | None = None) -> Changes:
    decided = decide(old or side(), new, cutover or Cutover())
    assert isinstance(decided, Changes)
    return decided


def refusal(new: Side, cutover: Cutover | None = None, old: Side | None = None) -> str:
    decided = decide(old or side(), new, cutover or Cutover())
    assert isinstance(decided, Unchangeable)
    return "; ".join(decided.why)


def leaves(model: type, prefix: str = "") -> set[str]:
    """The fields of the file, those of the servers each by itself."""
    inside = {"server": Server, "server.webhook": WebhookServer}
    found = {f"{prefix}{field.name}" for field in fields(model)}
    return {leaf for name in found for leaf in (leaves(inside[name], f"{name}.") if name in inside else {name})}


def test_every_field_of_the_file_is_fixed_renewed_or_compared_by_name_and_only_one_of_these() -> None:
    classified = [*FIXED, *RENEWED, *NAMED]
    assert sorted(classified) == sorted(set(classified))
    assert set(classified) == leaves(Settings)


@pytest.mark.parametrize("key", [*FIXED, *RENEWED])
def test_each_key_is_read_from_its_own_place_in_the_settings(key: str) -> None:
    found = settings()
    at: Any = found
    for part in key.split("."):
        at = getattr(at, part)
    assert (FIXED | RENEWED)[key](found) is at


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("name: night", "name: day", "name"),
        ("night.db", "other.db", "store"),
        ('admin: {listen: "127.0.0.1:0"}', 'admin: {listen: "127.0.0.1:9465"}', "server.admin"),
        ("/run/cutoverd", "/run/other", "server.control"),
        ('webhook: {listen: "127.0.0.1:0"', 'webhook: {listen: "127.0.0.1:8080"', "server.webhook.listen"),
        ("store:", "recording:\nstore:", "recording"),
    ],
)
def test_what_cannot_change_at_run_time_is_refused_by_name(old: str, new: str, key: str) -> None:
    assert refusal(side(edited(old, new))) == f"{key} cannot change while the daemon runs: it needs a restart"


def test_everything_that_stands_in_the_way_is_told_at_once() -> None:
    both = TEXT.replace("name: night", "name: day").replace("night.db", "other.db")
    assert refusal(side(both)).count("needs a restart") == 2


CUTOVERS = st.builds(
    Cutover,
    phase=st.sampled_from(Phase),
    armed=st.sampled_from([(), tuple(PLANS.values()), ("c" * 64,)]),
    halted=st.booleans(),
    holds=st.sampled_from([{}, {"inbound": Hold(ok=True, reason="", until_utc_ns=1)}]),
    latched=st.sampled_from([{}, {"inbound": frozenset({"rollback"})}, {"gone": frozenset[str]()}]),
    run=st.sampled_from([None, Run("rollback@1", "rollback", PLANS["rollback"]), Run("gone@1", "gone", "d" * 64)]),
    generation=st.integers(0, 9),
)


@given(CUTOVERS, st.sampled_from([PLANS, {}]))
def test_an_equal_file_changes_nothing_in_any_state(cutover: Cutover, plans: dict[str, str]) -> None:
    decided = decide(side(plans=plans), side(plans=plans), cutover)
    assert isinstance(decided, Changes)
    assert not decided
    assert decided.begun == ()
    assert reload_text.told(decided) == "nothing has changed"


def test_probes_and_gates_are_compared_by_name() -> None:
    found = changes(side(edited("  aside:", "  besides:")))
    assert found.named["probes"] == Difference(added=("besides",), removed=("aside",))
    assert found.begun == ()


def test_a_gate_whose_probe_changed_begins_afresh_although_its_rule_is_the_same() -> None:
    found = changes(side(edited("192.0.2.2", "192.0.2.9")))
    assert found.named["probes"].changed == ("old",)
    assert found.named["gates"] == Difference()
    assert found.begun == ("inbound",)


def test_a_longer_every_is_a_longer_max_age_and_so_another_gate() -> None:
    found = changes(side(edited('"sip:192.0.2.1:5060"', '"sip:192.0.2.1:5060", every: 30s')))
    assert found.named["gates"].changed == ("inbound",)


def test_a_change_of_admission_leaves_the_gate_its_state() -> None:
    found = changes(side(edited("compare_with: [old]", "compare_with: [old], admit: [{share: 5%}]")))
    assert (found.begun, found.renewed) == ((), ("gates.inbound",))


def test_a_gate_that_becomes_a_shadow_begins_afresh() -> None:
    found = changes(side(edited("compare_with: [old]", "compare_with: [old], shadow: true")))
    assert found.begun == ("inbound",)


def test_a_secret_that_changed_in_its_file_changes_its_probe_api_or_key() -> None:
    names = [("probes", "new"), ("apis", "crm"), ("keys", "ivr"), ("absence", "absence")]
    old, new = (side(secrets={name: text for name in names}) for text in (b"old", b"new"))
    found = changes(new, old=old)
    assert found.named["probes"].changed == ("new", "crm")
    assert found.named["apis"].changed == ("crm",)
    assert found.named["server.webhook.keys"].changed == ("ivr",)
    assert found.renewed == ("server.webhook.absence_key",)
    assert found.begun == ("inbound", "crm")


def test_the_probes_of_a_changed_api_are_changed() -> None:
    found = changes(side(edited("crm.example.net", "other.example.net")))
    assert (found.named["probes"].changed, found.begun) == (("crm",), ("crm",))


def test_what_is_taken_over_whole_is_named() -> None:
    new = side()
    found = changes(replace(new, settings=replace(new.settings, interlocks=Interlocks(between_runs=60), resolvers=())))
    assert found.renewed == ("interlocks",)


LATCHED = Cutover(latched={"inbound": frozenset({"rollback"})})
WITHOUT_INBOUND = edited("  inbound: {trip: {probes: [new]}, compare_with: [old]}\n", "")


def test_a_latched_gate_cannot_be_removed_or_become_a_shadow() -> None:
    assert refusal(side(WITHOUT_INBOUND), LATCHED) == "gate inbound is latched and would be removed: `reset` first"
    shadow = side(edited("compare_with: [old]", "compare_with: [old], shadow: true"))
    assert refusal(shadow, LATCHED) == "gate inbound is latched and would become a shadow: `reset` first"


def test_a_gate_that_is_not_latched_can_be_removed() -> None:
    assert changes(side(WITHOUT_INBOUND)).named["gates"].removed == ("inbound",)


ARMED = Cutover(phase=Phase.OPEN, armed=tuple(PLANS.values()))


def test_an_armed_plan_does_not_change_and_its_digest_is_named() -> None:
    said = refusal(side(plans={**PLANS, "trunks": "c" * 64}), ARMED)
    assert said == f"plan trunks is armed as {'b' * 12}…, and would become {'c' * 12}…: `disarm` first"


def test_an_armed_plan_is_not_removed_and_none_joins_it() -> None:
    assert "plan trunks is armed as" in refusal(side(plans={"rollback": "a" * 64}), ARMED)
    assert "plan more would be new" in refusal(side(plans={**PLANS, "more": "d" * 64}), ARMED)


def test_plans_that_the_baseline_could_not_carry_out_are_refused_while_armed_with_the_reason() -> None:
    text = TEXT + (
        "plans:\n  rollback: {stages: [{name: dns, steps: [{kind: dns, provider: {rfc2136: {server: '192.0.2.53:53', "
        "key: {name: k, secret: {env: T}}}}, zone: example.net., records: [{name: sip, type: A}]}]}]}\n"
    )
    said = refusal(side(text, plans={}, problem="not in the baseline"), ARMED)
    assert "plan rollback is armed as aaaaaaaaaaaa…, and there would be no plans: not in the baseline" in said


def test_a_running_plan_does_not_change_and_others_may() -> None:
    running = Cutover(phase=Phase.REVERTED, run=Run("rollback@1", "rollback", PLANS["rollback"]))
    assert "run rollback@1 of plan rollback" in refusal(side(plans={**PLANS, "rollback": "c" * 64}), running)
    assert changes(side(plans={**PLANS, "trunks": "c" * 64}), running) is not None


def test_a_plan_that_is_neither_armed_nor_running_may_change() -> None:
    assert isinstance(decide(side(), side(plans={}), Cutover(phase=Phase.OPEN)), Changes)


def test_a_change_is_told_in_one_line_with_names_up_to_a_number() -> None:
    many = tuple(f"p{index}" for index in range(60))
    found = Changes(
        {"probes": Difference(added=many), "server.webhook.keys": Difference(changed=("ivr",))}, ("cutover",), ("inbound",)
    )
    said = reload_text.told(found)
    assert "probes: 60 added (p0, p1" in said
    assert "p49 and 10 more)" in said
    assert "keys: 1 changed (ivr); new: cutover; UNKNOWN until fresh samples come: inbound" in said
    assert reload_text.document(found)["probes"]["added"]["count"] == 60
    assert len(reload_text.document(found)["probes"]["added"]["names"]) == 50


def test_comparing_a_file_with_itself_finds_no_difference() -> None:
    assert not compare(side(), side())
