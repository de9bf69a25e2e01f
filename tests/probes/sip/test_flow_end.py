"""What the end of a connection means for each exchange that waited on it."""

from __future__ import annotations

import pytest

from probes.sip.engine.exchanged import Break, Broken, Refused, SelfTrouble
from probes.sip.engine.flow import FlowEnd, Unconnected, as_exchanged
from probes.sip.engine.trouble import Trouble

PEER = ("192.0.2.7", 5061)


def test_not_connected_is_a_refusal() -> None:
    assert as_exchanged(FlowEnd(Unconnected("EHOSTUNREACH")), 7, PEER) == Refused("EHOSTUNREACH", 7, PEER, None)


@pytest.mark.parametrize("how", Break)
def test_a_break_is_the_peers_or_the_ways(how: Break) -> None:
    assert as_exchanged(FlowEnd(how, "why"), 7, PEER) == Broken(how, 7, PEER, "why")


@pytest.mark.parametrize("reason", Trouble)
def test_trouble_is_our_own(reason: Trouble) -> None:
    assert as_exchanged(FlowEnd(reason, "why"), 7, PEER) == SelfTrouble(reason, 7, "why")
