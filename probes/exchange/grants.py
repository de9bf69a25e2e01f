"""Who we are to an API: what is attached to a request, and what stands in for it where there is nothing to attach."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Protocol

from probes.exchange import veil
from probes.sample import NS_PER_S


@dataclass(frozen=True, slots=True)
class Grant:
    """A header to attach, and the base URL that came with it, where it is discovered. The value is never shown."""

    header: str
    value: bytes = field(repr=False)
    base: str | None = None
    lifetime_ns: int | None = None
    """From now; None: nobody says."""

    @property
    def text(self) -> str:
        return self.value.decode("latin-1")

    @property
    def secrets(self) -> tuple[bytes, ...]:
        return veil.parts(self.value)


@dataclass(frozen=True, slots=True)
class NoGrant:
    """`is_final`: our credentials are wrong, and asking again would at best lock them. `detail` has no secrets."""

    detail: str
    is_final: bool = False
    retry_after_ns: int | None = None


class Grants(Protocol):
    async def current(self) -> Grant | NoGrant:
        """Without a limit of time: that is the caller's part. A caller that is cancelled takes nothing from the others."""
        ...

    def spurned(self, grant: Grant) -> bool:
        """The API answered 401 to it. True where `current` may give another now."""
        ...

    def again(self) -> None:
        """The operator's word that what was refused may be asked for again."""
        ...

    @property
    def renewals(self) -> int: ...

    @property
    def failure(self) -> NoGrant | None:
        """Why the last login gave nothing; None where it gave a grant, or nobody logs in."""
        ...

    async def close(self) -> None: ...


class Fixed:
    """A grant that does not change, or none at all."""

    renewals = 0
    failure = None

    def __init__(self, grant: Grant | None) -> None:
        self._grant = grant or Grant("", b"")

    async def current(self) -> Grant | NoGrant:
        return self._grant

    def spurned(self, grant: Grant) -> bool:
        return False

    def again(self) -> None:
        pass

    async def close(self) -> None:
        pass


def bearer(token: bytes, *, base: str | None = None, lifetime_ns: int | None = None) -> Grant:
    return Grant("Authorization", b"Bearer " + token, base, lifetime_ns)


def basic(username: str, password: bytes) -> Grant:
    """RFC 7617, in UTF-8."""
    return Grant("Authorization", b"Basic " + base64.b64encode(username.encode() + b":" + password))


def lifetime_ns(said: object) -> int | None:
    """`expires_in` of a token, in seconds: a number, or a number written as a text. What makes no sense is not said."""
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 10:
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 < said <= 31_536_000:
        return None
    return int(said * NS_PER_S)
