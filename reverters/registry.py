"""Which reverter restores which kind of step: a map that can be seen."""

from __future__ import annotations

from collections.abc import Mapping

from reverters.dns.exchange import Transport
from reverters.dns.rfc2136 import Rfc2136Reverter
from reverters.step import Reverter


def build(*, tsig: Mapping[str, bytes], dns_transport: Transport | None = None) -> dict[str, Reverter]:
    """The reverters by step kind. `tsig` maps a key's name to its secret; `dns_transport` defaults to real sockets."""
    return {"dns": Rfc2136Reverter(tsig, transport=dns_transport)}
