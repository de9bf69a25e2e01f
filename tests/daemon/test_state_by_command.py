"""Every (state × command) pair: what an operator gets, whatever stands. The state is reached by real samples and commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gates.cutover import Command
from reverters.entries import Closed, Halted
from tests.daemon.desk import HOUR_NS, Desk, gate_spec
from tests.gates.bench import failed

OK = "ok"
NO = "the cutover is not open"
RE = "a run has closed: `reset`"
CO = "the cutover is committed: it is over"
RUN = "run rollback@"
HALT = "halted: `resume` first"
IDLE = "no run is in progress"
FREE = "inbound is not held"
SURE = "nothing is latched or reverted"
GOING = "the run is going on"
BY_ITSELF = "the run stopped at rollback/dns/it/a by itself"
BY_HAND = "halted by an operator"
OPEN = "the cutover is open already"
NOTHING = "nothing is halted"
LOAD = "armed: `disarm` first"
SICK = "arming needs healthy gates: inbound is TRIPPED"
ILL = "committing sends every caller to the new path and needs healthy gates: inbound is TRIPPED"

COLUMNS = ("open", "arm", "disarm", "commit", "trip", "halt", "resume", "retry", "abandon", "reset", "hold", "release", "admit")
STATES = {
    #                       open  arm   disarm commit trip  halt resume     retry              abandon reset hold release admit
    "prepared":            (OK,   NO,   OK,    NO,    NO,   OK,  NOTHING,   IDLE,              IDLE,   SURE, OK,  FREE, OK),
    "open":                (OPEN, OK,   OK,    OK,    OK,   OK,  NOTHING,   IDLE,              IDLE,   OK,   OK,  FREE, OK),
    "open-armed":          (OPEN, OK,   OK,    OK,    OK,   OK,  NOTHING,   IDLE,              IDLE,   LOAD, OK,  FREE, OK),
    "open-held":           (OPEN, OK,   OK,    OK,    OK,   OK,  NOTHING,   IDLE,              IDLE,   OK,   OK,  OK,   OK),
    "open-tripped":        (OPEN, SICK, OK,    ILL,   OK,   OK,  NOTHING,   IDLE,              IDLE,   OK,   OK,  FREE, OK),
    "running":             (OPEN, RUN,  OK,    RUN,   OK,   OK,  NOTHING,   "the run has not", GOING,  RUN,  OK,  FREE, OK),
    "run-halted":          (OPEN, RUN,  OK,    RUN,   OK,   OK,  BY_ITSELF, OK,                OK,     RUN,  OK,  FREE, OK),
    "run-operator-halted": (OPEN, RUN,  OK,    RUN,   HALT, OK,  OK,        BY_HAND,           OK,     RUN,  OK,  FREE, OK),
    "reverted":            (RE,   RE,   OK,    RE,    OK,   OK,  NOTHING,   IDLE,              IDLE,   OK,   OK,  FREE, RE),
    "committed":           (CO,   CO,   OK,    "the cutover is committed already",
                                                      CO,   OK,  NOTHING,   IDLE,              IDLE,   CO,   OK,  FREE, CO),
}  # fmt: skip
HALTED = {
    "prepared":            (OK,   NO,   OK,    NO,    NO,   OK,  OK,        IDLE,              IDLE,   SURE, OK,  FREE, OK),
    "open":                (OPEN, HALT, OK,    OK,    HALT, OK,  OK,        IDLE,              IDLE,   OK,   OK,  FREE, OK),
    "open-armed":          (OPEN, HALT, OK,    OK,    HALT, OK,  OK,        IDLE,              IDLE,   LOAD, OK,  FREE, OK),
    "open-held":           (OPEN, HALT, OK,    OK,    HALT, OK,  OK,        IDLE,              IDLE,   OK,   OK,  OK,   OK),
    "open-tripped":        (OPEN, HALT, OK,    ILL,   HALT, OK,  OK,        IDLE,              IDLE,   OK,   OK,  FREE, OK),
    "running":             (OPEN, RUN,  OK,    RUN,   HALT, OK,  OK,        BY_HAND,           OK,     RUN,  OK,  FREE, OK),
    "run-halted":          (OPEN, RUN,  OK,    RUN,   HALT, OK,  OK,        BY_HAND,           OK,     RUN,  OK,  FREE, OK),
    "run-operator-halted": (OPEN, RUN,  OK,    RUN,   HALT, OK,  OK,        BY_HAND,           OK,     RUN,  OK,  FREE, OK),
    "reverted":            (RE,   RE,   OK,    RE,    HALT, OK,  OK,        IDLE,              IDLE,   OK,   OK,  FREE, RE),
    "committed":           (CO,   CO,   OK,    "the cutover is committed already",
                                                      CO,   OK,  OK,        IDLE,              IDLE,   CO,   OK,  FREE, CO),
}  # fmt: skip


def _held(desk: Desk) -> None:
    desk.opened()
    assert desk.do("hold", gate="inbound", answer="DEGRADED", for_ns=HOUR_NS, reason="a look").ok


def _tripped(desk: Desk) -> None:
    desk.opened()
    desk.hear(*[failed()] * 3)
    desk.settle()


def _running(desk: Desk) -> None:
    desk.opened()
    assert desk.do("trip", plan=desk.digest, reason="callers complain").ok


def _stopped(desk: Desk) -> None:
    _running(desk)
    desk.append(Halted("rollback/dns/it/a", "refused", "REFUSED"))


def _operator_halted(desk: Desk) -> None:
    _running(desk)
    assert desk.do("halt").ok


def _reverted(desk: Desk) -> None:
    _running(desk)
    desk.append(Closed("restored", 1))


def _committed(desk: Desk) -> None:
    desk.opened()
    assert desk.do("commit", plan=desk.digests).ok


REACH: dict[str, Callable[[Desk], None]] = {
    "prepared": Desk.healthy,
    "open": Desk.opened,
    "open-armed": Desk.armed,
    "open-held": _held,
    "open-tripped": _tripped,
    "running": _running,
    "run-halted": _stopped,
    "run-operator-halted": _operator_halted,
    "reverted": _reverted,
    "committed": _committed,
}

PAIRS = [
    (state, halted, command, outcome)
    for halted, table in ((False, STATES), (True, HALTED))
    for state, row in table.items()
    for command, outcome in zip(COLUMNS, row, strict=True)
]


def desk_in(state: str, *, halted: bool) -> Desk:
    desk = Desk(gate_spec())
    REACH[state](desk)
    if halted:
        assert desk.do("halt").ok
    return desk


def arguments(command: str, desk: Desk) -> dict[str, object]:
    carried: dict[str, dict[str, object]] = {
        "arm": {"plan": desk.digests},
        "commit": {"plan": desk.digests},
        "trip": {"plan": desk.digest, "reason": "callers complain"},
        "abandon": {"reason": "by hand"},
        "hold": {"gate": "inbound", "answer": "DEGRADED", "for_ns": HOUR_NS, "reason": "a look"},
        "release": {"gate": "inbound"},
        "admit": {"gate": "inbound", "share": 500},
    }
    return carried.get(command, {})


@pytest.mark.parametrize(
    ("state", "halted", "command", "outcome"),
    PAIRS,
    ids=[f"{state}{'+halted' if halted else ''}-{command}" for state, halted, command, _ in PAIRS],
)
def test_every_command_in_every_state(state: str, halted: bool, command: str, outcome: str) -> None:
    desk = desk_in(state, halted=halted)
    before, written = desk.cutover, len(desk.journal)
    reply = desk.do(command, **arguments(command, desk))
    if outcome == OK:
        assert reply.ok, reply.message
        assert command in desk.commands
    else:
        assert reply.message.startswith(f"refused: {outcome}"), reply.message
        assert (desk.cutover, len(desk.journal)) == (before, written)
    if command == "halt":
        assert desk.cutover.halted
        assert desk.hands.moving == ""
    assert not desk.is_ok or desk.cutover.phase in ("open", "committed")


def test_the_table_has_every_command_and_every_state() -> None:
    assert set(COLUMNS) == set(Command)
    assert set(STATES) == set(HALTED) == set(REACH)
    assert len(PAIRS) == 2 * 10 * 13


@pytest.mark.parametrize("halted", [False, True])
@pytest.mark.parametrize("state", REACH)
def test_every_state_survives_a_restart(state: str, halted: bool) -> None:
    desk = desk_in(state, halted=halted)
    before = desk.cutover
    desk.restart()
    after = desk.cutover
    told = ("phase", "armed", "halted", "holds", "latched", "run", "admitted", "started", "ended_utc_ns")
    assert [getattr(after, name) for name in told] == [getattr(before, name) for name in told]
    assert after.generation >= before.generation
    assert desk.is_ok == (before.phase == "committed")
    assert desk.gate.latched == ("inbound" in before.latched)
    desk.turn()
    assert desk.hands.moving == (before.run.id if before.run and not (before.run.stopped or halted or before.halted) else "")
