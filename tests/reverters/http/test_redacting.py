"""What the journal keeps of documents."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given

from reverters.http.redacting import MOST_BYTES, REDACTED, body, bounded, redacted, secrets
from tests.reverters.http.test_places import JSON, PATIENT


@pytest.mark.parametrize(
    "name",
    ["password", "clientSecret", "access_token", "apiKey", "X-Api-Key", "Authorization", "privateKey", "passphrase", "pin"],
)
def test_what_is_named_like_a_secret_is_made_out(name: str) -> None:
    assert redacted({"a": [{name: "hunter2"}]}) == {"a": [{name: REDACTED}]}
    assert redacted({name: ["hunter2", 7]}) == {name: [REDACTED, REDACTED]}


def test_a_reference_to_credentials_keeps_its_id() -> None:
    assert redacted({"credentials": {"basic": {"id": "c-1", "password": "hunter2"}}}) == {
        "credentials": {"basic": {"id": "c-1", "password": REDACTED}}
    }


def test_secrets_that_are_not_set_are_told_as_such() -> None:
    assert redacted({"password": None, "hasSecret": True, "token": ""}) == {"password": None, "hasSecret": True, "token": ""}


@PATIENT
@given(document=JSON)
def test_whatever_it_is_it_is_bounded(document: Any) -> None:
    assert len(orjson.dumps(bounded(document))) <= MOST_BYTES
    assert bounded(document) == document


def test_a_long_document_is_told_by_length_hash_and_members() -> None:
    told = bounded({"a": "x" * MOST_BYTES, "secret": "hunter2"})
    assert isinstance(told, dict)
    assert (told["bytes"], told["members"]) == (MOST_BYTES + 23, ["a", "secret"])
    assert len(orjson.dumps(told)) < MOST_BYTES


def test_a_body_that_is_no_json_is_not_quoted() -> None:
    told = body(b"<html>hunter2</html>")
    assert isinstance(told, dict)
    assert set(told) == {"bytes", "sha256"}
    assert body(b"") is None


def test_the_places_of_secrets_are_told() -> None:
    assert list(secrets({"a": [{"password": "x", "token": None}], "b/c": {"apiKey": "y"}})) == ["/a/0/password", "/b~1c/apiKey"]
