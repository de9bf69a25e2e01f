"""docs/monitoring.md and the alerts lead to one another, and name only commands that exist."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from daemon.cli.group import COMMANDS, cutoverd
from tests.observability import shipped
from tests.observability.listed import elsewhere, listed
from tests.observability.shipped import Rule
from tests.observability.test_rules import RULES

TEXT = shipped.DOCUMENT.read_text()
SECTION = re.compile(r"^### (\w+)\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
SECTIONS: dict[str, str] = dict(SECTION.findall(TEXT))
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
QUOTED = re.compile(r"`(cutoverd [^`]+)`")
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILES = re.compile(r"`((?:observability|docs)/[^`]*)`")


def typed() -> list[str]:
    """Every command that the document or an annotation tells somebody to type."""
    annotations = [text for rule in shipped.rules() for text in rule.annotations.values()]
    panels = [panel.get("description", "") for panel in shipped.panels()]
    quoted = [command for text in (TEXT, *annotations, *panels) for command in QUOTED.findall(text)]
    in_blocks = [line.partition("#")[0] for block in SHELL.findall(TEXT) for line in block.splitlines()]
    return sorted({re.sub(r"\{\{.*?\}\}", "NAME", command).strip() for command in quoted + in_blocks})


def anchors() -> set[str]:
    """As GitHub makes them: lower case, blanks to hyphens, no punctuation."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(TEXT)}


@pytest.mark.parametrize("rule", RULES)
def test_every_alert_is_documented_under_its_name(rule: Rule) -> None:
    assert rule.alert in SECTIONS


@pytest.mark.parametrize("rule", RULES)
def test_every_cause_of_an_alert_is_documented_in_its_section(rule: Rule) -> None:
    if rule.cause:
        assert f'`cause="{rule.cause}"`' in SECTIONS[rule.alert]


def test_no_alert_is_documented_that_does_not_exist() -> None:
    assert set(SECTIONS) == {rule.alert for rule in shipped.rules()}


@pytest.mark.parametrize("rule", RULES)
def test_the_runbook_of_an_alert_leads_to_its_section(rule: Rule) -> None:
    file, _, anchor = rule.annotations["runbook"].partition("#")
    assert shipped.ROOT / file == shipped.DOCUMENT
    assert anchor == rule.alert.lower()
    assert anchor in anchors()


def test_every_link_within_the_document_leads_somewhere() -> None:
    links = set(re.findall(r"\]\(#([^)]+)\)", TEXT))
    assert links
    assert links <= anchors()


def test_every_file_that_the_document_names_exists() -> None:
    named = FILES.findall(TEXT)
    assert named
    assert [path for path in named if not (shipped.ROOT / path).exists()] == []


@pytest.mark.parametrize("command", typed())
def test_every_command_that_somebody_is_told_to_type_exists_with_its_options(command: str) -> None:
    _, name, *arguments = shlex.split(command)
    assert name in COMMANDS
    found = cutoverd.get_command(click.Context(cutoverd), name)
    assert found is not None
    known = {option for parameter in found.params for option in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("--")} <= known


def test_what_other_documents_say_of_a_metric_is_what_this_one_lists() -> None:
    known, told = listed(), elsewhere()
    assert told
    assert [(name, labels) for name, labels in told if name not in known or labels not in (frozenset(), known[name])] == []
