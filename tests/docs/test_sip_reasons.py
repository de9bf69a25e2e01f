"""`docs/sip.md` explains every reason that a SIP probe can give, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from probes.records import Fault
from probes.sip.engine.exchanged import Break
from probes.sip.engine.trouble import Trouble
from probes.sip.registering import result as register_result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sip.md"
VERDICTS = {"accepted", "rejected", "silent", "not-connected", "refused", "answered-elsewhere", "dns-slow"}
OURS = {"stopped", "overrun", "exception"}


def told() -> set[str]:
    """The closed set that `probes.sip.registering.result` says of itself."""
    assert register_result.__doc__ is not None
    return set(re.findall(r"`([a-z-]+)`", register_result.__doc__)) - {"probes.sip.verdict"}


def test_every_reason_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|.+\|.+\|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(rows) == told() | VERDICTS | OURS | set(map(str, (*Break, *Trouble, *Fault)))
