"""What the APIs of a configuration are made of. Reads secrets, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from config import secrets
from config.api import AccessKey, Api, Basic, Bearer, ClientCredentials, Header
from config.model import Settings
from config.secrets import Secret, SecretUnavailable
from probes.exchange.apis import Apis, ApiSecrets, is_header_value
from probes.exchange.lookup import Asks
from probes.exchange.renewal import Chance


def apis(settings: Settings, environ: Mapping[str, str], *, resolver: Asks, rng: Chance) -> Apis:
    """Raises SecretUnavailable, naming the place."""
    return Apis(settings.apis, api_secrets(settings, environ), resolver=resolver, rng=rng)


def api_secrets(settings: Settings, environ: Mapping[str, str]) -> dict[str, ApiSecrets]:
    """API to its secrets. Raises SecretUnavailable, naming the place."""
    return {name: _secrets(api, environ) for name, api in settings.apis.items()}


def _secrets(api: Api, environ: Mapping[str, str]) -> ApiSecrets:
    match api.auth:
        case Bearer(token=secret) | Header(value=secret):
            return ApiSecrets(_sendable(secret, environ))
        case Basic(password=secret) | ClientCredentials(client_secret=secret):
            return ApiSecrets(secrets.read(secret, environ))
        case AccessKey():
            client, key = api.auth.client_secret, api.auth.access_key_secret
            return ApiSecrets(secrets.read(client, environ), secrets.read(key, environ))
        case None:
            return ApiSecrets()


def _sendable(secret: Secret, environ: Mapping[str, str]) -> bytes:
    """What a header cannot hold is known now, and not in the night that needs it."""
    content = secrets.read(secret, environ)
    if not is_header_value(content):
        raise SecretUnavailable(f"{secret}: a header can hold visible ASCII only, and nothing around it")
    return content
