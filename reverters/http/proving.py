"""The proof of a step: the object is read until it is as in the baseline so many times in a row, or the time is up."""

from __future__ import annotations

from reverters.http import places
from reverters.http.judging import ABSENT, UNFINISHED
from reverters.http.talking import Found, Pace, Talk
from reverters.plan import Step
from reverters.step import Trouble, Verification

NOT_YET = frozenset({ABSENT, UNFINISHED})
"""What a replica that lags says of an object that is there."""


async def prove(talk: Talk, step: Step, pace: Pace) -> Verification | Trouble:
    """A Verification that holds, or Trouble: `not-restored` when the time is up, which no further reading mends."""
    verify, agreed = talk.step.verify, 0
    ends_ns = pace.mono_ns() + verify.within
    while True:
        found = await talk.read()
        if isinstance(found, Trouble) and found.reason not in NOT_YET:
            return found
        wrong = _wrong(talk, found, step)
        agreed = 0 if wrong else agreed + 1
        if agreed >= verify.stable and isinstance(found, Found):
            detail = f"{step.target} is as in the baseline, read {agreed} times in a row"
            return Verification(True, {"kept": found.kept}, detail)
        if pace.mono_ns() + verify.every > ends_ns:
            told = wrong or f"was as in the baseline only {agreed} of {verify.stable} times in a row"
            return Trouble(False, "not-restored", f"{step.target}: {told}", facts=talk.facts)
        await pace.sleep(verify.every)


def _wrong(talk: Talk, found: Found | Trouble, step: Step) -> str:
    if isinstance(found, Trouble):
        return found.detail
    capture = talk.step.capture
    differing = places.differences(found.kept, step.wanted, capture.keep, capture.sets)
    return f"differs at {', '.join(differing)}" if differing else ""
