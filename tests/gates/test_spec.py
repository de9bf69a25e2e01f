"""What a gate works out of its clauses, once."""

from __future__ import annotations

from typing import ClassVar

from gates.gate import Clause, GateSpec
from gates.rules.consecutive import Consecutive
from gates.rules.failures import Failures


class Compared(str):
    """A name that counts how often it is compared with another one."""

    __slots__ = ()
    times: ClassVar[list[int]] = [0]

    def __eq__(self, other: object) -> bool:
        self.times[0] += 1
        return str.__eq__(self, str(other))

    __hash__ = str.__hash__


def test_a_gate_of_a_thousand_probes_is_made_in_steps_that_grow_with_their_number_and_not_with_its_square() -> None:
    names = tuple(Compared(f"probe-{number}") for number in range(1_000))
    clauses = (Clause(Consecutive(3, (503,)), names, 2), Clause(Failures(3, 5, (503,)), names, 2))
    Compared.times[0] = 0
    spec = GateSpec("inbound", clauses, 1, (), 5, 1_000)
    assert Compared.times[0] < 20 * len(names)
    assert spec.needed == names


def test_what_a_probe_counts_is_that_of_the_clauses_that_name_it() -> None:
    clauses = (
        Clause(Consecutive(3, (503,)), ("a", "b")),
        Clause(Consecutive(5, (408,)), ("b", "c")),
        Clause(Consecutive(2, (503,)), ("b",)),
        Clause(Failures(3, 5, (500,)), ("c", "d")),
    )
    countings = GateSpec("inbound", clauses, 1, ("e",), 5, 1_000).countings
    told = {probe: [(sorted(each.codes), each.threshold) for each in found] for probe, found in countings.items()}
    assert told == {
        "a": [([503], 3)],
        "b": [([503], 3), ([408], 5)],
        "c": [([408], 5)],
        "d": [([500], 3)],
        "e": [([503], 5)],
    }
