"""A reload in the judge's turns: after what was asked before it, durable before it is done, and nothing else in between."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import Any, cast

from daemon.inbox import Reload
from daemon.orders import Order, Refused
from daemon.oversight import Oversight
from daemon.reply import Exit, Reply
from daemon.terms import Terms
from gates.cutover import Cutover
from gates.gate import GateSpec, GateState
from reverters.entries import Operated
from tests.daemon.desk import WINDOW, Desk, gate_spec
from tests.gates.bench import NEW, PASS, failed

F503 = failed()


class Reloaded:
    """A reload of a desk; `taken` is how often it was taken."""

    def __init__(
        self, *specs: GateSpec, kept: tuple[str, ...] = (), refused: str = "", oversight: Oversight | None = None
    ) -> None:
        self.asked: list[Cutover] = []
        self.taken = 0
        self._refused = refused
        found = {spec.name: spec for spec in specs}
        self._terms = Terms(found, WINDOW, oversight or Oversight(), frozenset(kept), frozenset({NEW}))
        self.answer: Future[Reply] = Future()
        self.message = Reload(self._decide, self._take, cast(Any, self.answer))

    def _decide(self, cutover: Cutover) -> Order | Refused:
        self.asked.append(cutover)
        return Refused(self._refused) if self._refused else Order((Operated("reload", {}),), "op", "reloaded: it")

    def _take(self) -> Terms:
        self.taken += 1
        return self._terms


def test_it_is_done_once_it_is_durable_and_not_before() -> None:
    desk = Desk()
    desk.healthy()
    reload = Reloaded(gate_spec(), gate_spec("more"), kept=("inbound",))
    desk.turn(reload.message)
    assert (reload.taken, set(desk.board.gates)) == (0, {"inbound"})
    desk.settle()
    assert (reload.taken, set(desk.board.leases)) == (1, {"inbound", "more"})
    assert reload.answer.result() == Reply(Exit.OK, "reloaded: it", {})
    assert desk.commands[-1] == "reload"


def test_it_waits_for_what_is_on_its_way_and_sees_what_that_did() -> None:
    desk = Desk()
    desk.opened()
    arm = desk.order("arm", plan=desk.digests)
    reload = Reloaded(gate_spec(), kept=("inbound",))
    desk.turn(reload.message)
    assert reload.asked == []
    desk.settle()
    assert arm.answer.result().ok
    assert reload.asked[0].armed == tuple(desk.digests)


def test_what_could_not_be_journaled_is_not_done() -> None:
    desk = Desk()
    reload = Reloaded(gate_spec("other"))
    desk.turn(reload.message)
    desk.settle(trouble="the disk is full")
    assert (reload.taken, set(desk.board.gates)) == (0, {"inbound"})
    assert reload.answer.result().message == "not durable, so not done: the disk is full"


def test_a_refusal_is_told_and_journaled_nowhere() -> None:
    desk = Desk()
    reload = Reloaded(refused="not now")
    desk.turn(reload.message)
    assert reload.answer.result() == Reply(Exit.REFUSED, "refused: not now")
    assert "reload" not in desk.commands


def test_a_kept_gate_is_the_same_object_and_another_is_unknown_and_degraded() -> None:
    desk = Desk()
    desk.opened()
    desk.hear(F503)
    before = desk.gate
    desk.turn(Reloaded(gate_spec(), kept=("inbound",)).message)
    desk.settle()
    assert desk.gate.inputs == before.inputs
    assert desk.is_ok
    changed = Reloaded(gate_spec(threshold=5))
    desk.turn(changed.message)
    desk.settle()
    assert (desk.gate.state, desk.is_ok) == (GateState.UNKNOWN, False)
    desk.hear(PASS)
    assert desk.is_ok


def test_a_latched_gate_that_changed_stays_latched() -> None:
    desk = Desk()
    desk.armed()
    desk.hear(F503, F503, F503)
    desk.settle()
    assert desk.gate.latched
    desk.turn(Reloaded(gate_spec(threshold=5)).message)
    desk.settle()
    assert (desk.gate.latched, desk.gate.state, desk.gate.ran) == (True, GateState.TRIPPED, frozenset({"rollback"}))


def test_a_removed_gate_has_no_lease_and_samples_of_its_probe_mean_nothing() -> None:
    desk = Desk(gate_spec(), gate_spec("more"))
    desk.healthy()
    desk.turn(Reloaded(gate_spec(), kept=("inbound",)).message)
    desk.settle()
    desk.hear(F503)
    assert (set(desk.board.leases), set(desk.board.gates)) == ({"inbound"}, {"inbound"})


def test_oversight_is_replaced_and_a_shadow_leaves_the_webhook() -> None:
    desk = Desk(gate_spec(), gate_spec("more"))
    desk.healthy()
    shadows = replace(desk.oversight, shadows=frozenset({"more"}))
    desk.turn(Reloaded(gate_spec(), gate_spec("more"), kept=("inbound",), oversight=shadows).message)
    desk.settle()
    assert (set(desk.board.leases), set(desk.board.gates)) == ({"inbound"}, {"inbound", "more"})


def test_a_halt_that_waits_behind_a_reload_halts_at_once() -> None:
    desk = Desk()
    desk.turn(Reloaded(gate_spec(), kept=("inbound",)).message)
    desk.turn(desk.ordered("halt"))
    assert desk.cutover.halted


def test_what_was_sent_before_we_stood_still_makes_no_ok_of_a_gate_that_a_reload_made_anew() -> None:
    desk = Desk()
    desk.opened()
    asked = desk.now
    desk.turn(ms=1_500)
    desk.turn(Reloaded(gate_spec(threshold=5)).message)
    desk.settle()
    desk.turn(desk.sample(PASS, sent=asked))
    assert (desk.is_ok, desk.reason) == (False, "disturbed")
    desk.hear(PASS)
    assert desk.is_ok


def test_a_result_of_the_probe_that_a_reload_replaced_tells_the_new_gate_nothing() -> None:
    desk = Desk()
    desk.opened()
    desk.turn(Reloaded(gate_spec(threshold=5)).message)
    back = desk.flush()
    desk.turn(*back, desk.sample(PASS))
    assert (desk.gate.state, desk.is_ok) == (GateState.UNKNOWN, False)
    desk.hear(PASS)
    assert desk.is_ok
