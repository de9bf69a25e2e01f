"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests import peers

# Processes that the tests start may keep their bytecode, as an installed daemon does: without it each start takes thrice as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Who starts us in the background may have SIGINT ignored, and children inherit that: then no test could press Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """`need("sipp")`: the path of a peer program, or a failure that names its Debian package."""
    return peers.need
