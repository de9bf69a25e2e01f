"""Who sent a command, as the kernel says."""

from __future__ import annotations

import os
import pwd
import socket
import threading
from collections.abc import Iterator

import pytest

from daemon.web.actor import Actors, peer

NAME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def connected() -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        yield ours


def test_the_peer_is_known_by_process_and_user(connected: socket.socket) -> None:
    assert peer(connected) == (os.getpid(), os.getuid())


async def test_an_actor_is_described_by_number_name_and_process(connected: socket.socket) -> None:
    assert await Actors().describe(connected) == f"uid:{os.getuid()}({NAME}) pid:{os.getpid()}"


async def test_a_user_without_a_name_is_described_by_the_number(connected: socket.socket) -> None:
    actors = Actors(account=lambda uid: "")
    assert await actors.describe(connected) == f"uid:{os.getuid()} pid:{os.getpid()}"


async def test_a_name_service_that_hangs_does_not_hold_the_command_up(connected: socket.socket) -> None:
    answer = threading.Event()

    def hanging(uid: int) -> str:
        answer.wait(10)
        return "alice"

    actors = Actors(account=hanging, patience_s=0.01)
    assert await actors.describe(connected) == f"uid:{os.getuid()} pid:{os.getpid()}"
    answer.set()


async def test_a_user_is_looked_up_once(connected: socket.socket) -> None:
    asked: list[int] = []

    def account(uid: int) -> str:
        asked.append(uid)
        return "alice"

    actors = Actors(account=account)
    for _ in range(3):
        assert await actors.describe(connected) == f"uid:{os.getuid()}(alice) pid:{os.getpid()}"
    assert asked == [os.getuid()]


async def test_a_name_that_was_not_found_is_asked_for_again(connected: socket.socket) -> None:
    answers = iter(["", "alice"])
    actors = Actors(account=lambda uid: next(answers))
    assert "(alice)" not in await actors.describe(connected)
    assert "(alice)" in await actors.describe(connected)
