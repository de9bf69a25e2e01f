"""Durations, names, statuses: what is written and what it means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.units import (
    absolute,
    duration_text,
    is_accepted,
    is_inside,
    parse_dns_name,
    parse_duration,
    parse_instant,
    parse_record_name,
    parse_status_class,
)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("200ms", 200_000_000),
        ("5s", 5_000_000_000),
        ("1.5s", 1_500_000_000),
        ("0.25ms", 250_000),
        ("10m", 600_000_000_000),
        ("24h", 86_400_000_000_000),
        ("0s", 0),
        ("8784h", 366 * 86_400_000_000_000),
    ],
)
def test_a_duration_is_nanoseconds(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "5 has no unit: write 5s"),
        ("5", "5 has no unit: write 5s"),
        (2.5, "2.5 has no unit: write 2.5s"),
        (True, "expected a duration such as"),
        (None, "expected a duration such as"),
        (["5s"], "expected a duration such as"),
        ("-5s", "not negative"),
        (-5, "not negative"),
        ("5 s", "write it without spaces: 5s"),
        ("5S", "'5S' is not a duration"),
        ("5d", "'5d' is not a duration"),
        ("1h30m", "one number and one unit"),
        ("", "'' is not a duration"),
        ("٥s", "is not a duration"),
        ("8785h", "at most 366 days"),
    ],
)
def test_what_is_no_duration_is_refused_with_what_was_meant(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_duration(value)


@given(st.integers(min_value=0, max_value=366 * 24 * 3600 * 1_000_000_000))
@settings(deadline=None)
def test_a_duration_is_written_as_it_is_read(ns: int) -> None:
    assert parse_duration(duration_text(ns)) == ns


@pytest.mark.parametrize(
    ("ns", "text"), [(0, "0ms"), (1_500_000_000, "1.5s"), (600_000_000_000, "10m"), (90_000_000_000, "90s"), (250_000, "0.25ms")]
)
def test_a_duration_is_written_in_its_largest_whole_unit(ns: int, text: str) -> None:
    assert duration_text(ns) == text


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-05T22:00:00Z",
        "2026-12-05t22:00:00z",
        "2026-12-05 22:00Z",
        "2026-12-05T23:00:00+01:00",
        "2026-12-05T16:30:00.000-0530",
    ],
)
def test_an_instant_is_a_date_and_a_time_with_its_offset(written: str) -> None:
    assert parse_instant(written) == datetime(2026, 12, 5, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2026-12-05", "expected a date and time"),
        (20261205, "expected a date and time"),
        ("2026-12-05T22:00:00", "has no time zone: add Z"),
        ("2026-12-32T22:00:00Z", "is not a date and time"),
        ("2026-12-05T25:00:00Z", "is not a date and time"),
        ("2026-12-05T24:00:00Z", "is not a date and time"),
        ("2026-12-05T22:00:60Z", "is not a date and time"),
        ("2026-12-05T22:00:00 Z", "is not a date and time"),
        ("2026-12-05T22:00:00+25:00", "is not a date and time"),
        ("2026-12-05T22:00:00Zulu", "is not a date and time"),
    ],
)
def test_what_is_no_instant_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_instant(value)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Example.NET", "example.net."),
        ("example.net.", "example.net."),
        ("*.t60.example", "*.t60.example."),
        ("_sip._udp.x", "_sip._udp.x."),
    ],
)
def test_a_dns_name_is_absolute_and_lower_case(written: str, name: str) -> None:
    assert parse_dns_name(written) == name


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "a..b",
        "-a.example",
        "a-.example",
        "a b",
        "a.*.example",
        "*",
        "x" * 64,
        "zürich.example",
        ".".join(["abcd"] * 60),
        5,
    ],
)
def test_what_is_no_dns_name_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="DNS name"):
        parse_dns_name(written)


@pytest.mark.parametrize(("written", "name"), [("SIP", "sip"), ("@", "@"), ("sip.example.net.", "sip.example.net.")])
def test_a_record_name_stays_relative_until_its_zone_is_known(written: str, name: str) -> None:
    assert parse_record_name(written) == name


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("sip", "sip.example.net."),
        ("a.b", "a.b.example.net."),
        ("@", "example.net."),
        ("sip.example.net.", "sip.example.net."),
        ("sip.example.net", "sip.example.net."),
        ("sip.example.org.", "sip.example.org."),
    ],
)
def test_a_relative_name_belongs_to_its_zone(name: str, whole: str) -> None:
    assert absolute(name, "example.net.") == whole


def test_a_zone_holds_whole_labels_only() -> None:
    assert is_inside("example.net.", "example.net.")
    assert is_inside("sip.example.net.", "example.net.")
    assert not is_inside("badexample.net.", "example.net.")


@pytest.mark.parametrize(("written", "meant"), [("2xx", "2xx"), ("4XX", "4xx"), (404, 404), ("404", 404), (200, 200), (699, 699)])
def test_a_status_is_a_number_or_a_class(written: object, meant: object) -> None:
    assert parse_status_class(written) == meant


@pytest.mark.parametrize("written", [199, 700, "1xx", "7xx", "xx", "2x", True, 2.0, None, "20４"])
def test_what_is_no_final_status_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected a status from 200 to 699"):
        parse_status_class(written)


def test_a_status_is_accepted_by_its_number_or_its_class() -> None:
    assert is_accepted(204, ["2xx"])
    assert is_accepted(404, ["2xx", 404])
    assert not is_accepted(403, ["2xx", 404])
