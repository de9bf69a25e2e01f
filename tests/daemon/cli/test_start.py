"""How every command begins and ends: finding its daemon, what it must not import, and never a traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from daemon.cli.group import COMMANDS, cutoverd
from tests.daemon.cli.installed import CUTOVERD, Done, environment
from tests.daemon.cli.played import Played, playing, reply

Run = Callable[..., Done]

MINE = {name for name in COMMANDS if name not in {"run", "lab"}}
WITH_ARGUMENTS = {
    "baseline": ["baseline", "show"],
    "arm": ["arm", "--plan", "ab" * 32],
    "commit": ["commit", "--plan", "ab" * 32],
    "trip": ["trip", "--plan", "ab" * 32, "--reason", "x"],
    "abandon": ["abandon", "--reason", "x"],
    "hold": ["hold", "inbound", "--answer", "OK", "--reason", "x", "--for", "30m"],
    "release": ["release", "inbound"],
    "admit": ["admit", "inbound", "5%"],
    "why": ["why", "inbound"],
}
ALONE = {"run", "lab", "check", "journal", "pacing", "lint-flow", "replay"}
ASKING = [WITH_ARGUMENTS.get(name, [name]) for name in COMMANDS if name not in ALONE]


@pytest.mark.parametrize("typed", ASKING, ids=" ".join)
def test_without_a_daemon_the_sockets_looked_for_are_named(configured: Played, command: Run, typed: list[str]) -> None:
    done = command(*typed, "-c", str(configured.config))

    assert done.stderr == f"no daemon: no socket at {configured.socket}\n"
    assert (done.stdout, done.returncode) == ("", 7)


@pytest.mark.parametrize("typed", ASKING, ids=" ".join)
def test_without_a_daemon_json_says_so(configured: Played, command: Run, typed: list[str]) -> None:
    done = command(*typed, "--json", "-c", str(configured.config))

    assert {"ok": False, "exit": 7}.items() <= json.loads(done.stdout).items()
    assert (done.stderr, done.returncode) == ("", 7)


def test_a_socket_left_behind_is_no_daemon(configured: Played, installed: Run) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(configured.socket))
    left.close()

    done = installed("status", "-c", str(configured.config))

    assert done.stderr.startswith(f"no daemon: nobody listens on {configured.socket}")
    assert done.returncode == 7


def test_without_server_control_every_usual_place_is_named(configured: Played, command: Run) -> None:
    configured.config.write_text("name: acme-emea\nserver: {}\n")

    done = command("status", "-c", str(configured.config), RUNTIME_DIRECTORY="/run/a:/run/b", XDG_RUNTIME_DIR="/run/user/0")

    places = [f"/run/{folder}/acme-emea.sock" for folder in ("a", "b", "user/0", "cutoverd")]
    assert (done.stderr, done.returncode) == (f"no daemon: no socket at {', '.join(places)}\n", 7)


@pytest.mark.parametrize("variable", ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"])
def test_the_environment_says_where_the_socket_is(configured: Played, command: Run, variable: str) -> None:
    configured.config.write_text("name: acme-emea\nserver: {}\n")
    configured.says["open"] = reply(0, "opened")

    with playing(configured):
        done = command("open", "-c", str(configured.config), **{variable: str(configured.folder)})

    assert (done.stdout, done.returncode) == ("opened\n", 0)


@pytest.mark.parametrize("raw", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"])
def test_garbage_is_one_line_and_exit_7(daemon: Played, command: Run, raw: bytes) -> None:
    daemon.raw = raw

    done = command("status", "-c", str(daemon.config))

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (7, "", 1)
    assert str(daemon.socket) in done.stderr


def test_a_command_the_daemon_does_not_know_is_one_line(daemon: Played, command: Run) -> None:
    done = command("open", "-c", str(daemon.config))

    assert (done.returncode, done.stderr.count("\n")) == (7, 1)
    assert "HTTP 404" in done.stderr


def test_a_slow_daemon_is_given_up(daemon: Played, installed: Run) -> None:
    daemon.silent = True

    done = installed("status", "--timeout", "50ms", "-c", str(daemon.config))

    assert (done.returncode, done.stderr) == (7, f"the daemon at {daemon.socket} did not answer within 0.05 s\n")


def test_ctrl_c_is_130_without_a_traceback(daemon: Played) -> None:
    daemon.silent = True
    with subprocess.Popen(
        [CUTOVERD, "status", "-c", daemon.config], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as running:
        _until(lambda: bool(daemon.asked), running)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)

    assert (running.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_ctrl_c_ends_a_watch(daemon: Played) -> None:
    daemon.says["status"] = reply(2, "seen")
    with subprocess.Popen(
        [CUTOVERD, "status", "--watch", "--every", "1h", "-c", daemon.config],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    ) as running:  # fmt: skip
        assert running.stderr is not None
        assert running.stderr.readline() == "seen\n"
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)

    assert running.returncode == 130
    assert "Traceback" not in err


def test_a_reader_that_goes_away_is_no_error(daemon: Played) -> None:
    daemon.says["open"] = reply(0, "x" * 1_000_000)
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [CUTOVERD, "open", "-c", daemon.config],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            check=False,
        )
    finally:
        os.close(write)

    assert (done.stderr, done.returncode) == ("", 141)


def test_a_terminal_that_cannot_show_a_character_gets_an_escape(daemon: Played, installed: Run) -> None:
    daemon.says["open"] = reply(0, "2 ≥ 1")

    done = installed("open", "-c", str(daemon.config), PYTHONIOENCODING="latin-1")

    assert (done.stdout, done.returncode) == ("2 \\u2265 1\n", 0)


def test_errors_of_the_file_are_those_of_check(configured: Played, installed: Run) -> None:
    configured.config.write_text("name: [\n")

    asked, checked = installed("status", "-c", str(configured.config)), installed("check", str(configured.config))

    assert asked.returncode == checked.returncode == 2
    assert asked.stderr == checked.stdout
    assert asked.stderr.startswith(f"{configured.config}:")


def test_a_missing_file_is_exit_2(configured: Played, command: Run) -> None:
    missing = configured.folder / "none.yaml"

    done = command("halt", CUTOVERD_CONFIG=str(missing))

    assert (done.stderr, done.returncode) == (f"{missing}:1:1: cannot be read: No such file or directory\n", 2)


def test_status_works_while_the_rest_of_the_file_is_being_edited(daemon: Played, command: Run) -> None:
    daemon.config.write_text(daemon.config.read_text().replace("gates:", "gates: [half"))
    daemon.says["open"] = reply(0, "opened")

    assert command("open", "-c", str(daemon.config)).stdout == "opened\n"


def test_status_imports_nothing_slow(daemon: Played) -> None:
    daemon.says["status"] = reply(2, "seen")
    program = (
        "import sys, json\n"
        "from daemon.__main__ import main\n"
        f"sys.argv = ['cutoverd', 'status', '-c', {str(daemon.config)!r}]\n"
        "main()\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment(), check=True)

    loaded = set(json.loads(done.stdout))
    assert done.stderr == "seen\n"
    assert {"click", "http", "ruamel"} <= loaded
    assert not loaded & {"pydantic", "aiohttp", "dns", "uvloop", "prometheus_client", "aiosqlite", "sqlite3", "orjson", "asyncio"}


def test_help_imports_no_command() -> None:
    program = (
        "import sys\n"
        "from daemon.__main__ import main\n"
        "sys.argv = ['cutoverd', '--help']\n"
        "main()\n"
        "print([name for name in sys.modules if name.startswith('daemon.cli.')], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment(), check=True)

    assert sorted(eval(done.stderr)) == ["daemon.cli.group", "daemon.cli.options"]
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout


def test_version_is_that_of_the_distribution(command: Run) -> None:
    from importlib.metadata import version

    assert command("--version").stdout == f"cutoverd {version('cutoverd')}\n"


@pytest.mark.parametrize("name", sorted(MINE))
def test_every_command_takes_config_and_json_and_explains_itself(name: str) -> None:
    with click.Context(cutoverd) as context:
        found = cutoverd.get_command(context, name)
    assert found is not None
    assert found.name == name
    assert {"-c", "--json"} <= {flag for option in found.params for flag in option.opts}
    assert len(found.help or "") > 40


def test_config_and_json_before_the_command_reach_a_command_that_declares_its_own(configured: Played, command: Run) -> None:
    Path(configured.config).write_text("name: [\n")

    done = command("-c", str(configured.config), "--json", "check")

    assert done.returncode == 2
    assert json.loads(done.stdout)["problems"][0]["file"] == str(configured.config)


def _until(happened: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    """Wait on the process in short turns until `happened`; it must not end before."""
    for _ in range(3000):
        if happened():
            return
        try:
            running.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"ended too early: {running.communicate()}")
    raise AssertionError("nothing happened")
