"""What `why` tells of what stands over a gate and is nobody's verdict."""

from __future__ import annotations

from typing import Any

from daemon import status
from daemon.explain import overseen
from daemon.oversight import Oversight
from daemon.reply import Exit
from daemon.status import Standing
from gates.admit import Step
from gates.doubt import Period
from gates.gate import OnTrip
from gates.interlock import Assertion, Blocked, Interlocks
from probes.sample import NS_PER_S
from tests.daemon.desk import Desk, gate_spec
from tests.gates.bench import NEW, PASS, at, failed


def told(made: Desk, gate: str = "inbound") -> list[dict[str, Any]]:
    return list(overseen.standing(made.judge.gates[gate], made.board, now=made.now))


def test_nothing_stands_over_a_gate_by_default() -> None:
    made = Desk()
    made.opened()
    assert told(made) == []


def test_a_shadow_says_that_it_touches_nothing() -> None:
    made = Desk(gate_spec(), gate_spec("canary"), oversight=Oversight(shadows=frozenset({"canary"})))
    made.turn()
    assert told(made) == []
    (shadow,) = told(made, "canary")
    assert (shadow["name"], shadow["lifted_by"]) == ("shadow", "`shadow: false` in the configuration")


def test_a_shadow_has_no_answer_and_its_exit_code_is_its_state_alone() -> None:
    made = Desk(gate_spec(), gate_spec("canary"), oversight=Oversight(shadows=frozenset({"canary"})))
    made.hear(PASS)
    whole = status.document(made.board, Standing("night", 0, 1, {}), now=made.now)
    canary = whole["gates"][1]
    assert (canary["state"], canary["reason"], canary["valid_for_ms"]) == ("HEALTHY", "shadow", 0)
    assert status.exit_code({**whole, "gates": [canary]}) is Exit.OK
    assert status.exit_code({**whole, "gates": [{**canary, "state": "TRIPPED"}]}) is Exit.TRIPPED
    assert status.exit_code(whole) is Exit.DEGRADED, "beside a gate that has an answer, which is not open"


def test_a_share_says_what_comes_next() -> None:
    made = Desk(oversight=Oversight(admission={"inbound": (Step(500, 600 * NS_PER_S), Step(10_000, None))}))
    made.opened()
    (share,) = told(made)
    assert share["says"] == "an OK is for 5% of the callers, the others are told DEGRADED (not-admitted)"
    assert share["lifted_by"] == "600.0 s of HEALTHY, then 100%; or `admit`"
    assert made.do("admit", gate="inbound", share=1_250).ok
    (share,) = told(made)
    assert (share["says"].split(" of ")[0], share["lifted_by"]) == ("an OK is for 12.5%", "`admit`")


def test_planned_work_names_its_probes_its_reason_and_its_end() -> None:
    period = Period(0, at(60_000).utc_ns, "card swap", frozenset({NEW, "another"}))
    made = Desk(oversight=Oversight(periods=(period,)))
    made.turn()
    (work,) = told(made)
    assert work["says"] == f"card swap: failures of {NEW} do not count"
    assert work["until"] == "2027-01-15T08:01:00.000Z"
    made.idle(61)
    assert told(made) == []


def test_control_targets_that_fail_are_named() -> None:
    made = Desk(oversight=Oversight(control=frozenset({"far"})))
    made.hear(failed(), probe="far")
    (control,) = told(made)
    assert control["says"] == "control targets fail (far): failures are not held against trunks"


def test_each_interlock_says_what_it_keeps_from_starting_and_how_to_do_it_all_the_same() -> None:
    interlocks = Interlocks(
        blocked=(Blocked(0, at(3_600_000).utc_ns, "carrier works"),), assertions=(Assertion("keep-one", ("inbound", "other"), 2),)
    )
    other = gate_spec("other", needed=("trunk-other",), on_trip=(OnTrip("rollback", 10**12),))
    made = Desk(gate_spec(), other, oversight=Oversight(interlocks))
    made.armed()
    made.hear(failed(), failed(), failed())
    assert [(each["says"], each["lifted_by"]) for each in told(made)] == [
        (
            "blocked: the run of rollback does not start: until 2027-01-15T09:00:00Z: carrier works",
            "what it waits for; or `trip` by hand",
        ),
        (
            "keep-one: the run of rollback does not start: 0 of inbound, other would be HEALTHY: at least 2",
            "what it waits for; or `trip --override keep-one`",
        ),
    ]
    assert told(made, "other") == []
