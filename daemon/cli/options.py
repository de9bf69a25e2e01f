"""The options that every command takes, before the command or after it: `-c FILE` and `--json`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(slots=True)
class Invocation:
    """What `-c` and `--json` said, wherever they stood; `@click.pass_obj` hands it to a command.

    `config` is None when no `-c` was given: then CUTOVERD_CONFIG, then /etc/cutoverd/cutoverd.yaml.
    """

    config: str | None = None
    as_json: bool = False


def _note_config(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    known = ctx.ensure_object(Invocation)
    if value is not None:
        known.config = value


def _note_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    known = ctx.ensure_object(Invocation)
    known.as_json = known.as_json or value


_CONFIG = click.option(
    "-c",
    "--config",
    metavar="FILE",
    expose_value=False,
    callback=_note_config,
    help="Configuration file.  [default: $CUTOVERD_CONFIG, else /etc/cutoverd/cutoverd.yaml]",
)
_JSON = click.option(
    "--json", is_flag=True, expose_value=False, callback=_note_json, help="Print one JSON document instead of text."
)


def shared(command: Decorated) -> Decorated:
    """Add `-c` and `--json`. Stands between `@click.command` and `@click.pass_obj`; adds no parameter to the function."""
    return _CONFIG(_JSON(command))
