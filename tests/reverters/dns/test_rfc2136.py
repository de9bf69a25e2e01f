"""The step against name servers: each rule is shown on real knot and on the lab's server, as kdig sees them."""

from __future__ import annotations

from types import SimpleNamespace

import dns.message
import pytest

from probes import clock
from reverters.dns.answer import Reply
from reverters.dns.exchange import Sockets
from reverters.dns.rfc2136 import Rfc2136Reverter
from reverters.step import Applied, Conflict, Inspection, Trouble, Verification
from tests.peers import knot
from tests.reverters.dns.conftest import SECOND, NameServer, reverter, spec, step

OLD, NEW = "192.0.2.1", "198.51.100.7"
CUTOVER = ("update delete sip A", f"update add sip 60 A {NEW}")


async def test_capture_reads_values_and_ttl(nameserver: NameServer) -> None:
    assert await reverter().capture(spec(nameserver.server)) == {"values": [OLD], "ttl": 300}


async def test_capture_of_an_absent_record_is_an_empty_set(nameserver: NameServer) -> None:
    assert await reverter().capture(spec(nameserver.server, name="none.example.net.")) == {"values": [], "ttl": 0}


async def test_capture_of_a_name_without_this_type_is_an_empty_set(nameserver: NameServer) -> None:
    assert await reverter().capture(spec(nameserver.server, kind="AAAA")) == {"values": [], "ttl": 0}


async def test_capture_finds_what_the_plan_asserts(nameserver: NameServer) -> None:
    assert await reverter().capture(spec(nameserver.server, **{"assert": [OLD]})) == {"values": [OLD], "ttl": 300}


async def test_capture_refuses_what_the_plan_does_not_expect_and_says_both_sets(nameserver: NameServer) -> None:
    trouble = await reverter().capture(spec(nameserver.server, **{"assert": [NEW, "198.51.100.8"]}))
    detail = f"sip.example.net. A at {nameserver.server} is {OLD}, the plan expects {NEW}, 198.51.100.8"
    assert trouble == Trouble(False, "unexpected", detail)


async def test_a_record_at_its_baseline_needs_nothing(nameserver: NameServer) -> None:
    found = await reverter().inspect(step(spec(nameserver.server), [OLD]))
    detail = f"sip.example.net. A at {nameserver.server} is {OLD}, baseline {OLD}"
    assert found == Inspection(True, {"values": [OLD], "ttl": 300}, detail)


async def test_a_lowered_ttl_does_not_take_a_record_from_its_baseline(nameserver: NameServer) -> None:
    await nameserver.change("update delete sip A", f"update add sip 60 A {OLD}")
    found = await reverter().inspect(step(spec(nameserver.server), [OLD]))
    assert isinstance(found, Inspection)
    assert (found.at_baseline, found.live) == (True, {"values": [OLD], "ttl": 60})


async def test_a_cutover_is_put_back_as_kdig_sees_it(nameserver: NameServer) -> None:
    back, todo = reverter(), step(spec(nameserver.server), [OLD])
    await nameserver.change(*CUTOVER)

    found = await back.inspect(todo)
    assert isinstance(found, Inspection)
    assert (found.at_baseline, found.live) == (False, {"values": [NEW], "ttl": 60})
    before = await back.verify(todo)
    detail = f"{nameserver.server} answers {NEW} for sip.example.net. A, baseline {OLD}"
    assert before == Verification(False, {"values": [NEW], "ttl": 60}, detail)

    applied = await back.apply(todo, found.live)
    assert applied == Applied(f"{nameserver.server} changed sip.example.net. A from {NEW} to {OLD}")
    after = await back.verify(todo)
    detail = f"sip.example.net. A is {OLD} at {nameserver.server}"
    assert after == Verification(True, {"values": [OLD], "ttl": 60}, detail)
    assert await nameserver.holds() == [OLD]


async def test_the_lower_ttl_of_live_and_baseline_is_written(nameserver: NameServer) -> None:
    await nameserver.change(*CUTOVER)
    await reverter().apply(step(spec(nameserver.server), [OLD], ttl=30), {"values": [NEW], "ttl": 60})
    assert await nameserver.ttl() == 30


async def test_a_change_by_somebody_else_wins_and_nothing_is_written(nameserver: NameServer) -> None:
    back, todo = reverter(), step(spec(nameserver.server), [OLD])
    await nameserver.change(*CUTOVER)
    found = await back.inspect(todo)
    assert isinstance(found, Inspection)
    await nameserver.change("update delete sip A", "update add sip 60 A 203.0.113.9")

    outcome = await back.apply(todo, found.live)
    detail = f"sip.example.net. A at {nameserver.server} is no longer {NEW} (NXRRSET)"
    assert outcome == Conflict(f"{detail}: somebody else changed it, nothing was written")
    assert await nameserver.holds() == ["203.0.113.9"]


