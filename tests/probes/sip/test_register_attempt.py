"""One attempt: challenges, 423, back-off and the moment of the refresh."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probes.sip.digest.login import Login, Why
from probes.sip.engine.exchanged import Silent
from probes.sip.messages.message import Response
from probes.sip.registering.attempt import RegisterAttempt, Verdict
from probes.sip.registering.backoff import after_failure, until_refresh
from tests.probes.sip.registrar import CREDENTIALS, TARGET, S, answered, asked, holding, unauthorized
from tests.probes.sip.samples import options

REQUEST = options(("192.0.2.1", 5060))


def begun(expires_s: int | None = 60) -> RegisterAttempt:
    return RegisterAttempt(Login(CREDENTIALS), expires_s=expires_s)


def hear(attempt: RegisterAttempt, response: Response) -> Verdict | None:
    return attempt.hear(answered(response), cnonce="c")


def too_brief(least_s: int | None) -> Response:
    return replace(asked(REQUEST, 423), min_expires=least_s)


@pytest.mark.parametrize("status", [200, 302, 404, 480, 500, 503, 603])
def test_any_other_status_is_the_last_word(status: int) -> None:
    verdict = hear(begun(), asked(REQUEST, status))
    assert verdict is not None
    assert verdict.rejected is None


def test_what_never_reached_the_registrar_is_the_last_word() -> None:
    silent = Silent(2 * S, TARGET.endpoint, 3)
    assert begun().hear(silent, cnonce="c") == Verdict(silent)


def test_a_challenge_is_not_the_last_word_and_a_second_is() -> None:
    attempt = begun()
    assert hear(attempt, unauthorized(REQUEST)) is None
    verdict = hear(attempt, unauthorized(REQUEST))
    assert verdict is not None
    assert verdict.rejected is not None
    assert verdict.rejected.reason == Why.REPEATED


def test_423_raises_what_is_asked_for() -> None:
    attempt = begun(60)
    assert hear(attempt, too_brief(120)) is None
    assert (attempt.expires_s, attempt.least_s) == (120, 120)
    assert hear(attempt, holding(REQUEST)) is not None


def test_423_is_obeyed_once() -> None:
    attempt = begun(60)
    hear(attempt, too_brief(120))
    assert hear(attempt, too_brief(240)) is not None
    assert attempt.expires_s == 120


@pytest.mark.parametrize("least_s", [None, 0, 60, 86_401, 2**32 - 1])
def test_423_without_a_sensible_interval_is_the_last_word(least_s: int | None) -> None:
    attempt = begun(60)
    assert hear(attempt, too_brief(least_s)) is not None
    assert attempt.expires_s == 60


@pytest.mark.parametrize("expires_s", [None, 0])
def test_423_means_nothing_to_a_query_or_when_taking_back(expires_s: int | None) -> None:
    assert hear(begun(expires_s), too_brief(120)) is not None


@pytest.mark.parametrize(
    ("failures", "least_s", "most_s"), [(1, 30, 60), (2, 60, 120), (3, 120, 240), (5, 480, 960), (6, 900, 1800), (500, 900, 1800)]
)
def test_the_back_off_is_that_of_rfc_5626(failures: int, least_s: int, most_s: int) -> None:
    assert after_failure(failures, retry_after_s=None, chance=0.0) == least_s * S
    assert after_failure(failures, retry_after_s=None, chance=1.0) == most_s * S


@pytest.mark.parametrize(
    ("failures", "told_s", "least_s", "most_s"),
    [(1, 4, 4, 5), (1, 300, 300, 375), (3, 4, 120, 240), (3, 400, 400, 500), (1, 2**32 - 1, 1800, 2250), (1, 0, 0, 0)],
)
def test_a_retry_after_replaces_the_first_guess_and_never_the_growth(
    failures: int, told_s: int, least_s: int, most_s: int
) -> None:
    assert after_failure(failures, retry_after_s=told_s, chance=0.0) == least_s * S
    assert after_failure(failures, retry_after_s=told_s, chance=1.0) == most_s * S


@pytest.mark.parametrize(
    ("granted_s", "earliest_s", "latest_s"),
    [(3600, 2700, 3060), (60, 45, 51), (30, 22.058, 25), (6, 3.529, 4), (1, 0.588, 0.667)],
)
def test_a_refresh_is_sent_between_three_quarters_and_85_percent_and_well_before_the_expiry(
    granted_s: int, earliest_s: float, latest_s: float
) -> None:
    assert until_refresh(granted_s * S, chance=0.0) / S == pytest.approx(earliest_s, abs=0.001)
    assert until_refresh(granted_s * S, chance=1.0) / S == pytest.approx(latest_s, abs=0.001)
