"""Who reloads without asking at the socket: SIGHUP, and a list that changed on disk; each once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.live import Live
from daemon.reload.task import ReloadTask, Stamps, stamps
from daemon.reply import Exit, Reply
from tests.daemon.reload.test_decide import settings


class Reloading:
    """Notes who reloads; with `good`, the lists are taken over as they are then."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.actors: list[str] = []
        self.good = True
        self.done = asyncio.Condition()

    async def __call__(self, actor: str) -> Reply:
        async with self.done:
            self.actors.append(actor)
            if self.good:
                self.live.lists = {path: stamp for path, stamp in stamps(tuple(self.live.lists)).items() if stamp}
            self.done.notify_all()
        return Reply(Exit.OK if self.good else Exit.USAGE, "")

    async def times(self, count: int) -> None:
        async with asyncio.timeout(5), self.done:
            await self.done.wait_for(lambda: len(self.actors) >= count)


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.json"
    path.write_text("[]")
    return path


@pytest.fixture
def live(fleet: Path) -> Live:
    found = stamps((str(fleet),))[str(fleet)]
    assert found is not None
    return Live(settings(), lists={str(fleet): found})


class Task(ReloadTask):
    """Counts how often it looked: in a thread, as the loop sees it when that has ended."""

    def __init__(self, live: Live, reloading: Reloading) -> None:
        super().__init__(live, reloading, look_s=0.005, look=self._counted)
        self.looks = 0

    def _counted(self, paths: tuple[str, ...]) -> Stamps:
        self.looks += 1
        return stamps(paths)


@contextlib.asynccontextmanager
async def running(live: Live) -> AsyncIterator[tuple[Task, Reloading]]:
    reloading = Reloading(live)
    task = Task(live, reloading)
    under_way = asyncio.create_task(task.run())
    try:
        yield task, reloading
    finally:
        under_way.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await under_way


async def looked(task: Task, times: int = 4) -> None:
    """The lists were looked at so many times more: each look is a turn in a thread."""
    wanted = task.looks + times
    async with asyncio.timeout(5):
        while task.looks < wanted:
            await asyncio.get_running_loop().run_in_executor(None, int)


async def test_lists_that_do_not_change_reload_nothing(live: Live) -> None:
    async with running(live) as (task, reloading):
        await looked(task)
        assert reloading.actors == []


async def test_a_list_that_changed_is_reloaded_once(live: Live, fleet: Path) -> None:
    async with running(live) as (task, reloading):
        fleet.write_text('[{"targets": ["a:1"]}]')
        await reloading.times(1)
        await looked(task)
        assert reloading.actors == ["file_sd"]


async def test_a_list_that_was_replaced_or_removed_is_noticed(live: Live, fleet: Path) -> None:
    async with running(live) as (task, reloading):
        (fleet.parent / "next").write_text("[]")
        (fleet.parent / "next").rename(fleet)
        await reloading.times(1)
        reloading.good = False
        fleet.unlink()
        await reloading.times(2)
        await looked(task)
        assert reloading.actors == ["file_sd", "file_sd"]


async def test_a_bad_list_is_tried_once_and_again_when_it_was_mended(live: Live, fleet: Path) -> None:
    async with running(live) as (task, reloading):
        reloading.good = False
        fleet.write_text("[{]")
        await reloading.times(1)
        await looked(task)
        assert reloading.actors == ["file_sd"]
        reloading.good = True
        fleet.write_text("[ ]  ")
        await reloading.times(2)


async def test_several_who_ask_before_it_begins_are_served_by_one(live: Live) -> None:
    live.lists = {}
    async with running(live) as (task, reloading):
        task.ask("SIGHUP")
        task.ask("SIGHUP")
        await reloading.times(1)
        task.ask("later")
        await reloading.times(2)
        assert reloading.actors == ["SIGHUP", "later"]


async def test_lists_that_a_reload_brought_are_looked_after_from_then_on(live: Live, fleet: Path) -> None:
    lists, live.lists = live.lists, {}
    async with running(live) as (task, reloading):
        for _ in range(5):
            await asyncio.sleep(0)  # it waits, and has nothing to look after
        live.lists = lists
        assert (await task.reload("op")).ok
        await looked(task)
        fleet.write_text("[   ]")
        await reloading.times(2)
        assert reloading.actors == ["op", "file_sd"]
