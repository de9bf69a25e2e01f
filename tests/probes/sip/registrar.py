"""A registrar of values and an engine without a network, for tests of what registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from probes.sip.digest.auth import Credentials
from probes.sip.engine.exchanged import Answered, Exchanged
from probes.sip.engine.pending import Build, Cancel, Ended
from probes.sip.engine.target import Endpoint, Target, Transport
from probes.sip.messages.headers import Address, RetryAfter
from probes.sip.messages.message import Request, Response
from probes.sip.registering.permits import Word
from probes.sip.registering.request import Aor
from tests.probes.sip.samples import ok

S = 1_000_000_000
SECRET = "swordfish"
CREDENTIALS = Credentials("alice", SECRET.encode())
AOR = Aor("sip:alice@example.net", "sip:example.net", 2 * S, expires_s=600)
TARGET = Target(Transport.UDP, ("192.0.2.7", 5060))
LOCAL: Endpoint = ("192.0.2.1", 40_000)
CONTACT = "sip:alice@192.0.2.1:40000"

Script = Callable[[Request], Exchanged | None]


def challenge(nonce: str = "n1", *, realm: str = "example.net", more: str = 'algorithm=SHA-256, qop="auth"') -> str:
    return f'Digest realm="{realm}", nonce="{nonce}", {more}'


def asked(request: Request, status: int, *headers: tuple[str, str], retry_after: int | None = None) -> Response:
    told = None if retry_after is None else RetryAfter(retry_after)
    return replace(ok(request, status), headers=headers, retry_after=told)


def unauthorized(request: Request, *values: str) -> Response:
    return asked(request, 401, *(("WWW-Authenticate", value) for value in values or (challenge(),)))


def holding(request: Request, *contacts: str, expires: int | None = None) -> Response:
    """200 with bindings, each `uri` or `uri;param=value`."""
    return replace(ok(request), contacts=tuple(map(_contact, contacts)), expires=expires)


def _contact(text: str) -> Address:
    uri, *params = text.split(";")
    return Address(None, uri, tuple((name, value) for name, _, value in (param.partition("=") for param in params)))


def answered(response: Response, rtt_ns: int = 1_000_000) -> Answered:
    return Answered(response, rtt_ns, TARGET.endpoint, 1)


def authorization_of(request: Request) -> str | None:
    values = request.header("Authorization")
    assert len(values) <= 1
    return values[0] if values else None


@dataclass
class Wire:
    """An engine: what was asked goes to `script`, whose None leaves it unanswered until `answer`."""

    script: Script
    requests: list[Request] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    timeouts: list[int] = field(default_factory=list)
    waiting: list[Ended] = field(default_factory=list)
    local: Endpoint = LOCAL

    def ask(self, target: Target, build: Build, ended: Ended, *, timeout_ns: int) -> Cancel:
        request = build(self.local)
        assert isinstance(request, Request)
        self.requests.append(request)
        self.targets.append(target)
        self.timeouts.append(timeout_ns)
        result = self.script(request)
        if result is not None:
            ended(result)
            return lambda: None
        self.waiting.append(ended)
        return lambda: self.waiting.remove(ended) if ended in self.waiting else None

    def answer(self, result: Exchanged) -> None:
        self.waiting.pop(0)(result)


class Free:
    """Permits at once."""

    def __init__(self) -> None:
        self.heard_of: list[Exchanged] = []
        self.asked: list[tuple[str, int]] = []
        self.last_word: Word | None = None

    def ask(self, key: str, *, expires_ns: int, granted: Callable[[], None]) -> Cancel:
        self.asked.append((key, expires_ns))
        granted()
        return lambda: None

    def heard(self, exchanged: Exchanged, *, is_fair: bool = True) -> None:
        self.heard_of.append(exchanged)

    def word(self) -> Word | None:
        return self.last_word

    def load(self) -> Mapping[str, int]:
        return {"pace": 7, "waiting": len(self.asked)}


class Held(Free):
    """Permits when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: list[Callable[[], None]] = []

    def ask(self, key: str, *, expires_ns: int, granted: Callable[[], None]) -> Cancel:
        self.asked.append((key, expires_ns))
        self.queue.append(granted)
        return lambda: self.queue.remove(granted) if granted in self.queue else None

    def grant(self) -> None:
        self.queue.pop(0)()


@dataclass
class Registry:
    """A registrar that checks nothing but that there are credentials, and whether they are the right ones is `lets_in`."""

    lets_in: bool = True
    grants: Callable[[Request], Response] = lambda request: holding(request, f"{CONTACT};expires=600")
    nonces: int = 0

    def __call__(self, request: Request) -> Exchanged:
        given = authorization_of(request)
        if given is not None and self.lets_in:
            return answered(self.grants(request))
        self.nonces += 1
        return answered(unauthorized(request, challenge(f"n{self.nonces}")))
