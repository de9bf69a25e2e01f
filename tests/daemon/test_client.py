"""The client against a real HTTP server on a unix socket: what it asks, and what it makes of answers good and bad."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.client import Unanswered, ask, first_socket
from daemon.reply import Exit
from tests.daemon.cli.played import Asked, Played, folder, playing, reply


@pytest.fixture
def daemon() -> Iterator[Played]:
    with folder() as made, playing(Played(made)) as played:
        yield played


def test_without_arguments_it_gets(daemon: Played) -> None:
    daemon.says["status"] = reply(1, "as it is", phase="open")

    got = ask(daemon.socket, "status")

    assert daemon.asked == [Asked("GET", "/v1/status", None)]
    assert (got.exit, got.message, got.data, got.ok) == (Exit.DEGRADED, "as it is", {"phase": "open"}, False)


def test_with_arguments_it_posts_them_as_a_json_object(daemon: Played) -> None:
    daemon.says["halt"] = reply()

    assert ask(daemon.socket, "halt", {"reason": "callers wait — stop"}).ok
    assert daemon.asked == [Asked("POST", "/v1/halt", {"reason": "callers wait — stop"})]


def test_without_a_socket_there_is_no_daemon() -> None:
    with folder() as made, pytest.raises(Unanswered, match=r"no daemon: .*gone\.sock: No such file"):
        ask(made / "gone.sock", "status")


def test_a_socket_left_behind_is_named_as_such() -> None:
    with folder() as made:
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(made / "stale.sock"))
        left.close()

        with pytest.raises(Unanswered, match=r"nobody listens on .*stale\.sock \(left behind"):
            ask(made / "stale.sock", "status")


def test_a_path_too_long_for_a_socket_is_a_sentence() -> None:
    with pytest.raises(Unanswered, match=r"no daemon: .*too long"):
        ask(Path("/" + "x" * 200), "status")


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot JSON!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100000,
        *(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            for body in (
                b'{"ok": true, "exit": 99, "message": "", "data": {}}',
                b'{"ok": true, "exit": true, "message": "", "data": {}}',
                b'{"ok": true, "exit": 0, "message": 7, "data": {}}',
                b'{"ok": true, "exit": 0, "message": "", "data": []}',
            )
        ),
    ],
    ids=lambda raw: raw[-30:].decode(errors="replace"),
)
def test_an_answer_of_another_shape_is_not_this_daemon(daemon: Played, raw: bytes) -> None:
    daemon.raw = raw

    with pytest.raises(Unanswered, match=r"is not this daemon: HTTP 200 without a reply$"):
        ask(daemon.socket, "status")


@pytest.mark.parametrize(
    "raw", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", b"HTTP/1.1 2"], ids=repr
)
def test_an_answer_that_breaks_off_is_one_line(daemon: Played, raw: bytes) -> None:
    daemon.raw = raw

    with pytest.raises(Unanswered) as caught:
        ask(daemon.socket, "status")
    assert "broke off" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_command_without_answer_may_have_been_done(daemon: Played) -> None:
    daemon.raw = b""

    with pytest.raises(Unanswered, match="whether it was done is not known: see `cutoverd status`"):
        ask(daemon.socket, "open", {})


def test_a_daemon_that_does_not_answer_is_waited_for_so_long_and_no_longer(daemon: Played) -> None:
    daemon.silent = True

    with pytest.raises(Unanswered, match=r"did not answer within 0\.05 s$"):
        ask(daemon.socket, "status", timeout_s=0.05)


def test_the_first_socket_counts_and_what_else_stands_there_is_passed_over(daemon: Played) -> None:
    file = daemon.folder / "file"
    file.touch()

    assert first_socket([daemon.folder / "nothing", file, daemon.folder, daemon.socket]) == daemon.socket
    assert first_socket([file, daemon.folder / "nothing"]) is None
