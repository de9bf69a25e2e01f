"""What systemd hears, on a real datagram socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.notify import Notifier, watchdog_interval_ns


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """A socket as systemd opens it, and the environment that names it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        if request.param == "path":
            heard.bind(str(tmp_path / "notify"))
            name = str(tmp_path / "notify")
        else:
            heard.bind("")  # the kernel picks a name in the abstract namespace (unix(7), autobind)
            name = "@" + heard.getsockname()[1:].decode()
        heard.settimeout(5)
        yield heard, {"NOTIFY_SOCKET": name}


@pytest.fixture
def notifier(systemd: tuple[socket.socket, dict[str, str]]) -> Iterator[Notifier]:
    made = Notifier(systemd[1])
    yield made
    made.close()


def test_ready_is_told_with_a_status(systemd: tuple[socket.socket, dict[str, str]], notifier: Notifier) -> None:
    assert notifier.ready("watching 1 gate")
    assert systemd[0].recv(4096) == b"READY=1\nSTATUS=watching 1 gate"


def test_stopping_status_and_the_watchdogs_pat_are_told(
    systemd: tuple[socket.socket, dict[str, str]], notifier: Notifier
) -> None:
    notifier.status("inbound: TRIPPED")
    notifier.watchdog()
    notifier.stopping("asked to")
    assert [systemd[0].recv(4096) for _ in range(3)] == [
        b"STATUS=inbound: TRIPPED",
        b"WATCHDOG=1",
        b"STOPPING=1\nSTATUS=asked to",
    ]


def test_a_status_cannot_smuggle_in_another_assignment(systemd: tuple[socket.socket, dict[str, str]], notifier: Notifier) -> None:
    notifier.status("fine\nSTOPPING=1\n")
    assert systemd[0].recv(4096) == b"STATUS=fine STOPPING=1"


def test_a_full_queue_is_not_waited_for(systemd: tuple[socket.socket, dict[str, str]], notifier: Notifier) -> None:
    taken = [notifier.watchdog() for _ in range(100_000)]
    assert taken[0]
    assert not taken[-1]


def test_a_listener_that_is_gone_is_no_error(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    assert not notifier.watchdog()
    notifier.close()


@pytest.mark.parametrize("name", ["", "@", "relative/path", "vsock:2:1234", "/" + "x" * 200])
def test_without_a_usable_socket_nothing_happens(name: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": name})
    assert not notifier.ready("up")
    notifier.close()


def test_after_closing_nothing_happens(systemd: tuple[socket.socket, dict[str, str]], notifier: Notifier) -> None:
    notifier.close()
    assert not notifier.watchdog()


@pytest.mark.parametrize(
    ("environ", "interval_ns"),
    [
        ({"WATCHDOG_USEC": "10000000"}, 5_000_000_000),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "4711"}, 5_000_000_000),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "4712"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_patted_at_half_its_interval(environ: dict[str, str], interval_ns: int | None) -> None:
    assert watchdog_interval_ns(environ, pid=4711) == interval_ns


def test_a_reload_is_told_with_the_monotonic_clock_until_it_is_ready_again(
    systemd: tuple[socket.socket, dict[str, str]], notifier: Notifier
) -> None:
    notifier.reloading(mono_ns=1_234_567_890)
    assert systemd[0].recv(4096) == b"RELOADING=1\nMONOTONIC_USEC=1234567"
