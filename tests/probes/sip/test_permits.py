"""The queue in front of a registrar, on the running loop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from probes.clock import mono_ns
from probes.sip.engine.exchanged import SelfTrouble
from probes.sip.engine.trouble import Trouble
from probes.sip.registering.pacing import Pacer
from probes.sip.registering.permits import DEAD_ENTRIES, GRANTS_PER_TURN, KEEPS_PLACE_NS, Cancel, PacedPermits
from tests.probes.sip.storms import SECOND, answered

LONG = 3600 * SECOND


class Queue:
    """Asks, and notes who was granted, in order."""

    def __init__(self, rate: float | None) -> None:
        self.permits = PacedPermits(Pacer(rate=rate, rng=random.Random(1)))
        self.granted: list[str] = []

    def ask(self, key: str, expires_ns: int = 0, *, heard: bool = True) -> Cancel:
        def granted() -> None:
            self.granted.append(key)
            if heard:
                self.permits.heard(answered(200))

        return self.permits.ask(key, expires_ns=expires_ns, granted=granted)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.granted) < count:
                await asyncio.sleep(0)


@pytest.fixture
def fast() -> Iterator[Queue]:
    queue = Queue(5000)
    yield queue
    queue.permits.close()


@pytest.fixture
def slow() -> Iterator[Queue]:
    """One in a good 20 ms."""
    queue = Queue(50)
    yield queue
    queue.permits.close()


async def test_nothing_is_granted_before_asking_returns(fast: Queue) -> None:
    fast.ask("a")
    assert fast.granted == []
    await fast.until(1)
    assert fast.granted == ["a"]


async def test_the_soonest_to_expire_goes_first(slow: Queue) -> None:
    now = mono_ns()
    for key, seconds in (("late", 300), ("soon", 100), ("middle", 200), ("sooner", 50)):
        slow.ask(key, now + seconds * SECOND)
    await slow.until(4)
    assert slow.granted == ["sooner", "soon", "middle", "late"]


async def test_those_that_are_lost_go_before_all_others_and_in_the_order_of_asking(slow: Queue) -> None:
    slow.ask("alive", mono_ns() + LONG)
    for key in ("c", "a", "b"):
        slow.ask(key, 0)
    await slow.until(4)
    assert slow.granted == ["c", "a", "b", "alive"]


async def test_those_who_ask_for_ever_do_not_keep_back_what_expires(slow: Queue) -> None:
    """Lost bindings are asked for again and again, more than may go; another binding ends meanwhile."""
    for number in range(10):
        slow.ask(f"lost{number}", 0)
    ends = mono_ns() + SECOND // 2
    slow.ask("refresh", ends)
    while "refresh" not in slow.granted:
        if slow.permits.waiting < 11:
            slow.ask(f"again{len(slow.granted)}", 0)
        await asyncio.sleep(0)
        assert mono_ns() < ends + 5 * SECOND
    assert slow.permits.waiting >= 10
    assert len(slow.granted) > 10


async def test_whoever_was_challenged_goes_on_before_those_who_have_yet_to_begin(slow: Queue) -> None:
    for key in ("a", "b", "c", "d", "e"):
        slow.ask(key, 0)
    await slow.until(2)
    slow.ask("a", 0)
    slow.ask("b", 0)
    await slow.until(7)
    assert slow.granted == ["a", "b", "a", "b", "c", "d", "e"]


async def test_a_place_is_kept_for_a_while_only(slow: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("a", "b", "c"):
        slow.ask(key, 0)
    await slow.until(2)
    monkeypatch.setattr("probes.sip.registering.permits.mono_ns", lambda: mono_ns() + KEEPS_PLACE_NS + SECOND)
    slow.ask("a", 0)
    await slow.until(4)
    assert slow.granted == ["a", "b", "c", "a"]
    assert set(slow.permits._places) <= {"a", "c"}


async def test_what_is_cancelled_is_never_granted(slow: Queue) -> None:
    cancels = [slow.ask(key, 0) for key in ("a", "b", "c", "d")]
    cancels[1]()
    cancels[1]()
    assert slow.permits.waiting == 3
    await slow.until(3)
    assert slow.granted == ["a", "c", "d"]
    assert slow.permits.waiting == 0


async def test_cancelling_after_the_grant_changes_nothing(fast: Queue) -> None:
    cancel = fast.ask("a")
    await fast.until(1)
    cancel()
    assert fast.permits.waiting == 0


async def test_one_aor_may_wait_several_times(slow: Queue) -> None:
    for _ in range(3):
        slow.ask("a", 0)
    await slow.until(3)
    assert slow.granted == ["a", "a", "a"]


async def test_asking_and_cancelling_for_ever_holds_no_memory(slow: Queue) -> None:
    slow.permits.pacer.heard(answered(503, retry_after=30), now=mono_ns())
    for turn in range(10 * DEAD_ENTRIES):
        cancel = slow.ask(f"aor{turn}", mono_ns() + LONG)
        cancel()
    assert len(slow.permits._heap) <= DEAD_ENTRIES + 1


async def test_a_large_burst_leaves_the_loop_free_in_between(fast: Queue) -> None:
    for number in range(3 * GRANTS_PER_TURN):
        fast.ask(f"aor{number}")
    seen = []
    while len(fast.granted) < 3 * GRANTS_PER_TURN:
        seen.append(len(fast.granted))
        await asyncio.sleep(0)
    steps = [after - before for before, after in pairwise(seen)]
    assert max(steps) <= GRANTS_PER_TURN


async def test_ten_thousand_wait_behind_one_timer(slow: Queue) -> None:
    for number in range(10_000):
        slow.ask(f"aor{number}", mono_ns() + LONG)
    scheduled = getattr(asyncio.get_running_loop(), "_scheduled", None)
    assert scheduled is None or len(scheduled) <= 2
    assert slow.permits.waiting == 10_000


async def test_the_rate_is_kept_and_what_it_held_back_is_counted(slow: Queue) -> None:
    began = mono_ns()
    for number in range(6):
        slow.ask(f"aor{number}")
    await slow.until(6)
    assert mono_ns() - began >= 5 * 20_000_000
    figures = slow.permits.figures()
    assert (figures.sent, figures.deferred, figures.waiting, figures.rate) == (6, 5, 0, 50)


async def test_what_could_go_at_once_was_not_deferred(fast: Queue) -> None:
    fast.ask("a")
    await fast.until(1)
    assert fast.permits.figures().deferred == 0


async def test_a_rest_is_shown_and_kept(fast: Queue) -> None:
    fast.permits.heard(answered(503, retry_after=20))
    fast.ask("a")
    for _ in range(50):
        await asyncio.sleep(0)
    figures = fast.permits.figures()
    assert fast.granted == []
    assert (figures.waiting, figures.refused) == (1, 1)
    assert 19 * SECOND < figures.pause_ns <= 22 * SECOND


async def test_what_is_learned_is_shown() -> None:
    queue = Queue(None)
    queue.permits.heard(answered(503))
    figures = queue.permits.figures()
    assert figures.rate == 47.5
    assert figures.penalty == pytest.approx(0.05, rel=0.01)
    queue.permits.close()


async def test_an_answer_frees_those_who_wait_for_room() -> None:
    """Half a second's worth may be unanswered: at four a second, two."""
    queue = Queue(4)
    for key in ("a", "b", "c"):
        queue.ask(key, heard=False)
    await queue.until(2)
    waits_for_an_answer = queue.permits.pacer.earliest(now=mono_ns()) - mono_ns()
    assert waits_for_an_answer > 30 * SECOND
    queue.permits.heard(answered(200))
    await queue.until(3)
    queue.permits.close()


async def test_an_exchange_that_ends_while_it_is_granted_leaves_nothing_under_way() -> None:
    queue = Queue(1000)

    def granted() -> None:
        queue.granted.append("x")
        queue.permits.heard(SelfTrouble(Trouble.NO_ROUTE, 0))

    for number in range(600):
        queue.permits.ask(f"aor{number}", expires_ns=0, granted=granted)
    await queue.until(600)
    assert queue.permits.pacer.earliest(now=mono_ns()) < mono_ns() + SECOND
    queue.permits.close()


async def test_a_caller_that_fails_does_not_stop_the_others(fast: Queue) -> None:
    reached: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reached.append(context["exception"]))

    def fails() -> None:
        raise RuntimeError("in the caller")

    fast.permits.ask("bad", expires_ns=0, granted=fails)
    fast.ask("good")
    await fast.until(1)
    assert [str(error) for error in reached] == ["in the caller"]


async def test_once_closed_nobody_is_granted_anything(fast: Queue) -> None:
    cancel = fast.ask("a")
    fast.permits.close()
    fast.permits.close()
    late = fast.ask("b")
    for _ in range(20):
        await asyncio.sleep(0)
    cancel()
    late()
    assert (fast.granted, fast.permits.waiting) == ([], 0)
