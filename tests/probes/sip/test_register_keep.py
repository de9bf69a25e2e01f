"""A registration kept alive over hours of fake time: refreshes, back-off, flaps, and when there must be silence."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.digest.login import Login
from probes.sip.engine.exchanged import Exchanged, Refused, SelfTrouble, Silent
from probes.sip.engine.trouble import Trouble
from probes.sip.messages.message import Request, Response
from probes.sip.registering.attempt import RegisterAttempt
from probes.sip.registering.keep import SILENT_STATES, Keeper, State
from probes.sip.registering.result import unasked
from tests.probes.sip.keeping import Night, at
from tests.probes.sip.registrar import CONTACT, CREDENTIALS, TARGET, Registry, S, answered, asked, holding

HOUR = 3600


def granting(seconds: int) -> Callable[[Request], Response]:
    return lambda request: holding(request, f"{CONTACT};expires={seconds}")


def in_turn(*replies: Callable[[Request], Exchanged]) -> Callable[[Request], Exchanged]:
    """Each once, in order, and then the last for ever."""
    turn = itertools.count()
    return lambda request: replies[min(next(turn), len(replies) - 1)](request)


def status(code: int, retry_after: int | None = None) -> Callable[[Request], Exchanged]:
    return lambda request: answered(asked(request, code, retry_after=retry_after))


def grant(seconds: int) -> Callable[[Request], Exchanged]:
    return lambda request: answered(granting(seconds)(request))


def silent(request: Request) -> Exchanged:
    return Silent(2 * S, TARGET.endpoint, 3)


def standing(night: Night) -> ProbeResult:
    result = night.keeper.standing(now=night.now)
    assert result is not None
    return result


def gaps(night: Night) -> list[float]:
    times = night.times()
    return [later - earlier for earlier, later in itertools.pairwise(times)]


# Staying registered


def test_it_stays_registered_through_many_refreshes_and_is_never_late() -> None:
    night = Night(grant(600)).start().run(24 * HOUR)
    assert night.state is State.REGISTERED
    assert all(450 <= gap <= 510 for gap in gaps(night))
    assert len(night.sent) > 24 * HOUR // 510
    assert night.keeper.flaps == 0


def test_refreshes_are_not_all_after_the_same_time() -> None:
    night = Night(grant(600)).start().run(24 * HOUR)
    assert len({round(gap) for gap in gaps(night)}) > 20


@pytest.mark.parametrize("granted", [1, 2, 5, 10, 30, 60, 3600])
def test_however_short_the_grant_the_refresh_comes_before_the_expiry(granted: int) -> None:
    night = Night(grant(granted)).start().run(granted * 100)
    assert max(gaps(night)) <= granted - min(5, granted / 3) + 0.001
    assert night.keeper.flaps == 0


def test_call_id_stays_and_cseq_rises() -> None:
    night = Night(Registry()).start().run(HOUR)
    requests = [request for _, request in night.sent]
    assert len({request.call_id for request in requests}) == 1
    assert len({request.from_.tag for request in requests}) == 1
    numbers = [request.cseq.number for request in requests]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_refresh_needs_no_second_challenge() -> None:
    registry = Registry()
    night = Night(registry).start().run(10 * HOUR)
    assert registry.nonces == 1
    assert len(night.sent) > 10


def test_the_expiry_is_counted_from_when_the_request_left() -> None:
    night = Night(lambda request: answered(granting(600)(request), rtt_ns=100 * S)).start()
    assert night.keeper.bound_until_ns == night.ns + 500 * S


def test_a_423_raises_what_is_asked_for_from_then_on() -> None:
    def picky(request: Request) -> Exchanged:
        if (request.expires or 0) < 1800:
            return answered(replace(asked(request, 423), min_expires=1800))
        return answered(granting(1800)(request))

    night = Night(picky).start().run(4 * HOUR)
    assert [request.expires for _, request in night.sent[:3]] == [600, 1800, 1800]
    assert night.keeper.granted_s == 1800


def test_a_registrar_that_never_has_enough_is_asked_twice_and_then_after_a_back_off() -> None:
    night = Night(lambda request: answered(replace(asked(request, 423), min_expires=(request.expires or 0) * 2))).start()
    assert len(night.sent) == 2
    assert night.state is State.FAILING
    assert (standing(night).code, standing(night).reason) == (423, "interval-too-brief")


# Rejected


def test_a_wrong_password_costs_two_registers_and_then_there_is_silence() -> None:
    night = Night(Registry(lets_in=False)).start()
    assert len(night.sent) == 2
    assert night.state is State.REJECTED
    assert night.keeper.due_ns is None
    assert len(night.run(1000 * HOUR).sent) == 2
    assert (standing(night).outcome, standing(night).code, standing(night).reason) == (Outcome.FAIL, 401, "rejected")


@pytest.mark.parametrize("code", [403, 407])
def test_other_rejections_are_as_final(code: int) -> None:
    def registrar(request: Request) -> Exchanged:
        challenged = Registry(lets_in=False)(request)
        return challenged if not request.header("Authorization") else status(code)(request)

    def proxied(request: Request) -> Exchanged:
        return answered(asked(request, 407, ("Proxy-Authenticate", 'Digest realm="p", nonce="n"')))

    night = Night(registrar if code == 403 else proxied).start().run(1000 * HOUR)
    assert (night.state, len(night.sent)) == (State.REJECTED, 2)
    assert standing(night).code == code


def test_the_operators_word_ends_the_silence_for_two_more() -> None:
    night = Night(Registry(lets_in=False)).start().run(HOUR)
    night.keeper.again(now=night.now)
    assert len(night.run(100 * HOUR).sent) == 4
    assert night.state is State.REJECTED


def test_after_the_operators_word_a_right_password_registers() -> None:
    registry = Registry(lets_in=False)
    night = Night(registry).start()
    registry.lets_in = True
    night.keeper.again(now=night.now)
    assert night.run(0).state is State.REGISTERED


def test_the_operators_word_changes_nothing_elsewhere() -> None:
    night = Night(grant(600)).start()
    due = night.keeper.due_ns
    night.keeper.again(now=night.now)
    assert (night.state, night.keeper.due_ns) == (State.REGISTERED, due)


def test_a_password_that_was_right_and_is_no_longer_costs_two_as_well() -> None:
    registry = Registry()
    night = Night(registry).start()
    registry.lets_in = False
    before = len(night.sent)
    assert len(night.run(1000 * HOUR).sent) - before == 2
    assert night.state is State.REJECTED


def test_what_is_rejected_is_not_renewed_and_not_started_again() -> None:
    night = Night(Registry(lets_in=False)).start()
    night.keeper.renew(now=night.now)
    night.keeper.start(now=night.now)
    assert (night.state, night.keeper.due_ns) == (State.REJECTED, None)


# Failing


def test_failures_back_off_as_rfc_5626_has_it() -> None:
    night = Night(status(500)).start().run(6 * HOUR)
    quick = [(wait, wait) for wait in (1, 2, 4, 8)]
    bounds = [*quick, (30, 60), (60, 120), (120, 240), (240, 480), (480, 960), *[(900, 1800)] * 50]
    assert len(gaps(night)) > 12
    assert all(least <= gap <= most for gap, (least, most) in zip(gaps(night), bounds, strict=False))


def test_a_503_is_asked_again_in_its_turn_once_and_then_backs_off() -> None:
    night = Night(status(503)).start().run(6 * HOUR)
    bounds = [(0, 0), (2, 2), (4, 4), (8, 8), (30, 60), (60, 120), (120, 240)]
    assert all(least <= gap <= most for gap, (least, most) in zip(gaps(night), bounds, strict=False))


def test_a_success_ends_the_growth() -> None:
    night = Night(in_turn(grant(60), *[status(500)] * 9, grant(600), status(500), grant(600))).start().run(HOUR)
    assert 30 <= gaps(night)[11] <= 60


def test_one_lost_register_does_not_cost_a_short_binding() -> None:
    night = Night(in_turn(grant(12), silent, grant(12))).start().run(12)
    assert (night.state, night.keeper.flaps, len(night.sent)) == (State.REGISTERED, 0, 3)


def test_while_the_binding_stands_each_attempt_halves_what_is_left_and_none_comes_within_a_second() -> None:
    night = Night(in_turn(grant(60), status(500))).start().run(60)
    left = [60 - time for time in night.times()[1:]]
    assert len(left) >= 4
    assert all(earlier - later == pytest.approx(max(earlier / 2, 1), abs=0.01) for earlier, later in itertools.pairwise(left))


def test_while_a_long_binding_stands_no_attempt_waits_longer_than_the_back_off() -> None:
    night = Night(in_turn(grant(3600), status(500))).start().run(3300)
    assert all(least <= gap <= most for gap, (least, most) in zip(gaps(night)[1:], [(30, 60), (60, 120)], strict=False))


def test_the_back_off_begins_when_the_binding_is_gone() -> None:
    night = Night(in_turn(grant(60), status(500))).start().run(6 * HOUR)
    first = next(at for at, time in enumerate(night.times()) if time >= 60)
    bounds = [(30, 60), (60, 120), (120, 240), (240, 480)]
    assert all(least <= gap <= most for gap, (least, most) in zip(gaps(night)[first:], bounds, strict=False))


def test_a_retry_after_is_waited_for_though_the_binding_may_end_meanwhile() -> None:
    night = Night(in_turn(grant(60), status(503, retry_after=200), grant(60))).start().run(300)
    assert 200 <= gaps(night)[1] <= 250


def test_retry_after_is_waited_for() -> None:
    night = Night(in_turn(status(503, retry_after=200), grant(600))).start()
    assert standing(night).facts["retry_after_s"] == 200
    night.run(300)
    assert 200 <= gaps(night)[0] <= 250
    assert night.state is State.REGISTERED


@pytest.mark.parametrize(
    ("reply", "code", "origin", "outcome"),
    [
        (status(500), 500, Origin.WIRE, Outcome.FAIL),
        (status(404), 404, Origin.WIRE, Outcome.FAIL),
        (silent, 408, Origin.TIMEOUT, Outcome.FAIL),
        (lambda _: Refused("ECONNREFUSED", 1, TARGET.endpoint, None), 503, Origin.TRANSPORT, Outcome.FAIL),
    ],
)
def test_each_failure_stands_until_the_next_attempt(
    reply: Callable[[Request], Exchanged], code: int | None, origin: Origin, outcome: Outcome
) -> None:
    night = Night(reply).start().run(0.5)
    result = standing(night)
    assert (result.code, result.origin, result.outcome) == (code, origin, outcome)
    assert result.facts["failures"] == 1
    assert result.facts["retry_in_s"] == 1


def test_our_own_trouble_is_tried_again_soon_and_costs_no_patience() -> None:
    night = Night(lambda _: SelfTrouble(Trouble.NO_ROUTE, 1)).start().run(HOUR)
    assert all(1 <= gap <= 5 for gap in gaps(night))
    assert (standing(night).outcome, night.keeper.failures) == (Outcome.ERROR, 0)


def test_a_refresh_that_fails_is_told_though_the_binding_still_stands() -> None:
    night = Night(in_turn(grant(600), status(503))).start().run(515)
    assert night.state is State.FAILING
    assert (standing(night).outcome, standing(night).code) == (Outcome.FAIL, 503)
    assert int(standing(night).facts["expires_s"]) > 0
    assert night.keeper.flaps == 0


def test_a_binding_that_runs_out_is_a_flap() -> None:
    night = Night(in_turn(grant(60), *[status(503)] * 8, grant(60))).start().run(75)
    assert "expires_s" not in standing(night).facts
    assert "stable_s" not in standing(night).facts
    assert night.keeper.flaps == 1
    assert night.run(300).state is State.REGISTERED
    assert night.keeper.flaps == 1


# Lost


def test_a_200_without_our_contact_is_a_loss() -> None:
    night = Night(in_turn(grant(60), lambda request: answered(holding(request, "sip:x@192.0.2.9")), grant(60))).start().run(52)
    assert (standing(night).outcome, standing(night).code, standing(night).reason) == (Outcome.FAIL, 480, "lost")
    assert (night.keeper.flaps, night.keeper.stable_since) == (1, None)
    assert night.run(60).state is State.REGISTERED


def test_a_contact_that_is_listed_otherwise_is_told_and_is_no_loss() -> None:
    night = Night(lambda request: answered(holding(request, "sip:alice@203.0.113.5:1024;expires=90"))).start()
    assert (standing(night).outcome, standing(night).facts["contact_differs"]) == (Outcome.PASS, "rewritten")


def test_a_binding_is_made_anew_at_once_on_request_and_costs_no_flap() -> None:
    night = Night(grant(600)).start().run(10)
    night.keeper.renew(now=night.now)
    night.run(0)
    assert night.times() == [0, 10]
    assert (night.keeper.flaps, night.keeper.stable_since) == (0, at(1_000 * S))


def test_a_renewal_changes_nothing_during_an_attempt_or_after_a_failure() -> None:
    night = Night(in_turn(grant(600), status(500))).start()
    night.keeper.begin(now=night.now)
    night.keeper.renew(now=night.now)
    assert night.keeper.due_ns is None
    attempt = RegisterAttempt(night.login, expires_s=600)
    night.keeper.ended(night.converse(attempt), attempt, contact=CONTACT, now=night.now, chance=0.5)
    due = night.keeper.due_ns
    night.keeper.renew(now=night.now)
    assert (night.state, night.keeper.due_ns) == (State.FAILING, due)


# What is told


def test_stable_since_is_when_the_binding_was_made_however_often_it_was_refreshed() -> None:
    night = Night(grant(60)).start().run(HOUR)
    result = standing(night)
    assert (result.outcome, result.reason, result.facts["stable_s"]) == (Outcome.PASS, "registered", HOUR)
    assert result.facts["granted_s"] == 60
    assert 0 < int(result.facts["expires_s"]) <= 60
    assert "retry_in_s" not in result.facts


def test_nothing_is_told_before_the_first_answer() -> None:
    keeper = Keeper(600)
    assert keeper.standing(now=at(0)) == unasked("stopped", 0)
    keeper.start(now=at(0))
    assert keeper.standing(now=at(0)) is None


def test_a_binding_that_ran_out_before_its_refresh_had_a_turn_is_our_own_doing() -> None:
    night = Night(grant(60)).start()
    night.ns += 61 * S
    result = standing(night)
    assert (result.outcome, result.origin, result.reason) == (Outcome.ERROR, Origin.SELF, "deferred")
    assert result.facts["flaps"] == 1


def test_a_name_that_leads_nowhere_is_tried_again_soon() -> None:
    night = Night(grant(60))
    night.keeper.start(now=night.now)
    night.keeper.begin(now=night.now)
    lost = ProbeResult(Outcome.ERROR, None, Origin.DNS, "dns-timeout", 0)
    night.keeper.dropped(lost, now=night.now, chance=0.0)
    assert standing(night).reason == "dns-timeout"
    assert night.keeper.due_ns == night.ns + S


# Stopping


def test_a_stop_is_at_once_and_for_good() -> None:
    night = Night(grant(60)).start()
    night.keeper.stop(unregister=False, now=night.now)
    assert (night.state, night.keeper.due_ns) == (State.STOPPED, None)
    assert len(night.run(HOUR).sent) == 1
    assert standing(night) == unasked("stopped", 0)


def test_a_binding_is_taken_back_when_asked() -> None:
    night = Night(Registry()).start()
    night.keeper.stop(unregister=True, now=night.now)
    assert night.state is State.LEAVING
    night.run(0)
    assert night.state is State.STOPPED
    request = night.sent[-1][1]
    assert (request.expires, str(request.contacts[0])) == (0, f"<{CONTACT}>;expires=0")


def test_taking_back_is_tried_once() -> None:
    night = Night(in_turn(grant(60), status(503))).start()
    night.keeper.stop(unregister=True, now=night.now)
    assert len(night.run(HOUR).sent) == 2
    assert night.state is State.STOPPED


@pytest.mark.parametrize("reply", [status(503), Registry(lets_in=False)])
def test_where_nothing_is_bound_nothing_is_taken_back(reply: Callable[[Request], Exchanged]) -> None:
    night = Night(reply).start()
    sent = len(night.sent)
    night.keeper.stop(unregister=True, now=night.now)
    assert (night.state, len(night.run(HOUR).sent)) == (State.STOPPED, sent)


@pytest.mark.parametrize(("reply", "state"), [(grant(60), State.LEAVING), (status(503), State.STOPPED)])
def test_a_stop_during_an_attempt_waits_for_what_it_may_have_bound(reply: Callable[[Request], Exchanged], state: State) -> None:
    night = Night(reply)
    night.keeper.start(now=night.now)
    night.keeper.begin(now=night.now)
    night.keeper.stop(unregister=True, now=night.now)
    attempt = RegisterAttempt(night.login, expires_s=60)
    night.keeper.ended(night.converse(attempt), attempt, contact=CONTACT, now=night.now, chance=0.5)
    assert night.state is state


def test_what_is_rejected_while_stopping_is_not_asked_again() -> None:
    registry = Registry()
    night = Night(registry).start()
    registry.lets_in = False
    night.keeper.begin(now=night.now)
    night.keeper.stop(unregister=True, now=night.now)
    attempt = RegisterAttempt(night.login, expires_s=600)
    night.keeper.ended(night.converse(attempt), attempt, contact=CONTACT, now=night.now, chance=0.5)
    assert (night.state, night.keeper.due_ns) == (State.STOPPED, None)


def test_an_answer_after_the_stop_changes_nothing() -> None:
    night = Night(grant(60))
    night.keeper.start(now=night.now)
    night.keeper.begin(now=night.now)
    night.keeper.stop(unregister=False, now=night.now)
    attempt = RegisterAttempt(Login(CREDENTIALS), expires_s=60)
    night.keeper.ended(night.converse(attempt), attempt, contact=CONTACT, now=night.now, chance=0.5)
    assert (night.state, night.keeper.due_ns) == (State.STOPPED, None)


def test_a_second_stop_without_taking_back_ends_the_first() -> None:
    night = Night(grant(60)).start()
    night.keeper.stop(unregister=True, now=night.now)
    night.keeper.stop(unregister=False, now=night.now)
    assert (night.state, night.keeper.due_ns) == (State.STOPPED, None)


def test_what_was_stopped_can_be_started_again() -> None:
    night = Night(grant(60)).start()
    night.keeper.stop(unregister=False, now=night.now)
    assert night.start().state is State.REGISTERED


@pytest.mark.parametrize("state", sorted(SILENT_STATES))
def test_a_silent_state_has_nothing_due(state: State) -> None:
    reached = {
        State.IDLE: Night(grant(60)),
        State.REJECTED: Night(Registry(lets_in=False)).start(),
        State.STOPPED: Night(grant(60)).start(),
    }[state]
    if state is State.STOPPED:
        reached.keeper.stop(unregister=False, now=reached.now)
    assert (reached.state, reached.keeper.due_ns) == (state, None)


def test_nothing_of_the_messages_is_kept() -> None:
    keeper = Night(Registry()).start().keeper
    assert not any(isinstance(getattr(keeper, name), Response | Request) for name in Keeper.__slots__)
