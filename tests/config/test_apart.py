"""Loading in a child process: the same outcome, nothing left of it, and nobody left behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.apart import load_apart
from config.load import load
from config.problem import ConfigInvalid

BAD = Path(__file__).parent / "bad" / "errors-and-warnings.yaml"
PRINT_CHILD = (
    "import os\n"
    "from config.apart import load_apart\n"
    "fork = os.fork\n"
    "def told():\n"
    "    child = fork()\n"
    "    if child: print(child, flush=True)\n"
    "    return child\n"
    "os.fork = told\n"
)


def test_the_outcome_is_that_of_loading_here(example: Path) -> None:
    assert load_apart(example) == load(example)


def test_problems_and_warnings_are_those_of_loading_here() -> None:
    with pytest.raises(ConfigInvalid) as here:
        load(BAD)
    with pytest.raises(ConfigInvalid) as apart:
        load_apart(BAD)
    assert len(here.value.problems) > 0
    assert len(here.value.warnings) > 0
    assert (apart.value.problems, apart.value.warnings) == (here.value.problems, here.value.warnings)


def test_more_settings_than_a_pipe_holds_come_through(tmp_path: Path, example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    probe = "  trunk-{0}: {{kind: sip_options, path: control, target: 'sip:sbc-{0}.example.net'}}\n"
    file = tmp_path / "many.yaml"
    file.write_text(text.replace("gates:\n", "".join(map(probe.format, range(2000))) + "\ngates:\n"), encoding="utf-8")
    assert len(load_apart(file).settings.probes) == 2002


def test_what_a_running_daemon_imports_holds_no_yaml_and_no_validation(example: Path) -> None:
    script = (
        "import sys, daemon.cli.serve, daemon.app, daemon.supervisor, daemon.chronicle\n"
        "from config.apart import load_apart\n"
        f"assert load_apart({str(example)!r}).settings.name == 'acme-emea'\n"
        "heavy = {'ruamel', 'pydantic', 'pydantic_core', 'ctypes'}\n"
        "mine = {'config.load', 'config.document', 'config.decode', 'config.cross'}\n"
        "print(*[name for name in sys.modules if name.split('.')[0] in heavy or name in mine])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_the_child_ends_with_us_even_when_the_file_does_not(tmp_path: Path, number: signal.Signals) -> None:
    """A FIFO that nobody writes to holds whoever opens it."""
    os.mkfifo(tmp_path / "endless")
    script = f"{PRINT_CHILD}load_apart({str(tmp_path / 'endless')!r})"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as loading:
        assert loading.stdout is not None
        child = os.pidfd_open(int(loading.stdout.readline()))
        try:
            loading.send_signal(number)
            loading.communicate(timeout=20)
            poll = select.poll()
            poll.register(child, select.POLLIN)
            assert poll.poll(20_000) != []
        finally:
            loading.kill()
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(child, signal.SIGKILL)
            os.close(child)
    assert loading.returncode == -number


def test_a_child_whose_parent_has_gone_before_it_asked_to_be_told_ends() -> None:
    script = (
        "import os\n"
        "from config.apart import _end_with_the_reader\n"
        "reading, writing = os.pipe()\n"
        "os.close(reading)\n"
        "_end_with_the_reader(writing)\n"
        "print('still here')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_child_that_is_killed_is_said_to_be(example: Path) -> None:
    script = (
        "import os, signal, config.load\n"
        "from config.apart import LoaderDied, load_apart\n"
        "config.load.load = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"try: load_apart({str(example)!r})\n"
        "except LoaderDied as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert (done.stdout, done.stderr) == ("the process that reads the configuration was ended before it was done\n", "")


def test_a_fault_of_ours_shows_its_traceback_once(example: Path) -> None:
    script = (
        "import config.load\n"
        "from config.apart import load_apart\n"
        "config.load.load = lambda path: 1 // 0\n"
        "print('kept', end='')\n"
        f"try: load_apart({str(example)!r})\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert done.stdout == "keptLoaderDied\n"
    assert done.stderr.count("ZeroDivisionError") == 1


def test_no_descriptor_and_no_child_stay(example: Path) -> None:
    before = sorted(Path("/proc/self/fd").iterdir())
    load_apart(example)
    with pytest.raises(ConfigInvalid):
        load_apart(BAD)
    assert sorted(Path("/proc/self/fd").iterdir()) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
