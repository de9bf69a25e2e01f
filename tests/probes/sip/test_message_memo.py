"""What is remembered changes how long reading takes, and nothing else; and it takes no more memory than was allowed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from probes.sip.messages import address, fields, start_line, syntax, via
from probes.sip.messages.memo import LONGEST, Memo, weight
from probes.sip.messages.message import MalformedMessage, parse
from tests.probes.sip.samples import RESPONSE, changed

BUDGET = 200_000
MEMOS = {
    "header lines": fields._LINES,
    "start lines": start_line.START_LINES,
    "addresses": address._HEADS,
    "hops": via._HOPS,
    "parameters of Via": via._VIA_PARAMS,
    "frames of Via": via._VIA_FRAMES,
    "parameters": syntax.PARAMS,
}


def counted() -> tuple[Memo[str], list[str]]:
    read: list[str] = []

    def reading(text: str) -> str:
        read.append(text)
        if text == "bad":
            raise ValueError(text)
        return text.upper()

    return Memo(reading, BUDGET), read


def test_what_was_read_once_is_not_read_again() -> None:
    memo, read = counted()
    assert [memo["a"], memo["a"]] == ["A", "A"]
    assert read == ["a"]


def test_what_cannot_be_read_is_not_remembered() -> None:
    memo, read = counted()
    for _ in range(2):
        with pytest.raises(ValueError, match="bad"):
            memo["bad"]
    assert read == ["bad", "bad"]
    assert not memo


@pytest.mark.parametrize("text", ["x" * (LONGEST + 1), "é"])
def test_what_is_long_or_beyond_ascii_is_read_each_time(text: str) -> None:
    memo, read = counted()
    assert [memo[text], memo[text]] == [text.upper(), text.upper()]
    assert read == [text, text]


def test_what_is_met_again_and_again_outlives_a_flood_of_new_texts() -> None:
    memo, read = counted()
    for flood in range(10_000):
        memo[str(flood)]
        if flood % 50 == 0:
            memo["regular"]
    assert read.count("regular") == 1


def test_what_a_flood_brought_is_forgotten() -> None:
    memo, read = counted()
    for flood in range(10_000):
        memo[str(flood)]
    assert len(memo) <= BUDGET / 2 / weight("")
    memo["0"]
    assert read.count("0") == 2


WORST: dict[str, Callable[[int], str]] = {
    "header lines": lambda at: f"Contact: <a:{at}>" + "".join(f";{at + p:x}=x" for p in range(17)),
    "start lines": lambda at: f"OPTIONS sip:{at} SIP/2.0",
    "addresses": lambda at: f"{at} <a:{at}>",
    "hops": lambda at: f"SIP/2.0/{at} {at}:1",
    "parameters of Via": lambda at: f"p{at}=1",
    "frames of Via": lambda at: "".join(f"{at + p:x}=x;" for p in range(18)) + "branch=0",
    "parameters": lambda at: f"p{at}=x{at}",
}
"""For each memo a text that takes much more memory when read than as it stands."""


@pytest.mark.parametrize("name", MEMOS)
def test_no_flood_takes_more_memory_than_its_budget(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for memo in MEMOS.values():
        # What another memo holds is paid for from that one's budget.
        monkeypatch.setattr(memo, "_budget", 0)
    flooded: Memo[object] = Memo(MEMOS[name]._read, BUDGET)
    tracemalloc.start()
    try:
        for at in range(3_000):
            flooded[WORST[name](10**6 + 100 * at)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= BUDGET
    assert flooded


def test_all_that_is_remembered_fits_into_32_megabytes() -> None:
    assert sum(memo._budget for memo in MEMOS.values()) <= 32 << 20


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("received=192.0.2.9", "received=nowhere", "via"),
        ("CSeq: 1 OPTIONS", "CSeq: one OPTIONS", "cseq"),
        ("<sip:sbc01>", "<sip:@>", "to"),
        ("200 OK", "700 OK", "start-line"),
        ("Content-Length: 0", "Content-Length: -1", "content-length"),
    ],
)
def test_a_malformed_message_stays_malformed_and_the_good_one_good_however_often_they_come(
    old: str, new: str, reason: str
) -> None:
    first = parse(RESPONSE.encode())
    for _ in range(3):
        with pytest.raises(MalformedMessage) as caught:
            parse(changed(RESPONSE, old, new))
        assert caught.value.reason == reason
        assert parse(RESPONSE.encode()) == first


def test_a_repeated_header_is_refused_though_both_lines_are_remembered() -> None:
    for _ in range(2):
        with pytest.raises(MalformedMessage) as caught:
            parse(changed(RESPONSE, "Content-Length: 0", "Content-Length: 0\r\nContent-Length: 0"))
        assert caught.value.reason == "repeated-header"


@pytest.mark.parametrize("name", ["WWW-Authenticate", "authorization", "Proxy-Authorization"])
def test_a_credential_is_not_remembered(name: str) -> None:
    parse(changed(RESPONSE, "Content-Length: 0", f"{name}: Digest response=once-only\r\nContent-Length: 0"))
    assert not any("once-only" in line for memo in MEMOS.values() for line in memo)
