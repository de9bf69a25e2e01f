"""Which configuration file a command works on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

DEFAULT_PATH = Path("/etc/cutoverd/cutoverd.yaml")


def resolve_config_path(option: str | None, environ: Mapping[str, str]) -> Path:
    """`-c FILE`, else CUTOVERD_CONFIG, else /etc/cutoverd/cutoverd.yaml. An empty variable counts as unset."""
    if option is not None:
        return Path(option)
    return Path(environ.get("CUTOVERD_CONFIG") or DEFAULT_PATH)
