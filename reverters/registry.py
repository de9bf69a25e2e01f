"""Which reverter restores which kind of step: a map that can be seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from probes.exchange.api import Api
from reverters.dns.exchange import Transport
from reverters.dns.rfc2136 import Rfc2136Reverter
from reverters.http.reverter import HttpReverter
from reverters.step import Reverter
from reverters.trunk.kamailio import KamailioReverter


def build(*, tsig: Mapping[str, bytes], api: Callable[[str], Api], dns_transport: Transport | None = None) -> dict[str, Reverter]:
    """The reverters by step kind. `tsig` maps a key's name to its secret; `api` gives the API of a name, and raises KeyError
    where there is none; `dns_transport` defaults to real sockets.
    """
    return {"dns": Rfc2136Reverter(tsig, transport=dns_transport), "http": HttpReverter(api), "trunk": KamailioReverter(api)}
