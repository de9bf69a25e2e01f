"""Fingerprints of the secrets in force: a reload must see that the content of a file changed whose name did not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

from config import secrets
from config.model import Settings
from config.places import secret_places
from config.problem import Path

_SALT = os.urandom(16)
"""Of this process: a fingerprint says nothing to anybody else."""


def fingerprints(settings: Settings, environ: Mapping[str, str]) -> dict[tuple[str, str], bytes]:
    """By what the secrets belong to: ("probes", NAME), ("apis", NAME), ("keys", NAME), ("plans", NAME) or ("absence", "absence").

    Raises SecretUnavailable.
    """
    found: dict[tuple[str, str], bytes] = {}
    for path, secret in secret_places(settings):
        owner = _owner(path, settings)
        content = secrets.read(secret, environ)
        digest = hashlib.blake2b(content, key=_SALT, digest_size=16, person=b"reload").digest()
        found[owner] = found.get(owner, b"") + digest
    return found


def _owner(path: Path, settings: Settings) -> tuple[str, str]:
    match path:
        case ("server", "webhook", "keys", int(index), *_):
            return "keys", settings.server.webhook.keys[index].name
        case ("server", "webhook", "absence_key"):
            return "absence", "absence"
        case (str(section), str(name), *_):
            return section, name
    raise ValueError(f"a secret at {path} belongs to nobody")
