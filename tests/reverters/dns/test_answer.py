"""What an answer means and whether it may be believed: pure, every response code and every kind of forgery."""

from __future__ import annotations

import base64

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import dns.tsig
import dns.update
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverters.dns.answer import Failure, Rejected, accept, judge_answer, judge_capture, judge_update
from reverters.dns.record import RecordSet, Target, change, question
from reverters.step import Applied, Conflict, Trouble
from tests.peers import knot
from tests.reverters.dns.conftest import spec

SERVER, SECONDARY = "192.0.2.53:53", "192.0.2.54:53"
LIVE, WANTED = RecordSet(("198.51.100.7",), 60), RecordSet(("192.0.2.1",), 300)
KEY = dns.tsig.Key(knot.KEY, base64.b64decode(knot.SECRET), knot.ALGORITHM)
found = Target.read(spec(SERVER))
assert isinstance(found, Target)
TARGET = found


def asked() -> dns.message.Message:
    return question(TARGET, message_id=4711)


def signed() -> dns.update.UpdateMessage:
    update = change(TARGET, LIVE, WANTED, message_id=4711)
    update.use_tsig(KEY)
    update.to_wire()
    return update


def reply(rcode: dns.rcode.Rcode = dns.rcode.NOERROR, *answer: str, flags: dns.flags.Flag = dns.flags.AA) -> dns.message.Message:
    response = dns.message.make_response(asked())
    response.flags |= flags
    response.set_rcode(rcode)
    for line in answer:
        name, ttl, kind, value = line.split(maxsplit=3)
        response.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, value))
    return response


# What an update came to.


def test_noerror_is_applied() -> None:
    detail = f"{SERVER} changed sip.example.net. A from 198.51.100.7 to 192.0.2.1"
    assert judge_update(reply(), TARGET, LIVE, WANTED) == Applied(detail)


@pytest.mark.parametrize("rcode", ["NXRRSET", "YXRRSET", "NXDOMAIN", "YXDOMAIN"])
def test_an_unmet_prerequisite_is_a_conflict(rcode: str) -> None:
    outcome = judge_update(reply(dns.rcode.from_text(rcode)), TARGET, LIVE, WANTED)
    what = f"sip.example.net. A at {SERVER} is no longer 198.51.100.7 ({rcode})"
    assert outcome == Conflict(f"{what}: somebody else changed it, nothing was written")


@pytest.mark.parametrize(
    ("rcode", "retryable", "why"),
    [
        ("SERVFAIL", True, "it failed inside; it may work again"),
        ("REFUSED", False, "its access list does not allow this"),
        ("NOTAUTH", False, "it is not the authority for example.net., or the TSIG key 'cutover.' may not change it"),
        ("NOTZONE", False, "it holds sip.example.net. to be outside example.net."),
        ("FORMERR", False, "it cannot read the request"),
        ("NOTIMP", False, "it does not do this kind of request"),
        ("DSOTYPENI", False, "it gives no other reason"),
    ],
)
def test_an_error_code_is_named_and_only_servfail_may_pass(rcode: str, retryable: bool, why: str) -> None:
    outcome = judge_update(reply(dns.rcode.from_text(rcode)), TARGET, LIVE, WANTED)
    detail = f"{SERVER} refused the update of sip.example.net. A ({rcode}): {why}"
    assert outcome == Trouble(retryable, rcode.lower(), detail)


def test_silence_after_an_update_leaves_the_outcome_unknown() -> None:
    detail = f"{SERVER} did not answer the update of sip.example.net. A within 2 s; whether it was made is unknown"
    assert judge_update(Failure("timeout"), TARGET, LIVE, WANTED) == Trouble(True, "timeout", detail)


def test_a_closed_port_may_open_again() -> None:
    failure = Failure("unreachable", "Connection refused")
    what = f"{SERVER} cannot be reached for the update of sip.example.net. A: Connection refused"
    assert judge_update(failure, TARGET, LIVE, WANTED) == Trouble(True, "unreachable", f"{what}; whether it was made is unknown")


def test_an_answer_whose_signature_does_not_hold_is_final() -> None:
    what = f"{SERVER} answered the update of sip.example.net. A, but not signed with the TSIG key 'cutover.' as known here"
    outcome = judge_update(Failure("unverified"), TARGET, LIVE, WANTED)
    assert outcome == Trouble(False, "unverified", f"{what}; whether it was made is unknown")


