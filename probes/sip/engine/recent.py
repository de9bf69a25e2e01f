"""The branches of requests that are over: what still comes for them is a copy of an answer, or too late, but no stray.

This is timer K for all transactions together (RFC 3261 §17.1.2.2): a branch is remembered for T4 at least and twice that at most,
at the price of a string in a dictionary.
"""

from __future__ import annotations

from probes.sip.engine.transaction import T4

MOST = 200_000
"""Branches in each half: a flood of requests makes the memory shorter, not larger."""


class RecentBranches:
    """Two generations, swapped every T4. Times are monotonic nanoseconds."""

    __slots__ = ("_new", "_old", "_swap_at")

    def __init__(self) -> None:
        self._new: dict[str, bool] = {}
        self._old: dict[str, bool] = {}
        self._swap_at = 0

    def add(self, branch: str, *, answered: bool, now: int) -> None:
        if now >= self._swap_at or len(self._new) >= MOST:
            self._old = self._new if now < self._swap_at + T4 else {}
            self._new = {}
            self._swap_at = now + T4
        self._new[branch] = answered

    def __contains__(self, branch: str) -> bool:
        return branch in self._new or branch in self._old

    def stray(self, branch: str) -> str:
        """What a response is that no open request waits for: a token for counting."""
        answered = self._new.get(branch)
        if answered is None:
            answered = self._old.get(branch)
        if answered is None:
            return "foreign-branch"
        return "retransmission" if answered else "late"
