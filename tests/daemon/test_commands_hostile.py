"""Whatever a request over the control socket carries, it is understood or refused, and what is understood can be journaled."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.commands import CHECKS, LONGEST_HOLD_NS, TEXT_LIMIT, BadArgument
from gates.cutover import Command
from reverters.entries import Operated
from reverters.journal import GENESIS, seal, verify

NAMES = ["plan", "reason", "gate", "answer", "for_ns", "phase", "actor", "until_utc_ns", "", "__class__", "\x00"]
TEXTS = st.text(max_size=80) | st.sampled_from(
    ["OK", "DEGRADED", "ok", " OK", "1" * 64, "٣", "\x1b[2J\r\n", "a\x00b", "x" * 5_000]
)
NUMBERS = (
    st.integers(-(2**63), 2**64 - 1) | st.floats() | st.sampled_from([0, -1, True, LONGEST_HOLD_NS, LONGEST_HOLD_NS + 1, 1.0])
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ARGUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "plan": st.text(max_size=70) | st.lists(st.text(max_size=70), max_size=4) | SCALARS,
        "reason": TEXTS,
        "gate": TEXTS,
        "answer": st.sampled_from(["OK", "DEGRADED"]) | SCALARS,
        "for_ns": NUMBERS,
    },
)
"""Right in most of it."""


def is_bounded(value: Any) -> bool:
    """No text longer than the limit, nothing but texts, digests and whole numbers."""
    if isinstance(value, list):
        return all(isinstance(each, str) and len(each) <= 64 for each in value)
    if isinstance(value, str):
        return len(value) <= TEXT_LIMIT
    return value is None or (type(value) is int and 0 <= value <= LONGEST_HOLD_NS)


def checked(command: Command, arguments: dict[str, Any]) -> dict[str, Any] | BadArgument:
    try:
        return CHECKS[command](arguments)
    except BadArgument as bad:
        return bad


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(Command), ARGUMENTS | NEARLY)
def test_any_arguments_are_understood_or_a_bad_argument(command: Command, arguments: dict[str, Any]) -> None:
    found = checked(command, arguments)
    if isinstance(found, BadArgument):
        assert str(found).isprintable()
        assert len(str(found)) < 120
        return
    assert all(is_bounded(value) for value in found.values())
    entry = seal(GENESIS, Operated(command, found), seq=1, at_utc_ns=1, actor="uid:0(root) pid:1", run="")
    assert verify([entry])[2] is None
    assert entry.body == Operated(command, found)


KNOWN = {
    "plan": "1" * 64, "reason": "known", "gate": "inbound", "answer": "OK", "for_ns": 5, "share": 500, "override": ["freeze"],
}  # fmt: skip
DEEP = orjson.loads(b"[" * 1_000 + b"]" * 1_000)
NO_TEXT: list[Any] = [None, True, 0, -1, 2**64 - 1, 1.5, "", " \t\r\n", "x" * (TEXT_LIMIT + 1), [], ["x"], {}, {"a": 1}, DEEP]
NO_DURATION: list[Any] = [None, True, False, 0, -1, LONGEST_HOLD_NS + 1, 2**64 - 1, 1e308, 5.0, "5", "", "٣", [], [5], {}, DEEP]
NO_DIGEST: list[Any] = [None, True, 5, 1.5, {}, {"a": 1}, [None], [5], [["1"]], "x" * 65, ["1" * 64, "x" * 65], DEEP]
NEEDED = [
    *[(Command.HOLD, "answer", [*NO_TEXT, "ok", "OK ", "MAYBE", "OK\x00"]), (Command.HOLD, "for_ns", NO_DURATION)],
    *[(command, "reason", NO_TEXT) for command in (Command.TRIP, Command.ABANDON, Command.HOLD)],
    *[(command, "gate", NO_TEXT) for command in (Command.HOLD, Command.RELEASE, Command.ADMIT)],
    (Command.ADMIT, "share", [True, False, -1, 10_001, 2**64 - 1, 5.0, "5%", "", [], [5], {}, DEEP]),
    (Command.TRIP, "override", [None, True, 5, "freeze", {}, [None], [""], [5], [["freeze"]], ["x"] * 21, ["x" * 1_001], DEEP]),
    *[(command, "plan", NO_DIGEST) for command in (Command.ARM, Command.COMMIT, Command.TRIP)],
]


@pytest.mark.parametrize(("command", "name", "wrong"), NEEDED, ids=[f"{command}-{name}" for command, name, _ in NEEDED])
def test_no_argument_may_be_of_another_kind(command: Command, name: str, wrong: list[Any]) -> None:
    assert not isinstance(checked(command, KNOWN), BadArgument)
    assert [value for value in wrong if not isinstance(checked(command, {**KNOWN, name: value}), BadArgument)] == []


@pytest.mark.parametrize("for_ns", [b"1e5", b"5.0", b"86400000000001", b"9223372036854775808", b"1" * 21, b"9" * 300])
def test_json_spells_no_other_duration_either(for_ns: bytes) -> None:
    arguments = orjson.loads(b'{"gate":"inbound","answer":"OK","reason":"known","for_ns":%b}' % for_ns)
    assert isinstance(checked(Command.HOLD, arguments), BadArgument)
