"""What is remembered of requests that are over."""

from __future__ import annotations

import pytest

from probes.sip.engine import recent
from probes.sip.engine.recent import RecentBranches
from probes.sip.engine.transaction import T4


def test_a_copy_of_an_answer_is_told_from_an_answer_that_came_too_late_and_from_a_stray() -> None:
    branches = RecentBranches()
    branches.add("a", answered=True, now=0)
    branches.add("b", answered=False, now=0)
    assert [branches.stray(branch) for branch in "abc"] == ["retransmission", "late", "foreign-branch"]


@pytest.mark.parametrize(("later", "stray"), [(T4, "retransmission"), (2 * T4 - 1, "retransmission"), (2 * T4, "foreign-branch")])
def test_a_branch_is_remembered_for_t4_and_forgotten_after_twice_that(later: int, stray: str) -> None:
    branches = RecentBranches()
    branches.add("first", answered=True, now=0)
    branches.add("a", answered=True, now=T4 - 1)
    branches.add("next", answered=True, now=later)
    assert branches.stray("a") == stray


def test_a_flood_of_requests_makes_the_memory_shorter_not_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST", 3)
    branches = RecentBranches()
    for number in range(10):
        branches.add(str(number), answered=True, now=1)
    assert [branches.stray(str(number)) for number in (3, 6, 9)] == ["foreign-branch", "retransmission", "retransmission"]
