"""`cutoverd replay`: judge recorded samples again, with the configuration as it is or with other values."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from config.load import load
from config.model import Settings
from config.problem import ConfigInvalid, did_you_mean
from daemon import oversight
from daemon.cli.ask import misconfigured, show
from daemon.cli.config_path import resolve_config_path
from daemon.cli.options import Invocation, shared
from daemon.cli.replay_span import WHEN, Span, of_run
from daemon.cli.replay_text import lines
from daemon.cli.wording import DURATION, at
from daemon.compose import compose
from daemon.recording import text
from daemon.recording.documents import Unreadable
from daemon.recording.reading import exported, pieces
from daemon.recording.turn import Turn
from daemon.replay import report as replay_report
from daemon.replay import variants as replay_variants
from daemon.replay.course import FALSE_WITHIN_NS
from daemon.replay.study import Study
from daemon.reply import Exit, Reply
from daemon.store import StoreError
from daemon.store.samples import beside, read_samples
from probes.sample import NS_PER_S

WARM_UP_NS = 900 * NS_PER_S


@dataclass(frozen=True, slots=True)
class _Asked:
    span: Span
    warm_up_ns: int
    recording: Path | None
    gates: tuple[str, ...]
    setting: tuple[str, ...]
    table: bool
    false_within_ns: int
    export: Path | None


class _Refused(Exception):
    """The message is one line for people."""


@click.command("replay")
@click.option("--from", "start", type=WHEN, metavar="WHEN", help="2026-12-05T22:00:00Z, or how long ago: -2h.  [default: all]")
@click.option("--to", "end", type=WHEN, metavar="WHEN", help="Likewise.  [default: the end of the recording]")
@click.option("--run", metavar="RUN", help="The time around a run that the journal knows, instead of --from and --to.")
@click.option("--gate", "gates", multiple=True, metavar="GATE", help="Only this gate; may be repeated.")
@click.option(
    "--set", "setting", multiple=True, metavar="KEY=VALUE", help="A value over that of the file, by its path; may be repeated."
)
@click.option("--table/--no-table", default=True, help="Also try other values of each rule's main parameter.  [default: table]")
@click.option(
    "--false-within",
    type=DURATION,
    default=FALSE_WITHIN_NS,
    metavar="DURATION",
    help="A trip that recovers by itself within so long counts as false.  [default: 5m]",
)
@click.option(
    "--warm-up", type=DURATION, default=WARM_UP_NS, metavar="DURATION", help="What is judged before --from.  [default: 15m]"
)
@click.option("--export", type=click.Path(path_type=Path), metavar="FILE", help="Write the recording as text, and judge nothing.")
@click.option(
    "--recording",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An export to replay.  [default: what the daemon recorded]",
)
@shared
@click.pass_obj
def replay(
    invocation: Invocation,
    start: int | None,
    end: int | None,
    run: str | None,
    gates: tuple[str, ...],
    setting: tuple[str, ...],
    table: bool,
    false_within: int,
    warm_up: int,
    export: Path | None,
    recording: Path | None,
) -> Exit:
    """Judge recorded samples again: would the gates have tripped, when, how soon, how often falsely?

    Needs no daemon, and does not disturb one. With the configuration of then, the transitions are exactly those of then; with
    --set (`--set gates.inbound.trip.consecutive=2`) they are what would have been.

    Exit code 0 when it was replayed, 2 when the configuration, a --set or the recording cannot be used, or holds nothing of
    that time.
    """
    try:
        settings = _settings(invocation, setting)
        span = _span(settings, start, end, run)
        asked = _Asked(span, warm_up, recording, gates or tuple(settings.gates), setting, table, false_within, export)
        return show(invocation, _exported(settings, asked) if export else _judged(settings, asked, quiet=invocation.as_json))
    except ConfigInvalid as invalid:
        return show(invocation, misconfigured(invalid))
    except _Refused as refused:
        return show(invocation, Reply(Exit.USAGE, str(refused)))
    except (StoreError, Unreadable) as error:
        of = f"{recording}: " if recording else ""
        return show(invocation, Reply(Exit.USAGE, f"the recording cannot be read: {of}{error}"))
    except OSError as error:
        return show(invocation, Reply(Exit.USAGE, f"the recording cannot be read: {recording or ''}: {error.strerror or error}"))


def _settings(invocation: Invocation, setting: tuple[str, ...]) -> Settings:
    return load(resolve_config_path(invocation.config, os.environ), setting=setting).settings


def _span(settings: Settings, start: int | None, end: int | None, run: str | None) -> Span:
    if run is None:
        span = Span(start or 0, Span().to_utc_ns if end is None else end)
        if span.to_utc_ns <= span.from_utc_ns:
            raise _Refused(f"--to is {at(span.to_utc_ns)}, and --from is not before it: {at(span.from_utc_ns)}")
        return span
    if start is not None or end is not None:
        raise _Refused("--run says from when to when: leave out --from and --to")
    found = of_run(settings.store.path, run)
    if found is None:
        raise _Refused(f"the journal knows no run {run!r}")
    return found


def _judged(settings: Settings, asked: _Asked, *, quiet: bool) -> Reply:
    unknown = [name for name in asked.gates if name not in settings.gates]
    if unknown:
        near = did_you_mean(unknown[0], settings.gates)
        raise _Refused(f"no gate is named {unknown[0]!r}{near}\ngates: {', '.join(settings.gates)}")
    variants = [each for name in asked.gates for each in replay_variants.variants(settings, name)] if asked.table else []
    specs = {name: spec for name, spec in compose.gates(settings).items() if name in asked.gates}
    as_it_was = not asked.setting
    study = Study(specs, oversight.of(settings), variants, as_it_was=as_it_was, from_utc_ns=asked.span.from_utc_ns)
    for turn in _turns(settings, asked, warm_up_ns=asked.warm_up_ns, quiet=quiet):
        study.turn(turn)
    if study.read.first is None:
        raise _Refused(_nothing(settings, asked))
    found = replay_report.document(study, asked.gates, as_it_was=as_it_was, false_within_ns=asked.false_within_ns)
    return Reply(Exit.OK, "\n".join(lines(found)), found)


def _nothing(settings: Settings, asked: _Asked) -> str:
    """That there is nothing to judge, and from when to when there is something."""
    if asked.recording is not None:
        return f"{asked.recording} holds nothing of that time"
    with closing(read_samples(beside(settings.store.path))) as reader:
        extent = reader.extent()
    if not extent.blocks:
        return f"{reader.path}: nothing is recorded yet"
    return f"nothing is recorded of that time: the recording goes from {at(extent.first_utc_ns)} to {at(extent.last_utc_ns)}"


def _exported(settings: Settings, asked: _Asked) -> Reply:
    turns, path = 0, asked.export
    assert path is not None

    def counted() -> Iterator[Turn]:
        nonlocal turns
        for turn in _turns(settings, asked, warm_up_ns=0, quiet=True):
            turns += 1
            yield turn

    try:
        # For its owner alone, as the recording is: peers' words stand in it. The exclusive open follows no link.
        target = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="utf-8")
    except FileExistsError:
        raise _Refused(f"{path} exists, and an export overwrites nothing") from None
    except OSError as error:
        raise _Refused(f"{path} cannot be written: {error.strerror}") from None
    try:
        with target:
            for line in text.write(counted()):
                target.write(line + "\n")
        if not turns:
            raise _Refused(_nothing(settings, asked))
    except BaseException:
        path.unlink()  # half an export would replay as a quiet night
        raise
    return Reply(Exit.OK, f"{path}: {turns} turns", {"turns": turns})


def _turns(settings: Settings, asked: _Asked, *, warm_up_ns: int, quiet: bool) -> Iterator[Turn]:
    start, end = asked.span.from_utc_ns - warm_up_ns, asked.span.to_utc_ns
    if asked.recording is not None:
        yield from (turn for turn in exported(asked.recording) if start <= turn.now.utc_ns <= end)
        return
    with closing(read_samples(beside(settings.store.path))) as reader:
        whole = reader.samples_from(reader.first_at(start))
        for piece in pieces(reader, from_utc_ns=start, to_utc_ns=end):
            yield from piece.turns
            if not quiet:
                _progress(piece.samples, whole)
    if not quiet:
        _progress(0, 0)


def _progress(done: int, whole: int) -> None:
    """On a terminal alone, and gone when it is done."""
    if sys.stderr.isatty():
        click.echo(f"\r{done * 100 // whole:3} % of {whole} samples" if whole else f"\r{'':40}\r", nl=False, err=True)
