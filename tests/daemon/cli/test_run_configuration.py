"""What `cutoverd run` says of a configuration that it cannot use: one line each, the exit code, and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon.cli.installed import CUTOVERD, Done, environment

Run = Callable[..., Done]

BAD = Path(__file__).parents[2] / "config" / "bad" / "several-at-once.yaml"


def test_problems_are_those_of_check(installed: Run) -> None:
    ran, checked = installed("run", "-c", str(BAD)), installed("check", str(BAD))
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", checked.stdout, 2)
    assert ran.stderr.count("\n") > 2


def test_a_missing_file_is_exit_2(installed: Run, tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    done = installed("run", "-c", str(missing))
    assert (done.stderr, done.returncode) == (f"{missing}:1:1: cannot be read: No such file or directory\n", 2)


def test_a_loader_that_is_killed_may_pass_and_is_exit_6() -> None:
    program = (
        "import os, signal, sys\n"
        "import config.load\n"
        "from daemon.__main__ import main\n"
        "config.load.load = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.argv = ['cutoverd', 'run']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 6
    assert done.stderr == "cutoverd: cannot run now: the process that reads the configuration was ended before it was done\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_ends_the_reading_without_a_traceback(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """The file is a FIFO; once somebody reads it, the command is waiting for what it says."""
    path = tmp_path / "endless.yaml"
    os.mkfifo(path)
    with (
        subprocess.Popen([CUTOVERD, "run", "-c", path], stderr=subprocess.PIPE, text=True, env=environment()) as running,
        path.open("w"),
    ):
        running.send_signal(number)
        err = _ended(running)
    assert (running.returncode, err.strip()) == (code, "")


def test_an_interrupt_of_the_loader_alone_shows_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "endless.yaml"
    os.mkfifo(path)
    with (
        subprocess.Popen([CUTOVERD, "run", "-c", path], stderr=subprocess.PIPE, text=True, env=environment()) as running,
        path.open("w"),
    ):
        os.kill(int(Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text()), signal.SIGINT)
        err = _ended(running)
    assert err == "cutoverd: cannot run now: the process that reads the configuration was ended before it was done\n"
    assert running.returncode == 6


def _ended(running: subprocess.Popen[str]) -> str:
    """What it said on stderr. One that does not end is ended, and the test has failed."""
    try:
        return running.communicate(timeout=30)[1]
    finally:
        running.kill()
