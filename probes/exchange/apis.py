"""The APIs of a configuration, made once for all who use them, and the web without any API."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from config.api import AccessKey, Api, Basic, Bearer, Budget, ClientCredentials, Header
from config.probing import Tls
from probes import clock
from probes.exchange.budget import Budget as Bucket
from probes.exchange.client import Client
from probes.exchange.connector import TlsChoice
from probes.exchange.grants import Fixed, Grant, Grants, basic, bearer
from probes.exchange.http_api import HttpApi, within
from probes.exchange.logins import AccessKeyLogin, ClientCredentialsLogin
from probes.exchange.lookup import Asks
from probes.exchange.progress import Progress
from probes.exchange.renewal import Chance
from probes.exchange.renewing import Login, Renewing
from probes.exchange.tally import ApiFigures
from probes.exchange.values import Ended, HttpRequest
from probes.exchange.writing import completed
from probes.sample import NS_PER_S
from probes.sip.engine.target import TlsSettings, TlsVersion

LOGIN_NS = 10 * NS_PER_S
_IN_HEADER = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e]{0,8000}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class ApiSecrets:
    """What `auth` of one API names: `main` is the client's secret, the token, the password or the header's value; `key` that of
    an access key."""

    main: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)


NO_SECRETS = ApiSecrets()


def is_header_value(secret: bytes) -> bool:
    """Whether it can be sent in a header as it is: visible ASCII, and spaces within."""
    return _IN_HEADER.fullmatch(secret) is not None


class Apis:
    """For one event loop; nothing is asked before somebody uses an API. `close` the first of a line of successors."""

    def __init__(self, settings: Mapping[str, Api], secrets: Mapping[str, ApiSecrets], *, resolver: Asks, rng: Chance) -> None:
        self._settings = settings
        self._secrets = secrets
        self.resolver = resolver
        self._rng = rng
        self._apis: dict[str, HttpApi] = {}
        self._web: dict[Tls | None, HttpApi] = {}
        self._successor: Apis | None = None

    def named(self, name: str) -> HttpApi:
        """Raises KeyError where the configuration has no such API."""
        if name not in self._apis:
            settings, secrets = self._settings[name], self._secrets.get(name, NO_SECRETS)
            self._apis[name] = HttpApi(
                name,
                Client(self.resolver, _tls(settings.tls)),
                self._grants(name, settings, secrets),
                base=settings.base,
                budget=_bucket(settings.budget),
            )
        return self._apis[name]

    def web(self, tls: Tls | None = None) -> HttpApi:
        """For absolute URLs: no base, no token, no budget."""
        if tls not in self._web:
            self._web[tls] = HttpApi("", Client(self.resolver, _tls(tls)), Fixed(None))
        return self._web[tls]

    def figures(self) -> list[ApiFigures]:
        return [api.figures() for api in self._apis.values()]

    def successor(
        self, settings: Mapping[str, Api], secrets: Mapping[str, ApiSecrets], *, afresh: Collection[str], resolver: Asks
    ) -> Apis:
        """Those of a new configuration. All but `afresh` keep token, budget and connections, and their resolver with them unless
        it is another now."""
        made = Apis(settings, secrets, resolver=resolver, rng=self._rng)
        if resolver is self.resolver:
            made._apis = {name: api for name, api in self._apis.items() if name in settings and name not in afresh}
            made._web = dict(self._web)
        return made

    async def retire(self, successor: Apis) -> None:
        """Close what the successor has not taken over; `close` closes it as well from now on."""
        self._successor = successor
        kept = {id(api) for api in successor._all()}
        for api in self._all():
            if id(api) not in kept:
                await api.close()

    async def close(self) -> None:
        """Idempotent."""
        at: Apis | None = self
        while at is not None:
            for api in at._all():
                await api.close()
            at = at._successor

    def _all(self) -> tuple[HttpApi, ...]:
        return (*self._apis.values(), *self._web.values())

    def _grants(self, name: str, settings: Api, secrets: ApiSecrets) -> Grants:
        match settings.auth:
            case Bearer():
                return Fixed(bearer(secrets.main))
            case Basic(username=username):
                return Fixed(basic(username, secrets.main))
            case Header(name=header):
                return Fixed(Grant(header, secrets.main))
            case ClientCredentials() | AccessKey() as auth:
                # The API's server_name is not the login host's.
                client = Client(self.resolver, TlsChoice(None, _tls(settings.tls).settings), most=2)
                login = _login(auth, secrets, client)
                return Renewing(name, login, now=clock.mono_ns, rng=self._rng, release=client.close)
            case None:
                return Fixed(None)


def _login(auth: ClientCredentials | AccessKey, secrets: ApiSecrets, client: Client) -> Login:
    async def ask(request: HttpRequest) -> Ended:
        progress = Progress(clock.mono_ns)
        return await within(LOGIN_NS, progress, client.send(request, completed(request), progress, is_fresh=True))

    if isinstance(auth, ClientCredentials):
        return ClientCredentialsLogin(
            ask=ask,
            clock=clock.read,
            token_url=auth.token_url,
            client_id=auth.client_id,
            client_secret=secrets.main,
            scope=auth.scope,
            is_in_body=auth.credentials_in == "body",
        )
    return AccessKeyLogin(
        ask=ask,
        clock=clock.read,
        issuer=auth.issuer,
        client_id=auth.client_id,
        client_secret=secrets.main,
        access_key_id=auth.access_key_id,
        access_key_secret=secrets.key,
    )


def _bucket(budget: Budget) -> Bucket:
    return Bucket(budget.requests, budget.per, now_ns=clock.mono_ns())


def _tls(tls: Tls | None) -> TlsChoice:
    if tls is None:
        return TlsChoice()
    version = TlsVersion(tls.minimum_version)
    return TlsChoice(tls.server_name, TlsSettings("", tls.ca, tls.certificate, tls.private_key, version))