@pytest.mark.parametrize(
    ("reason", "name", "why"),
    [
        ("badkey", "BADKEY", "it does not know this name with hmac-sha256, or this key may not change example.net."),
        ("badsig", "BADSIG", "the secret here is not the secret there"),
        ("badtime", "BADTIME", "the two clocks are more than 300 s apart"),
        ("badtrunc", "BADTRUNC", "it does not accept the signature"),
    ],
)
def test_a_refused_key_is_final_and_named(reason: str, name: str, why: str) -> None:
    outcome = judge_update(Failure(reason, name), TARGET, LIVE, WANTED)
    what = f"{SERVER} refused the TSIG key 'cutover.' ({name}) for the update of sip.example.net. A"
    assert outcome == Trouble(False, reason, f"{what}: {why}")


# What a server holds.


def test_the_addresses_of_the_name_are_the_record() -> None:
    response = reply(dns.rcode.NOERROR, "SIP.example.net. 60 A 192.0.2.2", "ns.example.net. 60 A 127.0.0.1")
    assert judge_answer(response, TARGET, SERVER) == RecordSet(("192.0.2.2",), 60)


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
def test_an_empty_answer_with_authority_is_an_absent_record(rcode: dns.rcode.Rcode) -> None:
    assert judge_answer(reply(rcode), TARGET, SERVER) == RecordSet()


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
def test_an_answer_without_authority_is_no_answer(rcode: dns.rcode.Rcode) -> None:
    response = reply(rcode, "sip.example.net. 60 A 192.0.2.2", flags=dns.flags.Flag(0))
    detail = f"{SERVER} answers for sip.example.net. A without authority: it does not serve sip.example.net."
    assert judge_answer(response, TARGET, SERVER) == Trouble(False, "notauth", detail)


@pytest.mark.parametrize(
    ("line", "kind"), [("sip.example.net. 60 CNAME b.example.", "CNAME"), ("example.net. 60 DNAME b.", "DNAME")]
)
def test_an_alias_is_final(line: str, kind: str) -> None:
    outcome = judge_answer(reply(dns.rcode.NOERROR, line, "b.example. 60 A 192.0.2.2"), TARGET, SERVER)
    assert isinstance(outcome, Trouble)
    assert (outcome.retryable, outcome.reason) == (False, "cname")
    assert f"({kind}), so sip.example.net. A cannot be read or restored there" in outcome.detail


@pytest.mark.parametrize(("rcode", "retryable"), [("SERVFAIL", True), ("REFUSED", False), ("NOTAUTH", False)])
def test_a_question_that_is_refused_names_server_and_record(rcode: str, retryable: bool) -> None:
    outcome = judge_answer(reply(dns.rcode.from_text(rcode)), TARGET, SECONDARY)
    assert isinstance(outcome, Trouble)
    assert (outcome.retryable, outcome.reason) == (retryable, rcode.lower())
    assert outcome.detail.startswith(f"{SECONDARY} refused the question for sip.example.net. A ({rcode}): ")


def test_silence_to_a_question_changes_nothing_so_nothing_is_unknown() -> None:
    detail = f"{SECONDARY} did not answer the question for sip.example.net. A within 2 s"
    assert judge_answer(Failure("timeout"), TARGET, SECONDARY) == Trouble(True, "timeout", detail)


def test_a_baseline_is_captured_only_while_all_servers_agree() -> None:
    outcome = judge_capture({SERVER: WANTED, SECONDARY: LIVE}, TARGET)
    detail = f"sip.example.net. A: {SERVER} answers 192.0.2.1, {SECONDARY} answers 198.51.100.7; capture when they agree"
    assert outcome == Trouble(True, "disagree", detail)


# What may be believed.


def answer_to(update: dns.update.UpdateMessage) -> dns.message.Message:
    """The name server's side: its answer, signed when the request's signature was good."""
    received = dns.message.from_wire(update.to_wire(), keyring={KEY.name: KEY})
    return dns.message.make_response(received)


