"""Draws `states.md` beside it out of the code: `python -m docs.generate`, from the top of a checkout. Not shipped.

No cell is written here by hand. The tables are asked of the functions that decide, so a page that differs from what these
draw is out of date, and a test says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from docs import situations
from gates import command, lease
from gates.combine import combined
from gates.command import PERMITTED
from gates.compare import COMPARE, Side
from gates.cutover import Command, Cutover, Phase, Run, closed, may_start, operated
from gates.gate import GateState
from gates.machine import TRANSITIONS, Finding
from gates.rules.reading import Level

PAGE = Path(__file__).with_name("states.md")

FINDINGS = {
    Finding.STALE: "a needed input is older than `max_age`, or never came",
    Finding.PASSING: "every needed input passes, often enough",
    Finding.RECOVERING: "every needed input passes, not yet often enough to be believed",
    Finding.FAILING: "failures, and not enough of them",
    Finding.UNDECIDED: "a rule has too few results to decide, and no other is bad",
    Finding.FAILED: "as many failures of any code, or enough rules bad with the baseline path not yet known",
    Finding.WORSE: "enough rules bad, and the baseline path is good",
    Finding.BOTH_BAD: "enough rules bad, and the baseline path is bad too",
    Finding.LATCHED: "a run started, or a human tripped",
    Finding.RESET: "a human reset",
}

INTRO = """\
# States

Generated from the code by `make docs`; a test compares this page with what the code says.

