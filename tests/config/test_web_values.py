"""URLs as they are written: a password in one is refused, and repeated in no message."""

from __future__ import annotations

import pytest

from config.web_values import parse_url, parse_url_or_path


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:hunter2@host",
        "https://ann:hunter2@host:99999/",
        "https://ann:hunter2@[::1",
        "ftp://ann:hunter2@host/",
        "https:/ann:hunter2@host",
        "https:///ann:hunter2@host",
        "ann:hunter2@host",
        "http:ann:hunter2@host//x",
        "//ann:hunter2@host",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"names no user|is not a URL") as raised:
        parse_url_or_path(url)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", ["https://host/a@b", "https://host?to=a@b", "http://[::1]:8080/@"])
def test_an_at_sign_behind_the_host_names_no_user(url: str) -> None:
    assert parse_url(url) == url


def test_what_is_no_url_and_holds_no_password_is_quoted() -> None:
    with pytest.raises(ValueError, match="'htp://host' is not a URL: write http:// or https://, and a host"):
        parse_url("htp://host")
