"""The answer's shape: DESIGN's fields, in its order."""

from __future__ import annotations

import orjson
import pytest

from daemon.web import answer
from daemon.web.answer import Renderer
from gates import lease
from gates.cutover import Phase
from probes.sample import NS_PER_S
from tests.daemon.web.world import World

FIELDS = ["cutoverStatus", "gate", "state", "phase", "route", "generation", "ageMs", "validForMs", "reason"]


def said(world: World) -> lease.Answer:
    return lease.answer(world.board.leases["inbound"], now_ns=world.now.mono_ns, turned_ns=world.board.turned_ns)


def rendered(world: World, renderer: Renderer | None = None) -> bytes:
    return (renderer or Renderer()).render(world.board.leases["inbound"], said(world))


def test_a_fresh_positive_answer_reads_as_the_contract_says() -> None:
    world = World().is_healthy()
    world.later(412_000_000)
    assert rendered(world) == (
        b'{"cutoverStatus":"OK","gate":"inbound","state":"HEALTHY","phase":"open","route":"new",'
        b'"generation":17,"ageMs":412,"validForMs":16588,"reason":""}'
    )


def test_a_degraded_answer_has_the_same_fields_in_the_same_order() -> None:
    told = orjson.loads(rendered(World()))
    assert list(told) == FIELDS
    assert told["cutoverStatus"] == "DEGRADED"
    assert told["route"] == "baseline"
    assert told["reason"] == "not-open"


def test_every_value_is_a_string_or_an_integer() -> None:
    for world in (World(), World().is_healthy()):
        assert {type(value) for value in orjson.loads(rendered(world)).values()} == {str, int}


@pytest.mark.parametrize("phase", list(Phase))
def test_bytes_and_document_never_differ(phase: Phase) -> None:
    world, renderer = World(), Renderer()
    for step in range(3):
        world.opens(phase)
        world.hears(200, 503)
        world.later(step * NS_PER_S)
        expected = answer.document(world.board.leases["inbound"], said(world))
        assert orjson.loads(rendered(world, renderer)) == expected


def test_a_newly_published_lease_is_rendered_afresh() -> None:
    world, renderer = World(), Renderer()
    assert b'"phase":"prepared"' in rendered(world, renderer)
    world.is_healthy()
    assert b'"phase":"open"' in rendered(world, renderer)


def test_a_lease_that_runs_out_turns_the_same_head_to_degraded() -> None:
    world, renderer = World().is_healthy(), Renderer()
    assert b'"OK"' in rendered(world, renderer)
    world.later(60 * NS_PER_S)
    told = orjson.loads(rendered(world, renderer))
    assert (told["cutoverStatus"], told["route"], told["reason"]) == ("DEGRADED", "baseline", "stale")
