"""The REGISTERs of one AOR: same Call-ID, rising CSeq (RFC 3261 §10.2). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from probes.sip.digest.login import LoginAttempt
from probes.sip.engine.target import Endpoint, Transport
from probes.sip.messages.headers import Address, CSeq, Via
from probes.sip.messages.message import Request
from probes.sip.messages.uri import host_text, parse_sip_uri

METHOD = "REGISTER"
DEFAULT_EXPIRES_S = 3600

_SUFFIX = {Transport.UDP: "", Transport.TCP: ";transport=tcp", Transport.TLS: ";transport=tls"}


class Chance(Protocol):
    """`random.Random` or `random.SystemRandom`."""

    def getrandbits(self, k: int, /) -> int: ...

    def random(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Aor:
    """`uri` is the address of record (`sip:trunk@example.net`), `registrar` the Request-URI: the domain, without a user.

    `timeout_ns` bounds each REGISTER of a kept registration and the whole of a query; `expires_s` is what is asked for.
    """

    uri: str
    registrar: str
    timeout_ns: int
    expires_s: int = DEFAULT_EXPIRES_S


def registrar_uri(aor: str) -> str:
    """Where an AOR is registered if nobody says otherwise: its own domain. Raises ValueError."""
    parsed = parse_sip_uri(aor)
    return f"{parsed.scheme}:{host_text(parsed.host, parsed.port)}"


class Voice:
    """Who speaks for an AOR: what stays the same from one REGISTER to the next, and what rises."""

    __slots__ = ("_cseq", "_tag", "aor", "call_id")

    def __init__(self, aor: Aor, rng: Chance) -> None:
        self.aor = aor
        self.call_id = f"{rng.getrandbits(96):024x}@cutoverd"
        self._tag = f"{rng.getrandbits(64):016x}"
        self._cseq = rng.getrandbits(16)

    def contact(self, transport: Transport, local: Endpoint) -> str:
        """A plain one: no `+sip.instance`, no `reg-id`, so that no registrar makes a GRUU of it."""
        user = parse_sip_uri(self.aor.uri).user
        return f"sip:{'' if user is None else f'{user}@'}{host_text(*local)}{_SUFFIX[transport]}"

    def request(
        self,
        transport: Transport,
        local: Endpoint,
        login: LoginAttempt,
        *,
        branch: str,
        contacts: tuple[Address, ...] = (),
        expires_s: int | None = None,
    ) -> Request:
        """The next REGISTER; without `contacts` it asks and binds nothing (§10.2.3). Each call takes a CSeq and a use of the
        nonces."""
        aor = self.aor
        self._cseq += 1
        return Request(
            method=METHOD,
            uri=aor.registrar,
            vias=(Via(transport.upper(), *local, (("branch", branch), ("rport", None))),),
            from_=Address(None, aor.uri, (("tag", self._tag),)),
            to=Address(None, aor.uri),
            call_id=self.call_id,
            cseq=CSeq(self._cseq, METHOD),
            max_forwards=70,
            contacts=contacts,
            expires=expires_s,
            headers=(*login.headers(METHOD, aor.registrar), ("User-Agent", "cutoverd")),
        )


def bound(uri: str, expires_s: int) -> Address:
    return Address(None, uri, (("expires", str(expires_s)),))
