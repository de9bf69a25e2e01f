"""The kernel's error records: which are refusals, who sent them, which request they are about."""

from __future__ import annotations

import struct

import pytest

from probes.sip.engine.icmp import branch_of, parse_extended_error

V4, V6, LOCAL = 2, 3, 1


def record(origin: int, kind: int, code: int, offender: bytes = b"") -> bytes:
    return struct.pack("=IBBBBII", 111, origin, kind, code, 0, 0, 0) + offender


@pytest.mark.parametrize(
    ("origin", "kind", "code", "refusal"),
    [
        (V4, 3, 0, True),
        (V4, 3, 1, True),
        (V4, 3, 3, True),
        (V4, 3, 13, True),
        (V4, 12, 0, True),
        (V4, 3, 4, False),
        (V4, 4, 0, False),
        (V4, 11, 0, False),
        (V6, 1, 4, True),
        (V6, 4, 0, True),
        (V6, 2, 0, False),
        (V6, 3, 0, False),
        (LOCAL, 0, 0, False),
    ],
)
def test_unreachable_and_parameter_problem_refuse_and_nothing_else(origin: int, kind: int, code: int, refusal: bool) -> None:
    error = parse_extended_error(record(origin, kind, code))
    assert error is not None
    assert error.is_refusal is refusal


@pytest.mark.parametrize(
    ("sockaddr", "offender"),
    [
        (struct.pack("=H", 2) + b"\0\0" + bytes([192, 0, 2, 1]) + bytes(8), "192.0.2.1"),
        (struct.pack("=H", 10) + bytes(6) + bytes(15) + b"\1" + bytes(4), "::1"),
        (struct.pack("=H", 0) + bytes(14), None),
        (struct.pack("=H", 2), None),
        (b"", None),
    ],
)
def test_the_offender_is_named_if_known(sockaddr: bytes, offender: str | None) -> None:
    error = parse_extended_error(record(V4, 3, 3, sockaddr))
    assert error is not None
    assert error.offender == offender


def test_a_record_cut_short_is_none() -> None:
    assert parse_extended_error(record(V4, 3, 3)[:15]) is None


@pytest.mark.parametrize(
    ("quoted", "branch"),
    [
        (b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1;rport\r\n", "z9hG4bK1"),
        (b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;rport;branch=z9hG4bK1\r\nVia: b;branch=z9hG4bK2\r\n", "z9hG4bK1"),
        (b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4b", None),
        (b"OPTIONS sip:a SI", None),
        (b"", None),
    ],
)
def test_the_branch_is_read_only_where_it_is_whole(quoted: bytes, branch: str | None) -> None:
    assert branch_of(quoted) == branch
