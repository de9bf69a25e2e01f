"""Every secret that a configuration names, with the place in the file that names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

from config.api import Api
from config.model import DnsStep, Plan, Settings, SipRegisterProbe
from config.problem import Path
from config.secrets import Secret, SecretUnavailable, read


def secret_places(settings: Settings) -> Iterator[tuple[Path, Secret]]:
    for index, key in enumerate(settings.server.webhook.keys):
        yield ("server", "webhook", "keys", index, "secret"), key.secret
    if settings.server.webhook.absence_key is not None:
        yield ("server", "webhook", "absence_key"), settings.server.webhook.absence_key
    for name, probe in settings.probes.items():
        if isinstance(probe, SipRegisterProbe) and probe.credentials is not None:
            yield ("probes", name, "credentials", "password"), probe.credentials.password
    for name, api in settings.apis.items():
        yield from _of_api(("apis", name, "auth"), api)
    for name, plan in settings.plans.items():
        yield from _of_plan(("plans", name), plan)


def _of_plan(path: Path, plan: Plan) -> Iterator[tuple[Path, Secret]]:
    for at, stage in enumerate(plan.stages):
        for number, step in enumerate(stage.steps):
            where: Path = (*path, "stages", at, "steps", number)
            if isinstance(step, DnsStep):
                yield (*where, "provider", "rfc2136", "key", "secret"), step.provider.rfc2136.key.secret


def _of_api(path: Path, api: Api) -> Iterator[tuple[Path, Secret]]:
    """Every field of `auth` that is the place of a secret."""
    if api.auth is not None:
        for each in fields(api.auth):
            value = getattr(api.auth, each.name)
            if isinstance(value, Secret):
                yield (*path, each.name), value


def unreadable_secrets(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """The place in the file, and a sentence that names the source and never the content."""
    for path, secret in secret_places(settings):
        try:
            read(secret, environ)
        except SecretUnavailable as unavailable:
            yield path, f"secret cannot be read: {unavailable}"
