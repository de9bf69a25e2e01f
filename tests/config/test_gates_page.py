"""What docs/gates.md shows is what the file format takes, and what the rules say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.load import judge
from daemon.compose import rules as compose_rules
from gates.rules.reading import Level
from tests.gates.rules.bench import PASS, SILENCE, RuleBench, fail, passed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gates.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
TRIPS = [block for block in BLOCKS if block.startswith("trip")]
EXAMPLE = (ROOT / "config" / "examples" / "cutoverd.yaml").read_text(encoding="utf-8")
PROBES = """\
  registration: {kind: sip_register, path: new, target: "sip:reg.example.net", aor: "sip:t@example.net"}
  trunk-east: {kind: sip_options, path: new, target: "sip:east.example.net"}
  trunk-west: {kind: sip_options, path: new, target: "sip:west.example.net"}
  test-call: {kind: sip_options, path: new, target: "sip:call.example.net"}
  voice: {kind: http, path: new, url: "https://v.example.net/", extract: {mos: {pointer: /mos}}}
  agents: {kind: http, path: new, url: "https://a.example.net/", extract: {agreed: {pointer: /a}, asked: {pointer: /b}}}
"""


def configured(block: str) -> str:
    """The example with the page's probes, and `block` in a gate of its own."""
    pipeline = next(each for each in BLOCKS if each.startswith("pipeline"))
    indented = "".join(f"  {line}\n" for line in pipeline.splitlines())
    gate = "  page:\n" + "".join(f"    {line}\n" for line in block.splitlines())
    return EXAMPLE.replace("\ngates:\n", f"\n{PROBES}{indented}\ngates:\n{gate}")


@pytest.mark.parametrize("block", TRIPS)
def test_each_block_is_a_sound_gate_without_a_warning_about_it(block: str) -> None:
    loaded = judge(configured(block).encode(), file="f.yaml", folder="/")
    gate = loaded.settings.gates["page"]
    assert [rule for rule in gate.trip if compose_rules.of(rule)] == list(gate.trip)
    assert not [warning for warning in loaded.warnings if "value" in warning.path or "ratio" in warning.path]


def rule(number: int) -> RuleBench:
    loaded = judge(configured(TRIPS[number]).encode(), file="f.yaml", folder="/")
    return RuleBench(compose_rules.of(loaded.settings.gates["page"].trip[0]))


def test_the_sums_on_the_page_are_those_of_the_rules() -> None:
    said = [
        rule(1).run([fail(), PASS, fail(), PASS, PASS, SILENCE]).arithmetic,
        rule(2).run([PASS] * 18).arithmetic,
        rule(3).run([*[PASS] * 19, fail()]).arithmetic.partition(";")[0],
        rule(3).run([*[PASS] * 18, fail(), fail()]).arithmetic,
        rule(3).run([PASS, fail(), PASS, fail()] * 5 + [PASS] * 10).arithmetic,
        rule(4).run([*[passed(latency=1)] * 19, *[passed(latency=6_200_000_000)] * 2]).arithmetic,
        rule(7).run([passed(agreed=47, asked=50)] * 3).arithmetic,
    ]
    page = " ".join(PAGE.split())
    assert [text for text in said if text not in page] == []


@pytest.mark.parametrize(("failures", "among"), [(2, 19), (3, 44)])
def test_so_many_failures_refuse_as_the_page_says(failures: int, among: int) -> None:
    on, wider = rule(2), rule(2)
    # A failure before the passes, for many passes in a row would end the test.
    first = [fail(), *[PASS] * (20 if failures == 3 else 0), *[fail()] * (failures - 2)]
    assert on.run([*first, *[PASS] * (among - 1 - len(first))]).level is not Level.BAD
    assert on.hear(fail(), 100).level is Level.BAD
    wider.run([*first, *[PASS] * (among - len(first))])
    assert wider.hear(fail(), 100).level is not Level.BAD
    assert f"{failures} failures among {among} results" in PAGE or f"or {failures} among {among}" in PAGE


def test_thirty_one_passes_in_a_row_accept_as_the_page_says() -> None:
    on = rule(2)
    assert on.run([PASS] * 30).level is Level.UNDECIDED
    assert on.hear(PASS, 31).level is Level.FINE
