"""Once everything is built the garbage collector leaves it alone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from daemon import memory


class Circle:
    """Freed by the garbage collector only."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_was_built_is_not_looked_at_again() -> None:
    built = [Circle()]
    memory.settle()
    assert gc.get_freeze_count() > 0
    assert not any(known is built for known in gc.get_objects())


def test_what_was_garbage_already_is_freed_before() -> None:
    circle = Circle()
    garbage = weakref.ref(circle)
    del circle
    memory.settle()
    assert garbage() is None


def test_the_young_are_looked_at_in_small_portions() -> None:
    memory.settle()
    youngest, younger, _ = gc.get_threshold()
    assert youngest * (younger + 1) <= 20_000
