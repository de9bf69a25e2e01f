"""What the queue of a registrar remembers of its last word."""

from __future__ import annotations

import random

import pytest

from probes.sip.engine.exchanged import Exchanged, Refused, SelfTrouble, Silent
from probes.sip.engine.trouble import Trouble
from probes.sip.registering.pacing import Pacer
from probes.sip.registering.permits import PacedPermits
from tests.probes.sip.registrar import TARGET, S, answered, asked, holding
from tests.probes.sip.samples import options

REQUEST = options(("192.0.2.1", 5060))
SILENT = Silent(2 * S, TARGET.endpoint, 3)
BUSY = answered(asked(REQUEST, 503, retry_after=3600))
WELL = answered(holding(REQUEST))
OURS = SelfTrouble(Trouble.CLOSED, 0)


@pytest.mark.parametrize(
    ("heard", "last"),
    [
        ((), None),
        ((SILENT,), SILENT),
        ((SILENT, BUSY), BUSY),
        ((BUSY, OURS), BUSY),
        ((BUSY, WELL), None),
        ((SILENT, answered(asked(REQUEST, 401))), None),
        ((Refused("ECONNREFUSED", 1, TARGET.endpoint, None),), Refused("ECONNREFUSED", 1, TARGET.endpoint, None)),
    ],
)
async def test_the_last_word_stands_until_the_registrar_answers_well(
    heard: tuple[Exchanged, ...], last: Exchanged | None
) -> None:
    permits = PacedPermits(Pacer(rng=random.Random(1)))
    for exchanged in heard:
        permits.heard(exchanged)
    word = permits.word()
    assert (None if word is None else word.exchanged) == last
    permits.close()


async def test_a_silence_too_short_to_prove_anything_is_no_word() -> None:
    permits = PacedPermits(Pacer(rng=random.Random(1)))
    permits.heard(SILENT, is_fair=False)
    assert permits.word() is None
    permits.close()
