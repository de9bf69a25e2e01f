"""When a token is renewed, and when a login that failed is tried again. Times are made up."""

from __future__ import annotations

import pytest

from probes.exchange.grants import Grant, NoGrant, lifetime_ns
from probes.exchange.renewal import Renewal

S = 1_000_000_000


class Even:
    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


def grant(lifetime_s: int | None = 1000) -> Grant:
    return Grant("Authorization", b"Bearer x", None, None if lifetime_s is None else lifetime_s * S)


def renewal(lifetime_s: int | None = 1000, chance: float = 0.0) -> Renewal:
    made = Renewal(Even(chance))
    made.got(grant(lifetime_s), now_ns=0)
    return made


def test_the_first_token_is_due_at_once_and_there_is_none_to_use() -> None:
    made = Renewal(Even())
    assert made.is_due(now_ns=0)
    assert made.usable(now_ns=0) is None


@pytest.mark.parametrize(("chance", "due_s"), [(0.0, 700), (1.0, 850)])
def test_a_token_is_renewed_between_70_and_85_percent_of_its_life(chance: float, due_s: int) -> None:
    made = renewal(chance=chance)
    assert not made.is_due(now_ns=due_s * S - 1)
    assert made.is_due(now_ns=due_s * S)


def test_a_token_is_used_until_shortly_before_its_end() -> None:
    made = renewal()
    assert made.usable(now_ns=998 * S - 1) is not None
    assert made.usable(now_ns=998 * S) is None


def test_a_token_with_a_very_short_life_is_used_for_half_of_it() -> None:
    made = renewal(3)
    assert made.usable(now_ns=int(1.4 * S)) is not None
    assert made.usable(now_ns=int(1.6 * S)) is None


def test_a_token_of_unknown_life_is_renewed_after_minutes_and_used_all_the_same() -> None:
    made = renewal(None)
    assert made.is_due(now_ns=240 * S)
    assert made.usable(now_ns=100_000 * S) is not None


def test_a_login_that_fails_rests_longer_each_time_and_never_longer_than_a_minute() -> None:
    made, rests, now_ns = Renewal(Even()), [], 0
    for _ in range(9):
        made.failed(NoGrant("down"), now_ns=now_ns)
        rests.append(next(rest for rest in range(100) if made.is_due(now_ns=now_ns + rest * S)))
        now_ns += rests[-1] * S
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_login_rests_as_long_as_the_server_says() -> None:
    made = Renewal(Even())
    made.failed(NoGrant("busy", retry_after_ns=58 * S), now_ns=0)
    assert not made.is_due(now_ns=58 * S - 1)
    assert made.is_due(now_ns=58 * S)


def test_a_final_failure_rests_until_somebody_says_otherwise() -> None:
    made = Renewal(Even())
    made.failed(NoGrant("wrong", is_final=True), now_ns=0)
    assert not made.is_due(now_ns=10**18)
    made.again()
    assert made.is_due(now_ns=0)


def test_a_renewal_that_fails_leaves_the_token_that_still_holds() -> None:
    made = renewal()
    made.failed(NoGrant("down"), now_ns=700 * S)
    assert made.usable(now_ns=900 * S) is not None


def test_a_token_that_was_spurned_is_not_used_again_and_its_successor_is_not_spurned_for_it() -> None:
    made = renewal()
    old = made.grant
    assert old is not None
    assert made.spurned(old, now_ns=60 * S)
    assert made.usable(now_ns=60 * S) is None
    new = grant()
    made.got(new, now_ns=61 * S)
    assert made.spurned(old, now_ns=62 * S)  # another request was refused with the old one: there is a new one
    assert made.usable(now_ns=62 * S) is new


def test_a_young_token_that_is_spurned_stays() -> None:
    made = renewal()
    assert made.grant is not None
    assert not made.spurned(made.grant, now_ns=29 * S)
    assert made.usable(now_ns=29 * S) is made.grant


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(3600, 3600), ("3600", 3600), (3600.5, 3600.5), (0, None), (-1, None), (True, None), ("soon", None), (None, None),
     ([], None), (10**12, None), (float("nan"), None), (float("inf"), None), ("9" * 400, None), ("²", None)],
)  # fmt: skip
def test_expires_in_is_read_where_it_makes_sense(said: object, seconds: float | None) -> None:
    assert lifetime_ns(said) == (None if seconds is None else int(seconds * S))


def test_a_grant_is_not_shown() -> None:
    assert "hunter2" not in repr(Grant("Authorization", b"Bearer hunter2"))
    made = Renewal(Even())
    made.got(Grant("Authorization", b"Bearer hunter2"), now_ns=0)
    assert "hunter2" not in repr(made)
