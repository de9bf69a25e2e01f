"""Any sequence of outcomes, and a restart after every one of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverters.entries import (
    Body,
    Closed,
    Finished,
    Halted,
    Inspected,
    Intended,
    Responded,
    Verified,
    Waited,
)
from reverters.journal import JournalEntry
from reverters.plan import Document, Plan
from reverters.progress import (
    Action,
    Apply,
    Await,
    Close,
    Finish,
    Halt,
    Inspect,
    Progress,
    Stop,
    Verify,
    next_actions,
    note,
)
from tests.reverters.world import CUTOVER, plan, sealed

S = 1_000_000_000


@dataclass
class Model:
    """A run against a world whose every answer is drawn: the actions are carried out in any order, and may be cut short."""

    rng: random.Random
    of: Plan
    world: dict[str, Document] = field(default_factory=dict)
    entries: list[JournalEntry] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)
    now_ns: int = 0

    def write(self, body: Body) -> None:
        self.entries.append(sealed(body, self.entries, at_utc_ns=self.now_ns))

    def progress(self) -> Progress:
        """Folded anew each time: every step of this model is a restart."""
        progress = Progress()
        for entry in self.entries:
            progress = note(progress, entry)
        return progress

    def trouble(self, key: str, phase: str) -> bool:
        drawn = self.rng.random()
        if drawn < 0.25:
            self.write(Responded(key, 0, phase, "retryable", "timeout", "", delay_ns=self.rng.randrange(S)))
        elif drawn < 0.28:
            self.write(Responded(key, 0, phase, "terminal", "refused", ""))
        return drawn < 0.28

    def inspect(self, action: Inspect) -> None:
        key = action.step.key
        self.last[key] = "inspect"
        if not self.trouble(key, "inspect"):
            live = self.world.get(key, CUTOVER)
            self.write(Inspected(key, live == action.step.wanted, live))

    def apply(self, action: Apply) -> None:
        key = action.step.key
        assert self.last.get(key) == "inspect", "a second apply without a look"
        self.last[key] = "apply"
        self.write(Intended(key, action.attempt, action.live, action.step.wanted))
        did, heard = self.rng.random() < 0.7, self.rng.random() < 0.6
        if did and self.world.get(key, CUTOVER) == action.live:
            self.world[key] = action.step.wanted
            if heard:
                self.write(Responded(key, action.attempt, "apply", "applied", "", ""))
        elif heard:
            self.write(Responded(key, action.attempt, "apply", "conflict", "conflict", ""))
        if not heard and self.rng.random() < 0.5:  # otherwise: killed before the answer came
            self.trouble(key, "apply")

    def verify(self, action: Verify) -> None:
        key = action.step.key
        if not self.trouble(key, "verify"):
            live = self.world.get(key, CUTOVER)
            self.write(Verified(key, live == action.step.wanted, live, delay_ns=self.rng.randrange(S)))

    def do(self, action: Action) -> None:
        match action:
            case Inspect():
                self.inspect(action)
            case Apply():
                self.apply(action)
            case Verify():
                self.verify(action)
            case Finish(done, outcome):
                assert self.world.get(done.key, CUTOVER) == done.wanted
                self.write(Finished(done.key, outcome))
            case Halt(halting, reason, detail):
                self.write(Halted(halting.key, reason, detail))
            case Await(stage, for_ns, until):
                self.now_ns = max(self.now_ns, until)
                self.write(Waited(stage, for_ns))
            case Close(outcome):
                self.write(Closed(outcome, 0))


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), interferes=st.booleans())
def test_a_run_never_applies_twice_without_a_look_and_ends_closed_or_halted(seed: int, interferes: bool) -> None:
    rng = random.Random(seed)
    model = Model(rng, plan(("dns", ["a", "b"]), ("trunk", ["c"]), waits={"dns": 30 * S}))
    for _ in range(1_000):
        actions = next_actions(model.of, model.progress())
        if not actions or isinstance(actions[0], Stop):
            break
        model.now_ns += rng.randrange(S)
        action = rng.choice(actions)
        if interferes and isinstance(action, Apply) and rng.random() < 0.1:
            model.world[action.step.key] = {"values": [str(rng.random())]}
        model.do(action)
    else:
        pytest.fail("the run neither closed nor halted")
    kinds = [entry.kind for entry in model.entries]
    assert kinds[-1] in ("closed", "halted")
    if kinds[-1] == "closed":
        assert all(model.world.get(each.key, CUTOVER) == each.wanted for each in model.of.steps())
