"""The end of a certificate, read out of its PEM as openssl reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.web.not_after import not_after
from tests.peers.certificates import authority


@pytest.mark.parametrize("days", [1, 400, 12_000])
def test_the_end_is_the_one_that_openssl_tells(tmp_path: Path, days: int) -> None:
    """12,000 days are beyond 2049, where the time is written with four digits of the year."""
    pair = authority(tmp_path).issue("DNS:ivr.test", days=days)
    assert not_after(pair.certificate.read_text()) == pair.not_after


def test_of_a_chain_the_first_certificate_counts(tmp_path: Path) -> None:
    trusted = authority(tmp_path)
    pair = trusted.issue("DNS:ivr.test", days=30)
    assert (
        not_after(pair.private_key.read_text() + pair.certificate.read_text() + trusted.certificate.read_text()) == pair.not_after
    )


def test_no_certificate_has_no_end(tmp_path: Path) -> None:
    key = authority(tmp_path).pair.private_key.read_text()
    assert (not_after(key), not_after("")) == (None, None)


def test_a_certificate_that_is_cut_anywhere_is_not_read_and_raises_nothing(tmp_path: Path) -> None:
    pair = authority(tmp_path).issue("DNS:ivr.test")
    lines = pair.certificate.read_text().splitlines()
    for kept in range(1, len(lines) - 1):
        assert not_after("\n".join([*lines[:kept], lines[-1]])) is None
