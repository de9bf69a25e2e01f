"""Instants, durations and foreign text as people read them."""

from __future__ import annotations

from datetime import timedelta, timezone

import click
import pytest

from daemon.cli.wording import DURATION, at, at_instant, lasting, printable

CET = timezone(timedelta(hours=1), "CET")
AUCKLAND = timezone(timedelta(hours=13), "NZDT")
OPENS = 1_796_508_000_000_000_000


def test_an_instant_stands_in_utc_and_in_local_time() -> None:
    assert at(OPENS + 123_999_999, zone=CET) == "2026-12-05 22:00:00.123Z (23:00:00 CET)"


def test_another_local_date_is_written_out() -> None:
    assert at(OPENS, zone=AUCKLAND) == "2026-12-05 22:00:00.000Z (2026-12-06 11:00:00 NZDT)"


def test_an_instant_of_the_daemon_is_shown_to_the_second() -> None:
    assert at_instant("2026-12-05T22:00:00.999Z", zone=CET) == "2026-12-05 22:00:00Z (23:00:00 CET)"


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ms"),
        (999_999_999, "999 ms"),
        (1_000_000_000, "1 s"),
        (9_840_000_000, "9.8 s"),
        (60_000_000_000, "1 min 00 s"),
        (725_000_000_000, "12 min 05 s"),
        (3_600_000_000_000, "1 h 00 min"),
        (90_060_000_000_000, "25 h 01 min"),
    ],
)
def test_a_duration_is_as_exact_as_it_matters(ns: int, text: str) -> None:
    assert lasting(ns) == text


@pytest.mark.parametrize(
    ("typed", "ns"),
    [
        ("200ms", 200_000_000),
        ("5s", 5_000_000_000),
        ("1.5s", 1_500_000_000),
        ("30m", 1_800_000_000_000),
        ("24h", 86_400_000_000_000),
    ],
)
def test_durations_are_typed_as_in_the_file(typed: str, ns: int) -> None:
    assert DURATION.convert(typed, None, None) == ns


@pytest.mark.parametrize("typed", ["", "30", "-5s", "0s", "0.0ms", "5 s", "1d", "9000h", "1e3s", "٣s", "5S"])
def test_other_durations_are_refused(typed: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is not (a duration|between)"):
        DURATION.convert(typed, None, None)


def test_foreign_text_is_one_line_that_no_terminal_obeys() -> None:
    assert printable("grün ≥ 3\n\x1b[31m\x9b\u202e") == "grün ≥ 3\\n\\x1b[31m\\x9b\\u202e"
