"""Which share of the callers takes the new path: grown by a schedule with soak times, or by operators.

Shares are in ten-thousandths. Which caller belongs to a share is a matter of a number that its conversation keeps (`ticket`),
so that a share that grows turns nobody back who was let in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

ALL = 10_000
FIRST = 0
"""The ticket that belongs to every share but 0%."""


@dataclass(frozen=True, slots=True)
class Step:
    """`soak_ns` None: this is as far as the schedule goes."""

    share: int
    soak_ns: int | None


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the journal says of a gate: an operator's word ends the schedule until it is given back."""

    share: int
    by_schedule: bool


def ticket(conversation: str) -> int:
    """0 … 9,999, always the same for a conversation."""
    digest = hashlib.blake2b(conversation.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % ALL


def share(steps: Sequence[Step], admitted: Admitted | None) -> int:
    """What holds now. A schedule that was shortened since does not lower what was reached; without one there is nothing that
    keeps anybody out but an operator's word.
    """
    if admitted is not None and (steps or not admitted.by_schedule):
        return admitted.share
    return steps[0].share if steps else ALL


def following(steps: Sequence[Step], admitted: Admitted | None) -> tuple[int, int] | None:
    """The next share of the schedule, and the soak before it in nanoseconds; None where the schedule does not go on by itself."""
    if admitted is not None and not admitted.by_schedule:
        return None
    now = share(steps, admitted)
    if steps and now < steps[0].share:  # an operator had gone below the schedule's first share: that comes first
        return None if steps[0].soak_ns is None else (steps[0].share, steps[0].soak_ns)
    for step, after in pairwise(steps):
        if after.share > now:
            return None if step.soak_ns is None else (after.share, step.soak_ns)
    return None


def raised(steps: Sequence[Step], admitted: Admitted | None, *, since_ns: int, now_ns: int) -> int | None:
    """The share to go to now, where the soak has passed; the gate has been HEALTHY, and the share unchanged, since `since_ns`."""
    next_one = following(steps, admitted)
    if next_one is None or now_ns - since_ns < next_one[1]:
        return None
    return next_one[0]