async def test_one_address_more_than_inspected_is_a_conflict(nameserver: NameServer) -> None:
    await nameserver.change(*CUTOVER, "update add sip 60 A 198.51.100.8")
    outcome = await reverter().apply(step(spec(nameserver.server), [OLD]), {"values": [NEW], "ttl": 60})
    assert isinstance(outcome, Conflict)
    assert await nameserver.holds() == [NEW, "198.51.100.8"]


async def test_a_record_that_appeared_since_is_a_conflict(nameserver: NameServer) -> None:
    outcome = await reverter().apply(step(spec(nameserver.server), [NEW]), {"values": [], "ttl": 0})
    assert isinstance(outcome, Conflict)
    assert "is no longer no record (YXRRSET)" in outcome.detail
    assert await nameserver.holds() == [OLD]


async def test_an_alias_that_appeared_since_is_a_conflict(nameserver: NameServer) -> None:
    await nameserver.change("update add alias 60 CNAME sip")
    document = spec(nameserver.server, name="alias.example.net.")
    outcome = await reverter().apply(step(document, [OLD]), {"values": [], "ttl": 0})
    assert isinstance(outcome, Conflict)


async def test_a_record_absent_from_the_baseline_is_removed(nameserver: NameServer) -> None:
    back, todo = reverter(), step(spec(nameserver.server, name="added.example.net."), [], ttl=0)
    await nameserver.change(f"update add added 60 A {NEW}")
    found = await back.inspect(todo)
    assert isinstance(found, Inspection)
    assert isinstance(await back.apply(todo, found.live), Applied)
    verified = await back.verify(todo)
    detail = f"added.example.net. A is no record at {nameserver.server}"
    assert verified == Verification(True, {"values": [], "ttl": 0}, detail)
    assert await nameserver.holds("added.example.net.") == []


async def test_a_record_that_was_deleted_comes_back_with_its_own_ttl(nameserver: NameServer) -> None:
    await nameserver.change("update delete sip A")
    todo = step(spec(nameserver.server), [OLD])
    assert isinstance(await reverter().apply(todo, {"values": [], "ttl": 0}), Applied)
    assert (await nameserver.holds(), await nameserver.ttl()) == ([OLD], 300)


async def test_a_set_of_two_is_restored_whole(nameserver: NameServer) -> None:
    wanted = [OLD, "192.0.2.2"]
    await nameserver.change("update delete sip A", f"update add sip 60 A {NEW}", "update add sip 60 A 192.0.2.2")
    todo = step(spec(nameserver.server), wanted)
    assert isinstance(await reverter().apply(todo, {"values": ["192.0.2.2", NEW], "ttl": 60}), Applied)
    assert await nameserver.holds() == wanted


async def test_ipv6_addresses_are_compared_as_addresses(nameserver: NameServer) -> None:
    await nameserver.change("update add sip 60 AAAA 2001:db8::7")
    todo = step(spec(nameserver.server, kind="AAAA"), ["2001:db8::1"])
    assert isinstance(await reverter().apply(todo, {"values": ["2001:DB8:0::7"], "ttl": 60}), Applied)
    assert await nameserver.holds(kind="AAAA") == ["2001:db8::1"]


async def test_only_the_one_record_set_is_touched(nameserver: NameServer) -> None:
    await nameserver.change("update add sip 60 AAAA 2001:db8::7", *CUTOVER)
    await reverter().apply(step(spec(nameserver.server), [OLD]), {"values": [NEW], "ttl": 60})
    assert await nameserver.holds(kind="AAAA") == ["2001:db8::7"]
    assert await nameserver.holds("ns.example.net.") == ["127.0.0.1"]


async def test_what_is_restored_already_is_not_sent_again(nameserver: NameServer) -> None:
    outcome = await reverter().apply(step(spec(nameserver.server), [OLD]), {"values": [OLD], "ttl": 300})
    detail = f"{nameserver.server} holds sip.example.net. A = {OLD} already; nothing was sent, the other servers follow it"
    assert outcome == Applied(detail)
    assert nameserver.updates() == 0


async def test_an_alias_at_the_name_is_named_and_left_alone(nameserver: NameServer) -> None:
    await nameserver.change("update add alias 60 CNAME sip")
    trouble = await reverter().inspect(step(spec(nameserver.server, name="alias.example.net."), [OLD]))
    detail = (
        "alias.example.net. is an alias of sip.example.net. (CNAME), so alias.example.net. A cannot be read or restored there"
    )
    assert trouble == Trouble(False, "cname", f"{nameserver.server}: {detail}")


async def test_a_wrong_tsig_secret_is_final_and_named(nameserver: NameServer) -> None:
    wrong = Rfc2136Reverter({knot.KEY: knot.READER_SECRET.encode()})
    trouble = await wrong.apply(step(spec(nameserver.server), [NEW]), {"values": [OLD], "ttl": 300})
    what = f"{nameserver.server} refused the TSIG key 'cutover.' (BADSIG) for the update of sip.example.net. A"
    assert trouble == Trouble(False, "badsig", f"{what}: the secret here is not the secret there")
    assert await nameserver.holds() == [OLD]


