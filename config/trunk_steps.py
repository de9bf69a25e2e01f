"""The `trunk` step of the file: what is restored in a proxy over Kamailio's JSON-RPC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from config.rules import Between
from config.units import Duration, Name
from config.web_values import ApiPath

S = 1_000_000_000
_WORD = re.compile(r"[A-Za-z0-9_.@:-]{1,64}")


def _word(text: str) -> str:
    if _WORD.fullmatch(text) is None:
        raise ValueError("expected a name as kamailio.cfg has it: up to 64 letters, digits and _ . @ : -")
    return text


Word = Annotated[str, _word]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkSwitch:
    """A key of a hash table that the routing script reads, as in `$sht(cutover=>inbound)`."""

    table: Word
    key: Word
    store: bool = True
    """Also `htable.store`, so that it outlives a restart; for that the table needs a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkPipe:
    name: Word
    limit: Annotated[int, Between(1, 1_000_000)] | None = None
    """Requests a second from this step on; left out: the baseline's limit comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkStep:
    kind: Literal["trunk"]
    id: Name = "trunk"
    api: Name
    path: ApiPath = "/RPC"
    timeout: Duration = 5 * S
    """Of each request."""
    switches: tuple[TrunkSwitch, ...] = ()
    dispatcher_sets: tuple[Annotated[int, Between(0, 2_147_483_647)], ...] = ()
    pipes: tuple[TrunkPipe, ...] = ()

    def __post_init__(self) -> None:
        if not (self.switches or self.dispatcher_sets or self.pipes):
            raise ValueError("restores nothing: name switches, dispatcher_sets or pipes")
