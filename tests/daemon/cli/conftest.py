"""What the tests of the command line share: a played daemon, its configuration file, and the installed command."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.daemon.cli.installed import CONFIG, Done, cutoverd
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
def command() -> Callable[..., Done]:
    return cutoverd