async def test_a_key_that_the_server_does_not_know_is_final_and_named(nameserver: NameServer) -> None:
    stranger = Rfc2136Reverter({"other.": knot.SECRET.encode()})
    trouble = await stranger.apply(step(spec(nameserver.server, key="other."), [NEW]), {"values": [OLD], "ttl": 300})
    what = f"{nameserver.server} refused the TSIG key 'other.' (BADKEY) for the update of sip.example.net. A"
    why = "it does not know this name with hmac-sha256, or this key may not change example.net."
    assert trouble == Trouble(False, "badkey", f"{what}: {why}")


async def test_a_key_that_may_not_update_the_zone_is_final(nameserver: NameServer) -> None:
    """knot says BADKEY to a key outside its access list; others say REFUSED."""
    reader = Rfc2136Reverter({knot.READER: knot.READER_SECRET.encode()})
    trouble = await reader.apply(step(spec(nameserver.server, key=knot.READER), [NEW]), {"values": [OLD], "ttl": 300})
    assert isinstance(trouble, Trouble)
    assert (trouble.retryable, trouble.reason in ("badkey", "refused")) == (False, True)
    assert f"{nameserver.server} refused " in trouble.detail
    assert await nameserver.holds() == [OLD]


async def test_another_algorithm_than_the_servers_is_final(nameserver: NameServer) -> None:
    document = spec(nameserver.server, algorithm="hmac-sha512")
    trouble = await reverter().apply(step(document, [NEW]), {"values": [OLD], "ttl": 300})
    assert isinstance(trouble, Trouble)
    assert (trouble.retryable, trouble.reason) == (False, "badkey")
    assert "does not know this name with hmac-sha512" in trouble.detail


class AnHourSlow:
    """A client whose clock is an hour slow when it signs."""

    async def ask(self, query: dns.message.Message, server: str, *, timeout_ns: int) -> Reply:
        an_hour_ago = clock.read().utc_ns // SECOND - 3600
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(dns.message, "time", SimpleNamespace(time=lambda: an_hour_ago))
            wire = query.to_wire()
        query.to_wire = lambda: wire
        return await Sockets().ask(query, server, timeout_ns=timeout_ns)


async def test_clocks_too_far_apart_are_final_and_named(nameserver: NameServer) -> None:
    late = reverter(transport=AnHourSlow())
    trouble = await late.apply(step(spec(nameserver.server), [NEW]), {"values": [OLD], "ttl": 300})
    what = f"{nameserver.server} refused the TSIG key 'cutover.' (BADTIME) for the update of sip.example.net. A"
    assert trouble == Trouble(False, "badtime", f"{what}: the two clocks are more than 300 s apart")


async def test_a_zone_that_the_server_does_not_serve_is_final(nameserver: NameServer) -> None:
    document = spec(nameserver.server, name="sip.example.org.", zone="example.org.")
    read = await reverter().inspect(step(document, [NEW]))
    what = f"{nameserver.server} refused the question for sip.example.org. A (REFUSED)"
    assert read == Trouble(False, "refused", f"{what}: its access list does not allow this")
    written = await reverter().apply(step(document, [NEW]), {"values": [OLD], "ttl": 300})
    assert isinstance(written, Trouble)
    assert (written.retryable, written.reason in ("notauth", "badkey")) == (False, True)


async def test_a_key_without_a_secret_sends_nothing(nameserver: NameServer) -> None:
    trouble = await Rfc2136Reverter({}).apply(step(spec(nameserver.server), [NEW]), {"values": [OLD], "ttl": 300})
    detail = f"no secret is configured for the TSIG key 'cutover.': sip.example.net. A at {nameserver.server} was not changed"
    assert trouble == Trouble(False, "nokey", detail)
    assert nameserver.updates() == 0


async def test_a_secret_that_is_not_base64_sends_nothing_and_is_not_shown(nameserver: NameServer) -> None:
    trouble = await Rfc2136Reverter({knot.KEY: b"hunter2x!"}).apply(
        step(spec(nameserver.server), [NEW]), {"values": [OLD], "ttl": 300}
    )
    assert isinstance(trouble, Trouble)
    assert (trouble.retryable, trouble.reason) == (False, "badsecret")
    assert "hunter2x" not in repr(trouble)
    assert nameserver.updates() == 0


async def test_a_spec_that_may_not_be_touched_is_refused_by_every_call_and_sends_nothing() -> None:
    class Nobody:
        async def ask(self, query: dns.message.Message, server: str, *, timeout_ns: int) -> Reply:
            raise AssertionError(f"asked {server}")

    document, back = spec("192.0.2.53:53", kind="NS"), reverter(transport=Nobody())
    todo, live = step(document, [NEW]), {"values": [OLD], "ttl": 300}
    outcomes = [await back.capture(document), await back.inspect(todo), await back.apply(todo, live), await back.verify(todo)]
    detail = "sip.example.net. NS: only A and AAAA records are ever changed"
    assert outcomes == [Trouble(False, "badspec", detail)] * 4
