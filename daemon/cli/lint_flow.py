"""`cutoverd lint-flow`: whether an IVR's flow lets only a fresh, positive OK onto the new path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from config.document import Flaw, Unreadable
from config.flow_text import read_flow
from config.problem import Problem
from daemon.cli.ask import legible, show_json
from daemon.cli.options import Invocation, shared
from daemon.cli.wording import printable
from daemon.flow.finding import Finding, pointer_text
from daemon.flow.lint import Verdict, lint
from daemon.flow.names import PathNames
from daemon.reply import Exit

MAX_BYTES = 4 * 1024 * 1024
MAX_SHOWN = 100
RULE = 'only "OK" leads to the new path'


@click.command("lint-flow")
@click.argument("file", type=click.Path(path_type=str))
@click.option(
    "--new-path", "new", multiple=True, metavar="NAME", help="A route, flow, queue or task of the new path; may be repeated."
)
@click.option("--baseline-path", "baseline", multiple=True, metavar="NAME", help="One of the baseline path; may be repeated.")
@shared
@click.pass_obj
def lint_flow(invocation: Invocation, file: str, new: tuple[str, ...], baseline: tuple[str, ...]) -> Exit:
    """Prove that FILE lets only an answer of "OK" onto the new path, or say where it fails open, one finding per line.

    FILE is a flow as Archy exports it (YAML, or the same as JSON), the export of a data action, or a condition
    (`{"expression": …, "truePath": …, "falsePath": …}`). Without flags a path is known by the words in its name: rollback,
    baseline, legacy and old, or new and cutover.

    Exit code 0 when it is proved, 2 when the file cannot be read, 6 when it fails open or cannot be judged.
    """
    try:
        names = PathNames(frozenset(new), frozenset(baseline))
    except ValueError as both:
        raise click.UsageError(str(both)) from None
    try:
        document = _read(file)
    except Unreadable as why:
        return _unreadable(invocation, file, why.flaw)
    return _tell(invocation, file, lint(document, names))


def _read(file: str) -> Any:
    """Raises Unreadable."""
    try:
        with Path(file).open("rb") as source:
            data = source.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Unreadable(Flaw((1, 1), (), f"cannot be read: {getattr(error, 'strerror', None) or error}")) from None
    if len(data) > MAX_BYTES:
        raise Unreadable(Flaw((1, 1), (), f"the file is longer than {MAX_BYTES} bytes"))
    try:
        return read_flow(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        mark = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise Unreadable(Flaw(mark, (), "not UTF-8 text")) from None


def _unreadable(invocation: Invocation, file: str, flaw: Flaw) -> Exit:
    problem = Problem(file, *flaw.mark, "", flaw.message)
    if invocation.as_json:
        show_json({"ok": False, "exit": int(Exit.USAGE), "problems": [problem.document()], "findings": []})
    else:
        click.echo(legible(printable(problem.render())), err=True)
    return Exit.USAGE


def _tell(invocation: Invocation, file: str, verdict: Verdict) -> Exit:
    code = Exit.REFUSED if verdict.findings else Exit.OK
    if invocation.as_json:
        findings = [
            {"pointer": pointer_text(each.pointer), "kind": each.kind, "message": each.message} for each in verdict.findings
        ]
        show_json({"ok": code is Exit.OK, "exit": int(code), "problems": [], "findings": findings, "judged": _judged(verdict)})
        return code
    for each in verdict.findings[:MAX_SHOWN]:
        click.echo(legible(printable(_line(file, each))))
    if len(verdict.findings) > MAX_SHOWN:
        click.echo(legible(printable(f"{file}: {len(verdict.findings) - MAX_SHOWN} more")))
    if not verdict.findings:
        counts = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in _judged(verdict).items() if count)
        click.echo(legible(printable(f"{file}: ok: {counts}: {_proved(verdict)}")))
    return code


def _line(file: str, finding: Finding) -> str:
    return ": ".join(part for part in (file, pointer_text(finding.pointer), finding.kind, finding.message) if part)


def _judged(verdict: Verdict) -> dict[str, int]:
    return {"decision": verdict.decisions, "question": verdict.questions, "data action": verdict.data_actions}


def _proved(verdict: Verdict) -> str:
    return RULE if verdict.decisions else "what the webhook does not say becomes DEGRADED; the flow is not in this file"
