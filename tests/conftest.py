"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests import peers

# Processes that the tests start may keep their bytecode, as an installed daemon does: without it each start takes thrice as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """`need("sipp")`: the path of a peer program, or a failure that names its Debian package."""
    return peers.need
