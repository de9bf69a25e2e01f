"""What a name may cost: servers, records, aliases and questions are counted, and too many are told."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.records import Failed, Fault, Found, Kind, Question, Reply
from probes.sip.engine.target import Transport
from probes.sip.locating.candidates import Flaw, Located, Lost, Place
from probes.sip.locating.inquiry import MOST_ALIASES, MOST_QUESTIONS
from probes.sip.locating.locate import MOST_RECORDS, MOST_TARGETS, Locating
from tests.probes.sip.tabled import NODATA, NXDOMAIN, SERVFAIL, TIMEOUT, Table, a, alias, found, located, lost, naptr, run, srv

NAME = "example.net"


def test_of_many_addresses_the_first_are_followed_and_the_excess_is_told() -> None:
    outcome = located(Place(NAME, 5060), {"example.net A": a(*(f"192.0.2.{last}" for last in range(40, 0, -1)))})
    assert [each.address for each in outcome.candidates] == [f"192.0.2.{last}" for last in range(1, MOST_RECORDS + 1)]
    assert outcome.flaws == (Flaw("example.net A", Fault.EXCESS, "40, of which 16 are followed"),)


def test_of_many_servers_those_that_are_tried_first_are_followed() -> None:
    records = [srv(f"s{number}.example.net.", priority=100 - number) for number in range(20)]
    table: Table = {"_sip._udp.example.net SRV": found(*records)} | {
        f"s{number}.example.net. A": a(f"192.0.2.{number}") for number in range(20)
    }
    outcome = located(Place(NAME, None, Transport.UDP), table)
    assert [each.priority for each in outcome.candidates] == list(range(81, 97))
    assert [flaw.why for flaw in outcome.flaws] == [Fault.EXCESS]


def test_of_many_servers_of_one_priority_the_heaviest_are_followed() -> None:
    records = [srv(f"s{number}.example.net.", weight=number) for number in range(20)]
    table: Table = {"_sip._udp.example.net SRV": found(*records)} | {
        f"s{number}.example.net. A": a(f"192.0.2.{number}") for number in range(20)
    }
    outcome = located(Place(NAME, None, Transport.UDP), table)
    assert [each.weight for each in outcome.candidates] == list(range(19, 3, -1))


def test_there_are_never_more_targets_than_the_limit() -> None:
    table: Table = {"_sip._udp.example.net SRV": found(*(srv(f"s{number}.example.net.") for number in range(10)))} | {
        f"s{number}.example.net. A": a(*(f"192.0.{number}.{last}" for last in range(10))) for number in range(10)
    }
    outcome = located(Place(NAME, None, Transport.UDP), table)
    assert len(outcome.candidates) == MOST_TARGETS
    assert outcome.flaws == (Flaw(NAME, Fault.EXCESS, "100, of which 32 are followed"),)


def test_no_more_than_the_limit_of_servers_is_asked_after() -> None:
    table: dict[str, Reply] = {"example.net NAPTR": found(*(naptr("sip+d2u", f"n{number}.", number) for number in range(30)))}
    for number in range(30):
        table[f"n{number}. SRV"] = found(*(srv(f"s{number}-{each}.") for each in range(30)))
    outcome, asked = run(Place(NAME), table)
    assert isinstance(outcome, Lost)
    assert len(asked) == 1 + MOST_RECORDS + 2 * MOST_TARGETS


@pytest.mark.parametrize("kind", ["NAPTR", "A"])
def test_aliases_in_a_circle_are_a_fault_of_their_own(kind: str) -> None:
    place = Place(NAME) if kind == "NAPTR" else Place(NAME, 5060)
    table = {f"example.net {kind}": alias("b."), f"b. {kind}": alias("c."), f"c. {kind}": alias("b.", ttl=9)}
    outcome = lost(place, table)
    assert (outcome.why, outcome.ttl_s) == (Fault.LOOP, 9)


def _chain(length: int) -> Table:
    table: dict[str, Reply] = {"example.net A": alias("n1.")}
    table |= {f"n{number}. A": alias(f"n{number + 1}.") for number in range(1, length)}
    return table | {f"n{length}. A": a("192.0.2.7")}


def test_a_chain_of_aliases_is_followed_to_the_limit() -> None:
    assert located(Place(NAME, 5060), _chain(MOST_ALIASES)).candidates[0].address == "192.0.2.7"


def test_a_longer_chain_of_aliases_is_an_excess() -> None:
    assert lost(Place(NAME, 5060), _chain(MOST_ALIASES + 1)).why is Fault.EXCESS


def test_questions_are_counted_however_they_come_about() -> None:
    table: dict[str, Reply] = {"_sip._udp.example.net SRV": found(*(srv(f"s{number}.") for number in range(16)))}
    for number in range(16):
        for kind in ("A", "AAAA"):
            table[f"s{number}. {kind}"] = alias(f"s{number}-1.")
            table |= {f"s{number}-{each}. {kind}": alias(f"s{number}-{each + 1}.") for each in range(1, 20)}
    outcome, asked = run(Place(NAME, None, Transport.UDP), table)
    assert (len(asked), isinstance(outcome, Lost)) == (MOST_QUESTIONS, True)
    assert isinstance(outcome, Lost)
    assert outcome.why is Fault.NO_TARGETS
    assert f"more than {MOST_QUESTIONS} questions" in outcome.detail


def test_two_servers_with_one_alias_share_the_question() -> None:
    table = {
        "_sip._udp.example.net SRV": found(srv("a."), srv("b.", port=5070)),
        "a. A": alias("c."),
        "b. A": alias("c."),
        "c. A": a("192.0.2.7"),
    }
    outcome, asked = run(Place(NAME, None, Transport.UDP), table)
    assert isinstance(outcome, Located)
    assert ([each.port for each in outcome.candidates], asked.count("c. A")) == ([5060, 5070], 1)


def test_a_reply_that_nobody_asked_for_changes_nothing() -> None:
    locating = Locating(Place(NAME, 5060))
    locating.receive(Question("example.org", Kind.A), a("192.0.2.66"))
    assert locating.outcome is None
    assert [str(question) for question in locating.questions()] == ["example.net A", "example.net AAAA"]


NAMES = [f"{letter}." for letter in "abc"]
TARGETS = st.sampled_from([*NAMES, "."])
SRVS = st.lists(st.builds(srv, TARGETS, st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=20)
NAPTRS = st.lists(
    st.builds(naptr, st.sampled_from(["sip+d2u", "sips+d2t", "sip+d2s"]), TARGETS, st.integers(0, 2)), min_size=1, max_size=20
)
FAILURES = st.sampled_from([NXDOMAIN, NODATA, TIMEOUT, SERVFAIL, Failed(Fault.LOOP)])
ADDRESSES = {
    Kind.A: st.sampled_from([a("192.0.2.1"), a("192.0.2.2", "192.0.2.1")]),
    Kind.AAAA: st.sampled_from([a("2001:db8::1"), a("2001:db8::2")]),
    Kind.SRV: SRVS.map(lambda records: Found(tuple(records), 60)),
    Kind.NAPTR: NAPTRS.map(lambda records: Found(tuple(records), 60)),
}
PLACES = st.builds(Place, st.just("a"), st.sampled_from([None, 5060]), st.sampled_from([None, *Transport]))


@given(st.data(), PLACES, st.randoms(use_true_random=False))
def test_whatever_a_server_says_the_search_ends_within_its_bounds(data: st.DataObject, place: Place, rng: random.Random) -> None:
    locating, asked = Locating(place), 0
    open_questions = list(locating.questions())
    while locating.outcome is None:
        question = open_questions.pop(rng.randrange(len(open_questions)))
        asked += 1
        replies = st.one_of(FAILURES, ADDRESSES[question.kind], st.sampled_from([alias(name) for name in NAMES]))
        locating.receive(question, data.draw(replies))
        open_questions += locating.questions()
    assert asked <= MOST_QUESTIONS
    if isinstance(locating.outcome, Located):
        ways = [(each.transport, each.endpoint) for each in locating.outcome.candidates]
        assert 1 <= len(ways) == len(set(ways)) <= MOST_TARGETS
