"""Who may ask."""

from __future__ import annotations

import hmac

import pytest

from daemon.web.keys import Keys, presented

KEYS = Keys([("first", b"s3cret-one"), ("middle", b"s3cret-two"), ("last", "schlüssel".encode())])


@pytest.mark.parametrize(("secret", "name"), [("s3cret-one", "first"), ("s3cret-two", "middle"), ("schlüssel", "last")])
def test_each_configured_key_is_found_by_its_secret(secret: str, name: str) -> None:
    assert KEYS.match(secret) == name


@pytest.mark.parametrize("guess", ["", "s3cret-on", "s3cret-one ", "S3CRET-ONE", "first", "s3cret-one\0", "\udce9", "é" * 9000])
def test_anything_else_matches_no_key(guess: str) -> None:
    assert KEYS.match(guess) is None


@pytest.mark.parametrize("guess", ["s3cret-one", "schlüssel", "wrong", ""])
def test_every_key_is_compared_in_constant_time_whichever_matches(guess: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    genuine = hmac.compare_digest

    def counting(known: bytes, shown: bytes) -> bool:
        compared.append((len(known), len(shown)))
        return genuine(known, shown)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    KEYS.match(guess)
    assert compared == [(32, 32)] * 3


def test_an_empty_secret_is_refused_when_keys_are_made() -> None:
    with pytest.raises(ValueError, match="key ivr has an empty secret"):
        Keys([("ivr", b"")])


def test_without_keys_nobody_is_let_in() -> None:
    assert Keys([]).match("") is None


def test_keys_show_their_names_and_never_their_secrets() -> None:
    assert repr(KEYS) == "Keys(first, middle, last)"
    assert "s3cret" not in repr(vars(KEYS) if hasattr(KEYS, "__dict__") else KEYS._digests)


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"Authorization": "Bearer abc"}, ["abc"]),
        ({"Authorization": "bearer  abc "}, ["abc"]),
        ({"X-Api-Key": " abc"}, ["abc"]),
        ({"Authorization": "Basic abc", "X-Api-Key": "def"}, ["def"]),
        ({"Authorization": "Bearer abc", "X-Api-Key": "def"}, ["abc", "def"]),
        ({"Authorization": "Bearerabc"}, []),
        ({}, []),
    ],
)
def test_a_secret_is_shown_as_bearer_token_or_api_key(headers: dict[str, str], shown: list[str]) -> None:
    assert presented(headers) == shown
