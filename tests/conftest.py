"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests import peers

# Processes that the tests start may keep their bytecode, as an installed daemon does: without it each start takes thrice as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Who starts us in the background may have SIGINT ignored, and children inherit that: then no test could press Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONGEST = ("tests/system/test_crash_matrix.py", "tests/system/", "tests/probes/sip/test_storm.py")
"""What takes longest goes first: at the end, one process would be busy with it while the others have nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules stay whole, and in their order but for this."""
    items.sort(key=lambda item: next((at for at, path in enumerate(LONGEST) if item.nodeid.startswith(path)), len(LONGEST)))


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """A report that can be sent from one process to another: some tests log what is no Unicode at all."""
    return _sendable((yield))


def _sendable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_sendable(key): _sendable(item) for key, item in value.items()}
        case list():
            return [_sendable(item) for item in value]
        case tuple():
            return tuple(_sendable(item) for item in value)
    return value


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """`need("sipp")`: the path of a peer program, or a failure that names its Debian package."""
    return peers.need
