"""Beats of a name in which nobody got through, counted whoever the name led to; and which targets cannot be measured.

A *beat* is one place in the order of sending. It is complete when every target that it asked has told something, and it is judged
when each beat before it is: results overlap, and what an earlier beat has yet to tell may be a PASS.

* A beat has failed when each of its targets gave a FAIL, but for those that cannot be measured, and one at least did give one.
  Any PASS begins the row anew. A beat in which a target told nothing, or late, neither counts nor resets: a beat of errors alone,
  or one with an answer of which nobody knows, is no failure.
* A target cannot be measured when all its results were ERROR since it joined, or its last `threshold`. Its first result that
  tells anything ends that at once.

Why this trips nothing falsely: the row grows by whole beats only, so it takes `threshold` of them, one after the other, in each
of which every target that could be asked refused or was silent. That a name leads elsewhere is no result and moves nothing.
At most `MOST_OPEN` places are kept: when the oldest of them is given up, incomplete, the row begins anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from gates.input import NOWHERE, Beat, Row, Told
from gates.rule import label
from probes.sample import Outcome, Sample

MOST_OPEN = 64
"""Beats that may overlap: as many attempts of one probe run at once."""


def told(sample: Sample, *, codes: Collection[int]) -> Told:
    """What a PASS or FAIL that is not late tells of the target it is about."""
    if sample.result.outcome is Outcome.PASS:
        return Told.PASSED
    return Told.COUNTED if sample.result.code in codes else Told.FAILED


def awaits(row: Row, sample: Sample) -> bool:
    """Whether the beat of this result is still to be judged, and has not heard of this target."""
    beat = row.open.get(sample.sequence)
    if beat is None:
        return sample.sequence > row.judged
    return sample.result.target in beat.waiting


def report(row: Row, sample: Sample, tells: Told, *, newest: Mapping[str, int], threshold: int) -> Row:
    """The row after a result that it `awaits`. `newest` is the highest sequence that told something, by target: an ERROR from
    before that is no news.
    """
    target, sequence = sample.result.target, sample.sequence
    beat = row.open.get(sequence) or Beat(frozenset((*sample.result.among, target)), sample.at)
    beat = Beat(
        beat.waiting - {target} if target else frozenset(),
        max(beat.at, sample.at, key=lambda at: at.mono_ns),
        {**beat.told, target: tells},
        {**beat.labels, target: label(sample.result)} if tells is Told.COUNTED else beat.labels,
    )
    row = replace(row, open={**row.open, sequence: beat}, judged=sequence - 1 if row.judged == NOWHERE else row.judged)
    if tells is not Told.UNMEASURED and tells is not Told.NOTHING:
        row = measured(row, sample)
    return _judged(row, newest, threshold)


def measured(row: Row, sample: Sample) -> Row:
    """What a result that tells anything does at once, whichever beat it belongs to."""
    if sample.result.outcome is Outcome.PASS:
        row = replace(_anew(row), passed=max(row.passed, sample.sequence))
    if row.errors.get(sample.result.target):
        row = replace(row, errors={**row.errors, sample.result.target: 0})
    return row


def _judged(row: Row, newest: Mapping[str, int], threshold: int) -> Row:
    """Every beat whose turn has come, and no more places kept than may be."""
    while row.open:
        turn = row.judged + 1
        beat = row.open.get(turn)
        if beat is not None and not beat.waiting:
            row = _added(row, turn, beat, newest, threshold)
        elif max(row.open) - turn < MOST_OPEN:
            return row
        else:
            given_up = min(row.open) if beat is not None else min(row.open) - 1
            row = _anew(row, judged=given_up, keeps={at: each for at, each in row.open.items() if at > given_up})
    return row


def _added(row: Row, sequence: int, beat: Beat, newest: Mapping[str, int], threshold: int) -> Row:
    errors = {
        name: row.errors.get(name, threshold) + 1 if tells is Told.UNMEASURED and newest.get(name, -1) < sequence else 0
        for name, tells in beat.told.items()
        if name
    }
    rest = {at: each for at, each in row.open.items() if at > sequence}
    row = replace(row, open=rest, judged=sequence, errors=errors or row.errors)
    told = {tells for name, tells in beat.told.items() if errors.get(name, 0) < threshold}
    if sequence <= row.passed or not told or not told <= {Told.COUNTED, Told.FAILED}:
        return row
    row = replace(row, failing=row.failing + 1, first_failed=row.first_failed or beat.at)
    if Told.FAILED in told:
        return row
    kind = beat.labels[min(beat.labels)]
    return replace(
        row,
        counted=row.counted + 1,
        first_counted=row.first_counted or beat.at,
        streak=(*row.streak, kind)[-threshold:],
        kinds={**row.kinds, kind: row.kinds.get(kind, 0) + 1},
    )


def _anew(row: Row, *, judged: int | None = None, keeps: Mapping[int, Beat] | None = None) -> Row:
    return Row(
        open=row.open if keeps is None else keeps,
        judged=row.judged if judged is None else judged,
        passed=row.passed,
        errors=row.errors,
    )


def zeroed(row: Row) -> Row:
    """Beats and counts forgotten, place in the sequence kept; what could not be measured still cannot."""
    return Row(judged=max(row.open, default=row.judged), passed=row.passed, errors=row.errors)


def forgotten(row: Row) -> Row:
    """Nothing is left but what makes a result late."""
    return replace(zeroed(row), errors={})
