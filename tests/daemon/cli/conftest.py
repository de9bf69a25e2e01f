"""What the tests of the command line share: a played daemon, its configuration file, and the installed command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from daemon.__main__ import main
from tests.daemon.cli.installed import CONFIG, LEFT_OUT, Done, cutoverd
from tests.daemon.cli.played import Played, folder, playing


@pytest.fixture
def configured() -> Iterator[Played]:
    """A configuration file whose daemon does not run."""
    with folder() as made:
        played = Played(made)
        played.config.write_text(CONFIG.format(folder=made))
        yield played


@pytest.fixture
def daemon(configured: Played) -> Iterator[Played]:
    with playing(configured):
        yield configured


@pytest.fixture
def installed() -> Callable[..., Done]:
    """The installed command as a process of its own."""
    return cutoverd


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The same entry point in this process: a tenth of the time, where a process of its own would show nothing more."""

    def run(*arguments: str, **variables: str) -> Done:
        with monkeypatch.context() as patch:
            for name in LEFT_OUT:
                patch.delenv(name, raising=False)
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["cutoverd", *arguments])
            code = main()
        captured = capsys.readouterr()
        return Done(["cutoverd", *arguments], code, captured.out, captured.err)

    return run