* [The gate](#the-gate): from which state to which, and what it takes
* [Several probes and rules](#several-probes-and-rules): any, all, or a quorum of them
* [The comparison](#the-comparison): the new path against the baseline path
* [The cutover](#the-cutover): phases, and what moves them
* [Every command in every state](#every-command-in-every-state)
* [What each command changes](#what-each-command-changes)
* [What callers are told, and which runs may start](#what-callers-are-told-and-which-runs-may-start)
"""


def page() -> str:
    sections = (INTRO, gate(), combination(), comparison(), cutover(), commands(), changes(), answers())
    return "\n".join(sections)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def mermaid(edges: Iterable[str]) -> str:
    return "```mermaid\nstateDiagram-v2\n" + "".join(f"    {edge}\n" for edge in edges) + "```\n"


def labelled(edges: dict[tuple[str, str], list[str]]) -> list[str]:
    return [f"{before} --> {after}: {', '.join(labels)}" for (before, after), labels in edges.items()]


# The gate


def gate() -> str:
    edges: dict[tuple[str, str], list[str]] = {}
    for before, row in TRANSITIONS.items():
        for finding, after in row.items():
            if after is not before:
                edges.setdefault((before, after), []).append(finding)
    rows = [[before, *(_after(before, after) for after in row.values())] for before, row in TRANSITIONS.items()]
    return "\n".join(
        (
            "## The gate\n",
            "What is known is boiled down to one finding; the finding and the state pick the next state. A probe whose name",
            "leads to several targets has failed as often as the one that failed least, or as often as there were attempts",
            "in a row in which nobody got through, whoever the name led to; it passes while one of them does. A target that",
            "cannot be asked for reasons of our own is left out until it answers, while others are measured.\n",
            table(["finding", "is"], [[f"`{finding}`", FINDINGS[finding]] for finding in Finding]),
            "A dot: the state stays.\n",
            table(["", *(f"`{finding}`" for finding in Finding)], rows),
            "A latched gate stays TRIPPED under every finding but `reset`.\n",
            mermaid([f"[*] --> {GateState.UNKNOWN}", *labelled(edges)]),
        )
    )


def _after(before: GateState, after: GateState) -> str:
    return "·" if after is before else after


# Several probes and rules

MEMBERS = 3


def combination() -> str:
    needs = {1: "any", 2: "quorum 2", MEMBERS: "all"}
    told = [Level.STALE, Level.UNDECIDED, Level.BAD, Level.DOUBTFUL, Level.FAILING, Level.FINE]
    rows = [
        [", ".join(members), *(f"`{combined(members, need)}`" for need in needs)]
        for members in itertools.combinations_with_replacement(told, MEMBERS)
    ]
    return "\n".join(
        (
            "## Several probes and rules\n",
            "A rule says of each of its probes how it stands; `combine` says how many must be bad, of the probes of a rule and",
            "of the rules of a gate alike. Of three:\n",
            table(["three of them are", *needs.values()], rows),
            "With `any`, one that is stale is enough to know nothing. Where more than one must be bad, as few as cannot change",
            "the verdict may be silent. An undecided one is taken for what `missing` says; left undecided, it never ends UNKNOWN",
            "and never changes another state.\n",
        )
    )


# The comparison


def comparison() -> str:
    rows = [[f"new {new}", *(f"`{COMPARE[new, old]}`" for old in Side)] for new in Side]
    return "\n".join(
        (
            "## The comparison\n",
            "Would going back help? The baseline path is good only by a PASS to a request that was sent after the new path's",
            "first counted failure. A gate without `compare_with` takes it as good.\n",
            table(["", *(f"baseline {side}" for side in Side)], rows),
        )
    )


# The cutover


def cutover() -> str:
    edges: dict[tuple[str, str], list[str]] = {}
    for phase in Phase:
        for what in Command:
            after = phase if PERMITTED[what][phase] else operated(Cutover(phase=phase), what, {}).phase
            if after is not phase:
                edges.setdefault((phase, after), []).append(what)
        after = closed(Cutover(phase=phase, run=situations.RUN), abandoned=False, utc_ns=0).phase
        if after is not phase and not PERMITTED[Command.TRIP][phase]:
            edges.setdefault((phase, after), []).append("a run closes")
    rows = [[f"`{what}`", *(PERMITTED[what][phase] or "permitted" for phase in Phase)] for what in Command]
    return "\n".join(
        (
            "## The cutover\n",
            mermaid([f"[*] --> {Cutover().phase}", *labelled(edges)]),
            "What the phase alone permits, and otherwise the refusal. What else must be true is in the next section.\n",
            table(["command", *Phase], rows),
        )
    )


# Commands


def commands() -> str:
    refusals: dict[str, int] = {}

    def cell(situation: situations.Situation, what: Command, *, halted: bool) -> str:
        why = command.refusal(
            situation.cutover(halted=halted), what, situations.ARGUMENTS.get(what, {}), situation.facts
        )  # fmt: skip
        return str(refusals.setdefault(why, len(refusals) + 1)) if why else "yes"

    rows = [
        [f"{situation.name}{', halted' if halted else ''}", *(cell(situation, what, halted=halted) for what in Command)]
        for halted in (False, True)
        for situation in situations.ALL
    ]
    return "\n".join(
        (
            "## Every command in every state\n",
            "One plan, one gate; inside the window and with the right digest typed where nothing else is said.",
            "A number is one of the refusals below.\n",
            table(["", *(f"`{what}`" for what in Command)], rows),
            "### Refusals\n",
            "".join(f"{number}. {why}\n" for why, number in refusals.items()),
        )
    )


def changes() -> str:
    def told(what: Command) -> str:
        found = dict.fromkeys(
            change
            for situation in situations.ALL
            for halted in (False, True)
            for change in _changed(situation, what, halted=halted)
        )
        return "; ".join(found) or "nothing by itself: the entries that follow in the journal do"

    return "\n".join(
        (
            "## What each command changes\n",
            table(["command", "changes"], [[f"`{what}`", told(what)] for what in Command]),
        )
    )


def _changed(situation: situations.Situation, what: Command, *, halted: bool) -> list[str]:
    before = situation.cutover(halted=halted)
    arguments = situations.ARGUMENTS.get(what, {})
    if command.refusal(before, what, arguments, situation.facts):
        return []
    after = operated(before, what, arguments)
    return [f"{field} → {_value(new)}" for field, old, new in situations.differences(before, after) if old != new]


def _value(value: object) -> str:
    if isinstance(value, Run):
        return "stopped" if value.stopped else "goes on"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value}`" if isinstance(value, str) else ("set" if value else "none")


# Answers and runs


def answers() -> str:
    standing = [situation for situation in situations.ALL if situation.facts is situations.FACTS]
    rows = [_answer_row(situation, halted=halted) for halted in (False, True) for situation in standing]
    return "\n".join(
        (
            "## What callers are told, and which runs may start\n",
            "With fresh results, a journal that can be written, and a judging loop that turns. The last column is a run that a",
            "confirmed trip starts by itself; `trip` is in the table of commands. SUSPECT and INCONCLUSIVE keep a DEGRADED that",
            "they were entered with; they are shown here as they are when no caller had been turned away.\n",
            table(["", *(f"gate {state}" for state in GateState), "a run may start"], rows),
        )
    )


def _answer_row(situation: situations.Situation, *, halted: bool) -> list[str]:
    cutover_ = situation.cutover(halted=halted)
    cells = []
    for gate_ in situations.gates(latched=bool(cutover_.latched)):
        found = lease.lease(gate_, cutover_, impaired="", now=situations.NOW)
        cells.append("OK" if found.may_be_ok else f"DEGRADED `{found.reason}`")
    starts = may_start(cutover_, situations.GATE, now=situations.NOW)
    return [f"{situation.name}{', halted' if halted else ''}", *cells, "yes" if starts else "no"]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
