"""The store outlives its process: killed in mid-write, killed at any moment, and with the disk full."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.store import Reader, StoreBusy, open_readonly, open_store
from reverters.entries import Finished
from reverters.journal import JournalEntry, verify

LIMIT = 4 << 20

PRELUDE = """
import asyncio, resource, signal, sys
from daemon.store import Draft, StoreUnavailable, open_store
from reverters.entries import Finished

def draft(size=1):
    return Draft(Finished("x" * size, "restored"), 0, "daemon", "r1")

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def append(store, size=1):
    return (await store.append_many([draft(size)]))[0].seq
"""

# 16 MiB in one transaction do not fit SQLite's cache, so they are in the log before the commit is; the kernel kills the
# process at the 4 MiB mark, in the middle of a write.
KILLED_IN_MID_TRANSACTION = """
async def main():
    store = await open_store(sys.argv[1])
    print(await append(store), await append(store), flush=True)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit(4 << 20)
    await store.append_many([draft(1 << 20) for _ in range(16)])
    print("committed", flush=True)
asyncio.run(main())
"""

APPENDING_UNTIL_KILLED = """
async def main():
    store = await open_store(sys.argv[1])
    while True:
        print(await append(store), flush=True)
asyncio.run(main())
"""

DISK_FULL_THEN_NOT = """
async def main():
    store = await open_store(sys.argv[1])
    await append(store)
    limit(256 << 10)
    try:
        while True:
            await append(store, 10_000)
    except StoreUnavailable as error:
        print(type(error).__name__, "SQLITE_" in str(error), flush=True)
    before = await store.head()
    try:
        await append(store, 10_000)
    except StoreUnavailable:
        print("still refused", before == await store.head(), flush=True)
    limit(resource.RLIM_INFINITY)
    print(await append(store) == before[0] + 1, await append(store) == before[0] + 2, flush=True)
    await store.close()
asyncio.run(main())
"""

NO_ROOM_AT_ALL = """
async def main():
    limit(0)
    try:
        await open_store(sys.argv[1])
    except StoreUnavailable as error:
        print(type(error).__name__, flush=True)
    limit(resource.RLIM_INFINITY)
    store = await open_store(sys.argv[1])
    print(await append(store), flush=True)
    await store.close()
asyncio.run(main())
"""


@contextmanager
def started(script: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", PRELUDE + script, str(path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()  # also where the test failed half-way


async def stored(path: Path) -> list[JournalEntry]:
    reader: Reader = await open_readonly(path)
    try:
        return await reader.entries()
    finally:
        await reader.close()


async def test_killed_between_write_and_commit_leaves_the_head_before(path: Path) -> None:
    with started(KILLED_IN_MID_TRANSACTION, path) as process:
        said, _ = process.communicate(timeout=60)
    assert (said, process.returncode) == ("1 2\n", -signal.SIGXFSZ)
    assert Path(f"{path}-wal").stat().st_size == LIMIT, "nothing of the transaction had reached the disk"
    entries = await stored(path)
    assert verify(entries)[::2] == (2, None)
    store = await open_store(path)
    try:
        entry = await store.append(Finished("s", "restored"), at_utc_ns=1, actor="daemon", run="r1")
        assert verify([*entries, entry])[::2] == (3, None)
    finally:
        await store.close()


@pytest.mark.parametrize("appended", [1, 7, 40])
async def test_killed_at_any_moment_keeps_every_entry_that_was_returned(path: Path, appended: int) -> None:
    with started(APPENDING_UNTIL_KILLED, path) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(appended)]
        process.kill()
        said += process.stdout.readlines()
    returned = max(int(line) for line in said if line.endswith("\n"))
    holds, _, flaw = verify(await stored(path))
    assert flaw is None
    assert holds - returned in (0, 1)


async def test_the_store_of_a_killed_process_can_be_owned_at_once(path: Path) -> None:
    with started(APPENDING_UNTIL_KILLED, path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(StoreBusy, match=f"in use by process {process.pid}"):
            await (await open_store(path)).close()
        process.kill()
        process.wait(timeout=60)
        store = await open_store(path)
        head = await store.head()
        await store.close()
    assert head[0] >= 1


async def test_a_disk_that_fills_refuses_and_the_chain_goes_on_when_there_is_room_again(path: Path) -> None:
    with started(DISK_FULL_THEN_NOT, path) as process:
        said, _ = process.communicate(timeout=60)
    assert said.splitlines() == ["StoreUnavailable True", "still refused True", "True True"]
    assert process.returncode == 0
    entries = await stored(path)
    assert len(entries) > 10
    assert verify(entries)[2] is None


async def test_a_store_that_found_no_room_to_open_opens_when_there_is_some(path: Path) -> None:
    with started(NO_ROOM_AT_ALL, path) as process:
        said, _ = process.communicate(timeout=60)
    assert (said, process.returncode) == ("StoreUnavailable\n1\n", 0)
