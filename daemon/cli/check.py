"""`cutoverd check`: everything that is wrong with a configuration file, at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from pathlib import Path

import click
import orjson

from config.load import load
from config.model import Settings
from config.problem import ConfigInvalid, Problem
from daemon.cli.config_path import resolve_config_path
from daemon.cli.tls_files import unusable_files

EXIT_INVALID = 2


@dataclass(frozen=True, slots=True)
class _Verdict:
    problems: Sequence[Problem]
    warnings: Sequence[Problem]
    summary: str = ""


@click.command(name="check", short_help="Report all errors of a configuration file.")
@click.argument("file", required=False, type=click.Path(path_type=str))
@click.option("-c", "--config", "config", metavar="FILE", help="The configuration file, if no FILE is given.")
@click.option("--secrets", is_flag=True, help="Also read every secret and TLS file, and report those that cannot be used.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def check(context: click.Context, file: str | None, config: str | None, secrets: bool, as_json: bool) -> None:
    """Report all errors of FILE at once, one per line: file:line:column: path: what is wrong.

    FILE is the argument, else -c, else $CUTOVERD_CONFIG, else /etc/cutoverd/cutoverd.yaml. Exit code 0 when the file can
    be used, 2 when it cannot. Warnings do not change the exit code.
    """
    path = resolve_config_path(file or config, os.environ)
    verdict = _judge(path, read_secrets=secrets)
    click.echo(_as_json(verdict) if as_json else _as_text(path, verdict))
    context.exit(EXIT_INVALID if verdict.problems else 0)


def _judge(path: Path, *, read_secrets: bool) -> _Verdict:
    try:
        loaded = load(path, secrets_from=os.environ, also=unusable_files) if read_secrets else load(path)
    except ConfigInvalid as invalid:
        return _Verdict(invalid.problems, invalid.warnings)
    return _Verdict((), loaded.warnings, _summary(loaded.settings))


def _summary(settings: Settings) -> str:
    counts: list[tuple[str, Sized]] = [("probe", settings.probes), ("gate", settings.gates), ("plan", settings.plans)]
    return ", ".join(f"{len(things)} {word}{'' if len(things) == 1 else 's'}" for word, things in counts)


def _as_text(path: Path, verdict: _Verdict) -> str:
    lines = [problem.render() for problem in verdict.problems]
    lines += [warning.render("warning") for warning in verdict.warnings]
    if not verdict.problems:
        lines.append(f"{path}: ok: {verdict.summary}")
    # Neither a file name nor a quoted value need be text that this terminal can show.
    encoding = sys.stdout.encoding or "utf-8"
    return "\n".join(lines).encode(encoding, errors="backslashreplace").decode(encoding)


def _as_json(verdict: _Verdict) -> str:
    document = {
        "ok": not verdict.problems,
        "problems": [problem.document() for problem in verdict.problems],
        "warnings": [warning.document() for warning in verdict.warnings],
    }
    return orjson.dumps(document).decode()
