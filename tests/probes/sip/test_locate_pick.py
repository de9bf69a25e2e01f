"""Which one server a client would try first (RFC 2782)."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from probes.sip.candidates import Candidate, pick
from probes.sip.target import Transport


def server(name: str, weight: int = 0, *, priority: int = 0, rank: tuple[int, int] = (0, 0), address: str = "") -> Candidate:
    return Candidate(Transport.UDP, name, address or name, 5060, rank, priority, weight)


def drawn(*candidates: Candidate, times: int = 4_000) -> Counter[str]:
    rng = random.Random(2782)
    return Counter(pick(candidates, rng=rng).address for _ in range(times))


def test_only_the_least_priority_is_ever_chosen() -> None:
    assert set(drawn(server("far", 65_535, priority=2), server("near", priority=1))) == {"near"}


def test_the_rank_of_a_transport_goes_before_priority() -> None:
    assert set(drawn(server("second", rank=(20, 0)), server("first", priority=9, rank=(10, 5)))) == {"first"}


def test_chance_is_in_proportion_to_weight() -> None:
    counted = drawn(server("heavy", 75), server("light", 25))
    assert 0.72 < counted["heavy"] / counted.total() < 0.78


def test_weight_0_is_chosen_seldom_beside_others_but_not_never() -> None:
    counted = drawn(server("heavy", 99), server("nothing", 0))
    assert 0 < counted["nothing"] / counted.total() < 0.02


def test_without_weights_all_have_the_same_chance() -> None:
    counted = drawn(server("a"), server("b"))
    assert 0.46 < counted["b"] / counted.total() < 0.54


def test_the_addresses_of_one_name_share_its_weight() -> None:
    counted = drawn(server("a", 50, address="1"), server("a", 50, address="2"), server("b", 50, address="3"))
    assert 0.46 < counted["3"] / counted.total() < 0.54
    assert 0.21 < counted["1"] / counted.total() < 0.29


def test_nothing_can_be_chosen_from_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        pick([], rng=random.Random(1))
