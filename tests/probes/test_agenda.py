"""What is due comes out in order, each once, whatever falls together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probes.agenda import Agenda


def test_nothing_is_due_before_its_moment() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.add(10, "a")
    assert agenda.take(now=9) is None
    assert agenda.take(now=10) == (10, "a")
    assert agenda.take(now=11) is None


def test_what_falls_together_comes_out_in_the_order_of_its_adding() -> None:
    agenda: Agenda[str] = Agenda()
    for at, item in ((20, "a"), (10, "b"), (20, "c")):
        agenda.add(at, item)
    assert [agenda.take(now=20) for _ in range(4)] == [(10, "b"), (20, "a"), (20, "c"), None]


def test_what_is_added_while_a_row_is_taken_comes_after_it() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.add(10, "a")
    agenda.add(10, "b")
    agenda.take(now=10)
    agenda.add(10, "c")
    assert [agenda.take(now=10) for _ in range(2)] == [(10, "b"), (10, "c")]


def test_the_next_is_the_earliest_and_none_when_all_is_taken() -> None:
    agenda: Agenda[str] = Agenda()
    assert agenda.next is None
    agenda.add(20, "a")
    agenda.add(10, "b")
    assert agenda.next == 10
    agenda.take(now=10)
    assert agenda.next == 20
    agenda.take(now=20)
    assert agenda.next is None


@given(st.lists(st.integers(0, 20)), st.integers(0, 20))
def test_what_comes_out_is_what_a_stable_sort_would_give(times: list[int], now: int) -> None:
    agenda: Agenda[int] = Agenda()
    for serial, at in enumerate(times):
        agenda.add(at, serial)
    taken = []
    while (entry := agenda.take(now=now)) is not None:
        taken.append(entry)
    due = [(at, serial) for serial, at in enumerate(times) if at <= now]
    assert taken == sorted(due, key=lambda entry: entry[0])
    assert agenda.next == min((at for at in times if at > now), default=None)
