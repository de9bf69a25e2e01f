"""`cutoverd why` as it is read: text with both times, JSON, exit codes, and a daemon of another version."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import pytest

from config.addresses import SipTarget
from config.model import SipRegisterProbe
from daemon.cli import why_text
from daemon.cli.wording import at_instant
from gates.cutover import Cutover, Hold, Phase
from probes.sample import Origin, ProbeResult, Trace
from tests.daemon.cli.installed import Done
from tests.daemon.cli.played import Asked, Played, reply
from tests.daemon.test_why import AWAY, NEW, OLD, OPEN, OVERLOADED, Watch, beat, settings
from tests.gates.bench import ERROR, PASS, SILENCE, failed, s

Run = Callable[..., Done]
CET = "CET-1CEST,M3.5.0,M10.5.0/3"


def suspect() -> Watch:
    watch = Watch()
    watch.hears(OLD, PASS)
    watch.hears(NEW, PASS, OVERLOADED)
    return watch


def text(watch: Watch, name: str = "inbound") -> list[str]:
    return why_text.lines(watch.told(name)).splitlines()


def section(lines: list[str], heading: str) -> list[str]:
    found = lines[lines.index(heading) + 1 :]
    return found[: found.index("")]


def test_a_gate_is_told_verdict_first_and_what_would_change_it_last(daemon: Played, installed: Run) -> None:
    daemon.says["why"] = reply(0, "", **suspect().told())

    done = installed("why", "inbound", "-c", str(daemon.config), TZ=CET)

    assert daemon.asked == [Asked("POST", "/v1/why", {"name": "inbound"})]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "gate inbound: OK, SUSPECT, 503: 1/3",
        "  the IVR is told OK: failures, but fewer than it takes",
        "  route new, OK for 16 s more; youngest result 1 s old; phase open, armed",
        "",
        "the rule",
        "  trips       on 3 consecutive 503 or 408 of trunk-new, without a PASS between",
        "  compares    with trunk-old: good only by a PASS to a request sent after the first counted failure",
        "  recovers    by 5 consecutive PASS of each needed probe",
        "  max_age     17s (default: 3 × every 5s + timeout 2s of trunk-new)",
        "  on trip     run rollback after 10s without a PASS",
        "",
        "the evidence, newest first",
        "  trunk-new (new path): 1 counted, 1 failing, 0 PASS; newest sent 1 s ago, fresh",
        "    first failed  1 s ago, 2027-01-15 08:00:02.000Z (09:00:02 CET)",
        "    first counted 1 s ago, 2027-01-15 08:00:02.000Z (09:00:02 CET)",
        "    last PASS     2 s ago, 2027-01-15 08:00:01.000Z (09:00:01 CET)",
        "    1 s ago, 2027-01-15 08:00:02.000Z (09:00:02 CET): FAIL 503, rejected, origin wire, RTT 4.2 ms, Retry-After 30 s,"
        " peer 192.0.2.10:5060, detail busy; counts: yes",
        "    2 s ago, 2027-01-15 08:00:01.000Z (09:00:01 CET): PASS 200, origin wire, RTT 5.0 ms; counts: resets",
        "  trunk-old (baseline path): 0 counted, 0 failing, 1 PASS; newest sent 3 s ago, fresh",
        "    last PASS     3 s ago, 2027-01-15 08:00:00.000Z (09:00:00 CET)",
        "    3 s ago, 2027-01-15 08:00:00.000Z (09:00:00 CET): PASS 200, origin wire, RTT 5.0 ms; counts: resets",
        "",
        "what changed last",
        "  HEALTHY → SUSPECT, 1 s ago, 2027-01-15 08:00:02.000Z (09:00:02 CET)",
        "  trunk-new: 503: 1 consecutive < 3; last PASS 1.0 s ago (sample trunk-new#1)",
        "",
        "what would change the verdict",
        "  TRIPPED       2 more 503/408 on trunk-new, without a PASS between, and a PASS of trunk-old to a request sent after the"
        " first of them (asked at once): in 1 s to 3 s",
        "  INCONCLUSIVE  the same, while trunk-old fails as often: no run: in 1 s to 3 s",
        "  HEALTHY       1 PASS of trunk-new: within 2 s",
        "  DEGRADED      2 more failures of any code on trunk-new: SUSPECT, and no run: in 1 s to 3 s",
        "  UNKNOWN       no result of trunk-new for 17.0 s (its newest was sent 1.0 s ago): in 16 s",
        "  run of rollback: 10.0 s after a trip, without a PASS between",
        "  (if every result from now on is such a one; asked now: trunk-new every 1 s, timeout 2 s; trunk-old every 1 s, timeout"
        " 3 s)",
        "",
        "at 2027-01-15 08:00:03Z (09:00:03 CET)",
    ]


def test_what_stands_over_the_verdict_names_who_lifts_it() -> None:
    watch = suspect()
    watch.cutover = Cutover(Phase.OPEN, halted=True, holds={"inbound": Hold(False, "a\x1b[31m look", s(63).utc_ns)})
    lines = text(watch)
    assert section(lines, "what stands over the verdict") == [
        "  hold      DEGRADED, for 60.0 s more: a\\x1b[31m look; no trip of this gate starts a run"
        f" (until {at_instant('2027-01-15T08:01:03.000Z')}); lifted by `release`, or its end",
        "  halt      no request is sent and no run starts; lifted by `resume`",
    ]
    assert lines[0] == "gate inbound: DEGRADED (held), SUSPECT, 503: 1/3"
    assert "blocked: not armed, until `arm`; halted, until `resume`; held" in "\n".join(lines)


def test_a_gate_that_nothing_was_heard_of_has_no_numbers_to_age() -> None:
    lines = text(Watch())
    assert lines[2] == "  route baseline; no result yet; phase open, armed"
    assert "  trunk-new (new path): no result that counts yet" in lines
    assert section(lines, "what changed last") == ["  none since the daemon started"]


def test_a_change_that_may_come_at_any_moment_is_told_by_its_end_alone() -> None:
    assert any(line.endswith("1 PASS of trunk-new: within 2 s") for line in text(suspect()))


def test_a_latched_gate_has_one_way_out_and_no_time_for_it() -> None:
    watch = suspect()
    watch.latches("rollback")
    assert section(text(watch), "what would change the verdict")[:2] == [
        "  UNKNOWN       only `reset`: a latched gate stays TRIPPED whatever its probes say",
        "  run of rollback: started already since the gate was latched; again only after `reset`",
    ]


def test_moments_are_told_to_the_millisecond() -> None:
    watch = Watch(now=0.25)
    watch.hears(NEW, PASS)
    assert any("2027-01-15 08:00:00.250Z (" in line for line in text(watch, NEW))


def test_a_stale_input_is_called_stale() -> None:
    watch = suspect()
    watch.now += 60
    assert "  trunk-new (new path): 1 counted, 1 failing, 0 PASS; newest sent 1 min 01 s ago, stale" in text(watch)


def test_a_gate_without_comparison_and_without_plans_says_so() -> None:
    lines = text(Watch(), "outbound")
    assert "  compares    with nothing: the baseline path is taken to be good" in lines
    assert "  on trip     nothing runs: the gate only answers" in lines
    assert text(Watch(settings(needed=(NEW, "elsewhere"))))[5].endswith("of any of trunk-new, elsewhere, without a PASS between")


def test_the_cadence_before_the_first_failure_tells_both() -> None:
    watch = Watch()
    watch.hears(NEW, PASS)
    last = section(text(watch), "what would change the verdict")[-1]
    assert "trunk-new every 5 s, from the first failure every 1 s, timeout 2 s" in last


def test_a_probe_is_told_with_its_last_results_and_last_failures() -> None:
    watch = Watch()
    watch.hears(NEW, OVERLOADED, SILENCE, ERROR)
    watch.hears(NEW, *[PASS] * 18)
    lines = text(watch, NEW)
    assert lines[:4] == [
        f"probe trunk-new: OK: PASS, 18 in a row since {at_instant('2027-01-15T08:00:03.000Z')}",
        "  asks        sip:192.0.2.10, sip_options, new path",
        "  passes      on 2xx",
        "  cadence     every 5 s, from the first failure every 1 s, timeout 2 s",
    ]
    assert section(lines, "who needs it") == ["  gate inbound: needed; HEALTHY; 0/3 counted, 0 failing, 18 PASS"]
    results = [re.sub(r", 2027.*\): ", ": ", each) for each in section(lines, "the last results, newest first")]
    assert results == [
        "  18 ×, newest 1 s ago, oldest 18 s ago: PASS 200, origin wire, RTT 5.0 ms",
        "  19 s ago: ERROR, no-route, origin self, after 0.0 ms",
        "  20 s ago: FAIL 408, timeout, origin timeout, after 2000.0 ms",
    ]
    failures = section(lines, "the last failures and errors, newest first")
    assert [re.sub(r".*\): ", "", each) for each in failures] == [
        "ERROR, no-route, origin self, after 0.0 ms",
        "FAIL 408, timeout, origin timeout, after 2000.0 ms",
        "FAIL 503, rejected, origin wire, RTT 4.2 ms, Retry-After 30 s, peer 192.0.2.10:5060, detail busy",
    ]


HEADING = "the messages of the last failure, or else of the last result (> sent, < received)"


def test_the_messages_of_the_last_failure_are_shown_line_by_line() -> None:
    watch = Watch()
    asked, told = b"OPTIONS sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\n", b"SIP/2.0 503 \x1b[31m\r\nVia: v\r\n\r\n"
    watch.hears(NEW, replace(OVERLOADED, trace=Trace(asked, told)), replace(PASS, trace=Trace(asked, b"SIP/2.0 200 OK\r\n\r\n")))
    first, *lines = section(text(watch, NEW), HEADING)
    assert first.startswith("  2 s ago, ")
    assert lines == [
        "  > OPTIONS sip:a SIP/2.0",
        "  > To: <sip:a>",
        "  < SIP/2.0 503 \\x1b[31m",
        "  < Via: v",
    ]


def test_where_nothing_has_failed_the_last_result_shows_its_messages_and_silence_says_so() -> None:
    watch = Watch()
    watch.hears(NEW, replace(PASS, trace=Trace(b"OPTIONS", b"SIP/2.0 200 OK")))
    assert section(text(watch, NEW), HEADING)[1:] == ["  > OPTIONS", "  < SIP/2.0 200 OK"]
    watch.hears(NEW, replace(SILENCE, trace=Trace(b"OPTIONS", b"")))
    assert section(text(watch, NEW), HEADING)[1:] == ["  > OPTIONS", "  < nothing"]


def test_a_probe_from_a_source_that_a_gate_hastens_says_both() -> None:
    watch = suspect()
    lines = text(watch, OLD)
    assert lines[1] == "  asks        sip:192.0.2.10 from 192.0.2.1, sip_options, baseline path"
    assert lines[3] == "  cadence     every 1 s, timeout 3 s (hastened by inbound)"


def test_a_probe_that_nothing_needs_and_nothing_was_heard_of() -> None:
    lines = text(Watch(), "elsewhere")
    assert section(lines, "who needs it") == ["  no gate: nothing is judged by it"]
    assert section(lines, "the last results, newest first") == ["  none yet"]
    assert section(lines, "the last failures and errors, newest first") == ["  none since the daemon started"]


@pytest.mark.parametrize("code", [0, 1, 3, 4, 5])
def test_the_exit_code_tells_the_state_and_the_text_stays_on_stdout(daemon: Played, command: Run, code: int) -> None:
    told = suspect().told()
    daemon.says["why"] = reply(code, "", **told)

    plain = command("why", "inbound", "-c", str(daemon.config))
    as_json = command("why", "inbound", "--json", "-c", str(daemon.config))

    assert (plain.returncode, plain.stderr) == (code, "")
    assert plain.stdout.startswith("gate inbound")
    assert (as_json.returncode, as_json.stderr) == (code, "")
    assert json.loads(as_json.stdout) == {"ok": code == 0, "exit": code, "message": "", "data": told}


def test_an_unknown_name_is_exit_2_with_the_daemons_suggestion_on_stderr(daemon: Played, command: Run) -> None:
    daemon.says["why"] = reply(2, "why: no gate or probe is named 'inbund'; did you mean 'inbound'?\ngates: inbound")

    done = command("why", "inbund", "-c", str(daemon.config))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == "why: no gate or probe is named 'inbund'; did you mean 'inbound'?"


def test_a_probe_can_be_meant_where_a_gate_has_its_name(daemon: Played, command: Run) -> None:
    daemon.says["why"] = reply(0, "", **Watch().told(NEW))

    command("why", "inbound", "--probe", "-c", str(daemon.config))

    assert daemon.asked == [Asked("POST", "/v1/why", {"name": "inbound", "kind": "probe"})]


def test_without_a_name_it_is_a_mistake_of_usage(daemon: Played, command: Run) -> None:
    done = command("why", "-c", str(daemon.config))

    assert (done.returncode, daemon.asked) == (2, [])


BROKEN: list[dict[str, Any]] = [
    {},
    {"kind": "gate"},
    {**suspect().told(), "evidence": [{}]},
    {**suspect().told(), "evidence": 7},
    {**suspect().told(), "rule": None},
    {**suspect().told(), "at": "yesterday"},
    {**suspect().told(), "would_change": [{"to": "x", "by": "y", "earliest_ms": "soon", "latest_ms": 1}]},
    {**suspect().told(NEW), "results": [{}]},
]


@pytest.mark.parametrize("data", BROKEN, ids=range(len(BROKEN)))
def test_an_answer_of_another_shape_is_one_line(daemon: Played, command: Run, data: dict[str, Any]) -> None:
    daemon.says["why"] = reply(0, "", **data)

    done = command("why", "inbound", "-c", str(daemon.config))

    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr == "the daemon's answer cannot be read: it speaks another version\n"


def test_a_committed_gate_reads_as_committed() -> None:
    watch = suspect()
    watch.cutover = replace(OPEN, phase=Phase.COMMITTED, armed=())
    assert text(watch)[1].endswith("the new path always, whatever the gates say")
    assert section(text(watch), "what would change the verdict")[-2].endswith(
        "blocked: phase committed: gates only alert; not armed, until `arm`"
    )


# A name that leads to several targets


def test_each_target_is_a_line_with_its_last_result_its_counts_and_its_age() -> None:
    watch = Watch()
    beat(watch, NEW, a=PASS, b=PASS)
    beat(watch, NEW, a=SILENCE, b=ERROR)
    lines = section(text(watch), "the evidence, newest first")
    assert lines[0] == "  trunk-new (new path): 0 counted, 0 failing, 1 PASS; newest sent 2 s ago, fresh"
    assert lines[2:4] == [
        "    a: 408 timeout; 1 counted, 1 failing, 0 PASS; newest sent 1 s ago, fresh",
        "    b: no-route self; 0 counted, 0 failing, 1 PASS; newest sent 2 s ago, fresh",
    ]
    assert ": b: ERROR, no-route, origin self" in lines[4]
    assert ": a: FAIL 408, timeout, origin timeout" in lines[5]


def test_a_target_that_was_never_heard_says_so() -> None:
    watch = Watch()
    beat(watch, NEW, a=PASS, b=ERROR)
    assert "    b: no-route self; no result that counts yet" in section(text(watch), "the evidence, newest first")


def test_where_a_probes_name_leads_is_told_with_what_each_counts() -> None:
    watch = Watch()
    beat(watch, NEW, a=PASS, b=failed())
    lines = text(watch, NEW)
    assert section(lines, "where its name leads") == ["  a: PASS, sent 1 s ago", "  b: 503, sent 1 s ago"]
    assert section(lines, "who needs it") == [
        "  gate inbound: needed; HEALTHY; 0/3 counted, 0 failing, 1 PASS",
        "    a: 0/3 counted, 0 failing, 1 PASS",
        "    b: 1/3 counted, 1 failing, 0 PASS",
    ]
    assert "where its name leads" not in text(suspect(), NEW)


# What is heard now, and how long already


EXPIRED = replace(failed(503, Origin.TRANSPORT, "tls-certificate"), facts={"detail": "certificate has expired"})


def test_the_head_says_what_is_heard_now_how_often_in_a_row_and_since_when() -> None:
    watch = Watch()
    watch.hears(AWAY, PASS, *[EXPIRED] * 14)
    since = at_instant("2027-01-15T08:00:01.000Z")
    assert text(watch, AWAY)[0] == (
        f"probe elsewhere: DEGRADED: tls-certificate: certificate has expired, 14 in a row since {since}"
    )


def test_a_row_that_began_before_what_is_kept_is_told_as_at_least() -> None:
    watch = Watch()
    watch.hears(AWAY, *[failed(500)] * 25)
    since = at_instant("2027-01-15T08:00:05.000Z")
    assert text(watch, AWAY)[0] == f"probe elsewhere: DEGRADED: 500, at least 20 in a row since {since} or before"


def test_of_several_targets_the_head_names_the_one_that_does_not_pass() -> None:
    watch = Watch()
    beat(watch, AWAY, a=PASS, b=OVERLOADED)
    beat(watch, AWAY, b=OVERLOADED, a=PASS)
    assert text(watch, AWAY)[0].startswith("probe elsewhere: OK: b: 503: rejected: busy, 2 in a row since ")


def test_results_of_targets_that_take_turns_are_a_line_for_each() -> None:
    watch = Watch()
    for _ in range(4):
        beat(watch, AWAY, a=PASS, b=replace(OVERLOADED, duration_ns=6_100_000))
    beat(watch, AWAY, a=PASS, b=OVERLOADED)
    told = [re.sub(r", 2027.*?\): ", ": ", line) for line in section(text(watch, AWAY), "the last results, newest first")]
    assert told[0].startswith("  5 ×, newest 1 s ago, oldest 5 s ago: b: FAIL 503, rejected, origin wire, RTT 4.2 to 6.1 ms,")
    assert told[1:] == ["  5 ×, newest 1 s ago, oldest 5 s ago: a: PASS 200, origin wire, RTT 5.0 ms"]


def test_failures_that_are_all_that_was_heard_are_not_told_twice() -> None:
    watch = Watch()
    watch.hears(NEW, OVERLOADED, SILENCE)
    failures = "the last failures and errors, newest first"
    assert section(text(watch, NEW), failures) == ["  the same: each of the last results is one"]
    watch.hears(NEW, PASS)
    assert len(section(text(watch, NEW), failures)) == 2


def test_a_certificates_end_is_a_date_and_a_connection_is_told_where_it_took_long() -> None:
    watch = Watch()
    until = 1_800_086_400
    watch.hears(NEW, replace(PASS, facts={"connect_us": 12_345, "certificate_not_after": until}))
    date = at_instant("2027-01-16T08:00:00+00:00")
    assert section(text(watch, NEW), "the last results, newest first")[0].endswith(
        f"RTT 5.0 ms, connect 12.3 ms, certificate until {date}"
    )
    watch.hears(NEW, replace(PASS, facts={"connect_us": 999}))
    assert section(text(watch, NEW), "the last results, newest first")[0].endswith("RTT 5.0 ms")


def test_what_moves_from_result_to_result_keeps_no_two_apart() -> None:
    watch = Watch()
    watch.hears(AWAY, *[replace(PASS, facts={"expires_s": left, "stable_s": 600 - left}) for left in (600, 599, 598)])
    (row,) = section(text(watch, AWAY), "the last results, newest first")
    assert row.startswith("  3 ×, newest 1 s ago, oldest 3 s ago, ")
    assert row.endswith("RTT 5.0 ms, expires_s 598, stable_s 2")


def registration(*results: ProbeResult, mode: Literal["query", "bind"] = "bind") -> list[str]:
    plain = settings()
    probe = SipRegisterProbe(
        kind="sip_register", path="control", target=SipTarget("192.0.2.9"), aor="sip:t@example.net", mode=mode
    )
    watch = Watch(replace(plain, probes={**plain.probes, AWAY: probe}))
    watch.hears(AWAY, *results)
    return text(watch, AWAY)


@pytest.mark.parametrize("mode", ["query", "bind"])
def test_a_registration_says_its_mode(mode: Literal["query", "bind"]) -> None:
    assert registration(PASS, mode=mode)[1] == f"  asks        sip:192.0.2.9, sip_register, mode {mode}, control path"


def test_after_a_rejection_it_says_once_that_nothing_is_sent_and_how_to_go_on() -> None:
    rejected = replace(failed(403, reason="rejected"), facts={"login": "wrong-password"})
    repeated = [replace(rejected, facts={**rejected.facts, "asked_s": ago}) for ago in (30, 60)]
    lines = registration(rejected, *repeated)
    assert section(lines, "the last results, newest first")[0].endswith("login wrong-password, asked 1 min 00 s before")
    assert lines[0].startswith("probe elsewhere: DEGRADED: 403: rejected: wrong-password, 3 in a row since ")
    told = (
        "  rejected    nothing is sent any more; `cutoverd reload` when the credentials are mended here, "
        "`cutoverd retry --probe elsewhere` when they are mended there"
    )
    assert [line for line in lines if "retry" in line] == [told]
    assert not any("retry" in line for line in registration(rejected, PASS))


def test_a_trunk_that_rejects_options_is_asked_on_and_needs_no_retry() -> None:
    watch = Watch()
    watch.hears(NEW, OVERLOADED)
    assert not any("retry" in line for line in text(watch, NEW))
