"""Schemathesis over both OpenAPI documents: whatever it thinks of, nothing is a fault of ours, and all is as documented."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from daemon.web import openapi
from daemon.web.tally import Tally
from tests.daemon.documented.serving import Opened, admin, served, webhook
from tests.daemon.web.world import OLD, World

EXAMPLES = 20
NAMED = {"gate": "inbound", "probe": "known"}
"""What is there under a name: chance alone would never ask for it."""
CHECKS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
KEY = {"X-Api-Key": OLD}


def operations(document: dict[str, Any]) -> list[schemathesis.APIOperation]:
    return [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]


def asked(opened: Opened, operation: schemathesis.APIOperation, mode: GenerationMode, headers: dict[str, str]) -> set[int]:
    """Every status that came."""
    seen: set[int] = set()

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), named=st.booleans())
    def ask(case: schemathesis.Case, named: bool) -> None:
        if named:
            case.path_parameters = {name: NAMED[name] for name in case.path_parameters}
        response = case.call(base_url=base, headers=headers, session=session)
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    with served(opened) as base, requests.Session() as session:
        ask()
    return seen


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize("operation", operations(openapi.webhook()), ids=lambda found: found.label)
def test_the_webhook_fails_at_no_request(operation: schemathesis.APIOperation, mode: GenerationMode) -> None:
    seen = asked(webhook(World().is_healthy(), Tally()), operation, mode, KEY)
    assert seen <= {200, 400, 404, 405, 413}
    if mode is GenerationMode.POSITIVE:
        assert 200 in seen


@pytest.mark.parametrize("operation", operations(openapi.webhook()), ids=lambda found: found.label)
def test_without_a_key_it_fails_at_none_either(operation: schemathesis.APIOperation) -> None:
    assert asked(webhook(World().is_healthy(), Tally()), operation, GenerationMode.POSITIVE, {}) <= {401, 404, 405}


@pytest.mark.parametrize("operation", operations(openapi.admin()), ids=lambda found: found.label)
def test_the_admin_server_fails_at_no_request(operation: schemathesis.APIOperation) -> None:
    assert asked(admin(World().is_healthy()), operation, GenerationMode.POSITIVE, {}) <= {200, 404}
