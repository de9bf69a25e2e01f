"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import peers


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """`need("sipp")`: the path of a peer program, or a failure that names its Debian package."""
    return peers.need
