"""What the OPTIONS probe sends, and what it makes of names and of its own trouble."""

from __future__ import annotations

import random

from lab.sip import Answer, Uas
from probes.sample import Origin, Outcome
from probes.sip.engine.engine import SipEngine
from probes.sip.messages.message import Request
from tests.probes.attempt import attempt
from tests.probes.sip.asking import asked_once, options_probe


async def asked_by(engine: SipEngine, rng: random.Random, times: int = 1) -> list[Request]:
    seen: list[Request] = []

    def behaviour(request: Request) -> Answer:
        seen.append(request)
        return Answer(200)

    async with Uas(behaviour) as uas:
        asked = options_probe(engine, rng, uas.port)
        for _ in range(times):
            await attempt(asked)
    return seen


async def test_the_request_is_a_complete_options(engine: SipEngine, rng: random.Random) -> None:
    (request,) = await asked_by(engine, rng)
    assert request.method == "OPTIONS"
    assert request.uri == request.to.uri
    assert request.to.tag is None
    assert request.from_.uri == "sip:cutoverd@127.0.0.1"
    assert request.from_.tag
    assert request.max_forwards == 70
    assert request.header("Accept") == ["application/sdp"]
    assert request.header("User-Agent") == ["cutoverd"]
    assert request.contacts[0].uri == f"sip:cutoverd@127.0.0.1:{request.vias[0].port}"


async def test_via_names_the_address_that_really_sent(engine: SipEngine, rng: random.Random) -> None:
    (request,) = await asked_by(engine, rng)
    via = request.vias[0]
    assert (via.transport, via.host, via.wants_rport) == ("UDP", "127.0.0.1", True)
    assert via.branch is not None
    assert via.branch.startswith("z9hG4bK")


async def test_branch_call_id_and_tag_are_new_for_each_attempt(engine: SipEngine, rng: random.Random) -> None:
    requests = await asked_by(engine, rng, times=20)
    for identifiers in zip(*((request.vias[0].branch, request.call_id, request.from_.tag) for request in requests), strict=True):
        assert len(set(identifiers)) == 20


async def test_our_own_trouble_is_an_error_of_ourselves(engine: SipEngine, rng: random.Random) -> None:
    result = await asked_once(options_probe(engine, rng, 5060, source="192.0.2.77"))
    assert (result.outcome, result.code, result.origin, result.reason) == (
        Outcome.ERROR,
        None,
        Origin.SELF,
        "no-source-address",
    )


async def test_what_passes_may_be_judged_by_a_predicate(engine: SipEngine, rng: random.Random) -> None:
    async with Uas(Answer(486)) as uas:
        result = await asked_once(options_probe(engine, rng, uas.port, accepts=lambda status: status < 500))
    assert result.outcome is Outcome.PASS


async def test_the_peers_words_are_made_harmless(engine: SipEngine, rng: random.Random) -> None:
    async with Uas(Answer(503, reason="out\x1b[31m of\udcff order" + "!" * 500)) as uas:
        result = await asked_once(options_probe(engine, rng, uas.port))
    detail = str(result.facts["detail"])
    assert detail.startswith("out�[31m of� order!")
    assert len(detail) == 120


async def test_an_ipv6_target_is_asked(engine: SipEngine, rng: random.Random) -> None:
    async with Uas(host="::1") as uas:
        result = await asked_once(options_probe(engine, rng, uas.port, host="::1"))
    assert result.outcome is Outcome.PASS
    assert result.facts["peer"] == f"[::1]:{uas.port}"
