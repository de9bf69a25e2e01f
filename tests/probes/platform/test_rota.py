"""Everybody's turn comes."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from probes.platform.rota import Rota

PATIENT = settings(deadline=None, max_examples=60)  # a busy machine is no failure

NAMES = [f"user-{number}" for number in range(40)]


@PATIENT
@given(count=st.integers(1, 40), size=st.integers(1, 50), seed=st.integers(0, 1000))
def test_all_had_their_turn_after_so_many_takes_as_their_number_needs(count: int, size: int, seed: int) -> None:
    rota = Rota(NAMES[:count], size=size, rng=random.Random(seed))
    taken = [rota.take() for _ in range(-(-count // size))]
    assert {name for each in taken for name in each} == set(NAMES[:count])


@PATIENT
@given(count=st.integers(1, 40), size=st.integers(1, 50), seed=st.integers(0, 1000))
def test_each_take_has_the_size_and_nobody_twice(count: int, size: int, seed: int) -> None:
    rota = Rota(NAMES[:count], size=size, rng=random.Random(seed))
    for _ in range(5):
        taken = rota.take()
        assert len(taken) == len(set(taken)) == min(size, count)


def test_neighbours_in_the_file_are_not_neighbours_in_turn() -> None:
    assert Rota(NAMES, size=40, rng=random.Random(1)).take() != tuple(NAMES)


def test_a_name_that_is_given_twice_has_one_turn() -> None:
    assert sorted(Rota(["a", "b", "a"], size=3, rng=random.Random(1)).take()) == ["a", "b"]
