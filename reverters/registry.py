"""Which reverter restores which kind of step: a map that can be seen."""

from __future__ import annotations

from collections.abc import Mapping

from reverters.dns.rfc2136 import Rfc2136Reverter
from reverters.step import Reverter


def build(*, tsig: Mapping[str, bytes]) -> dict[str, Reverter]:
    """The reverters by step kind. `tsig` maps a key's name to its secret."""
    return {"dns": Rfc2136Reverter(tsig)}