def test_a_signed_answer_to_a_signed_update_is_accepted() -> None:
    update = signed()
    accepted = accept(answer_to(update).to_wire(), update)
    assert isinstance(accepted, dns.message.Message)
    assert accepted.rcode() == dns.rcode.NOERROR


def test_an_unsigned_success_to_a_signed_update_is_a_forgery() -> None:
    update = signed()
    response = dns.message.make_response(update)
    response.tsig, response.want_tsig_sign = None, False
    assert accept(response.to_wire(), update) == Rejected(untrusted=True)


@pytest.mark.parametrize("rcode", ["NXRRSET", "YXRRSET", "NXDOMAIN"])
def test_an_unsigned_conflict_is_a_forgery_too(rcode: str) -> None:
    update = signed()
    response = dns.message.make_response(update)
    response.tsig, response.want_tsig_sign = None, False
    response.set_rcode(dns.rcode.from_text(rcode))
    assert accept(response.to_wire(), update) == Rejected(untrusted=True)


@pytest.mark.parametrize("rcode", ["FORMERR", "SERVFAIL", "NOTIMP", "REFUSED", "NOTAUTH"])
def test_a_server_that_gave_up_before_the_signature_answers_unsigned(rcode: str) -> None:
    update = signed()
    response = dns.message.make_response(update)
    response.tsig, response.want_tsig_sign = None, False
    response.set_rcode(dns.rcode.from_text(rcode))
    accepted = accept(response.to_wire(), update)
    assert isinstance(accepted, dns.message.Message)
    assert dns.rcode.to_text(accepted.rcode()) == rcode


def test_an_answer_signed_with_another_secret_is_a_forgery() -> None:
    update = signed()
    response = answer_to(update)
    response.use_tsig(dns.tsig.Key(knot.KEY, b"somebody else", knot.ALGORITHM))
    response.request_mac = update.mac
    assert accept(response.to_wire(), update) == Rejected(untrusted=True)


def test_an_answer_to_another_request_of_the_same_id_is_a_forgery() -> None:
    earlier, update = signed(), change(TARGET, WANTED, LIVE, message_id=4711)
    update.use_tsig(KEY)
    update.to_wire()
    assert accept(answer_to(earlier).to_wire(), update) == Rejected(untrusted=True)


def test_an_altered_answer_is_a_forgery() -> None:
    update = signed()
    wire = bytearray(answer_to(update).to_wire())
    wire[3] |= dns.rcode.NXRRSET
    assert accept(bytes(wire), update) == Rejected(untrusted=True)


@pytest.mark.parametrize("error", ["BADSIG", "BADKEY", "BADTIME"])
def test_a_tsig_error_is_taken_from_the_answer_as_it_comes_unsigned(error: str) -> None:
    update = signed()
    response = dns.message.make_response(update)
    response.set_rcode(dns.rcode.NOTAUTH)
    response.use_tsig(KEY, tsig_error=dns.rcode.Rcode[error])
    assert accept(response.to_wire(), update) == Failure(error.lower(), error)


def test_an_answer_with_another_id_is_not_ours() -> None:
    response = reply()
    response.id = 4712
    assert accept(response.to_wire(), asked()) == Rejected(untrusted=False)


def test_an_answer_to_another_question_is_not_ours() -> None:
    other = dns.message.make_query("other.example.net.", "A", id=4711)
    assert accept(dns.message.make_response(other).to_wire(), asked()) == Rejected(untrusted=False)


def test_our_own_question_echoed_is_not_an_answer() -> None:
    assert accept(asked().to_wire(), asked()) == Rejected(untrusted=False)


@settings(deadline=None)
@given(st.binary(max_size=80), st.booleans())
def test_garbage_settles_nothing_and_raises_nothing(tail: bytes, headed: bool) -> None:
    update = signed()
    head = answer_to(update).to_wire()[:12] if headed else b""
    assert isinstance(accept(head + tail, update), Rejected | Failure)


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 255))
def test_one_changed_octet_never_makes_a_signed_answer_into_another_result(position: int, octet: int) -> None:
    update = signed()
    wire = bytearray(answer_to(update).to_wire())
    wire[position % len(wire)] = octet
    verdict = accept(bytes(wire), update)
    if isinstance(verdict, dns.message.Message):
        assert verdict.rcode() == dns.rcode.NOERROR
