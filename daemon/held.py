"""What registrars are known to hold for one AOR, out of the results of a query. Pure."""

from __future__ import annotations

from probes.sample import NS_PER_S, Outcome, Sample

HOLDS_NONE = frozenset({"not-registered", "other-contact", "lost", "unknown-aor"})
"""The reasons by which a registrar says that it holds nothing of ours; any other failure leaves open what it holds."""


class Held:
    """`hear` each sample of one probe. One registrar that holds a binding is enough, as for a trunk one target that answers."""

    __slots__ = ("_ends_ns", "_told")

    def __init__(self) -> None:
        self._told: dict[str, Sample] = {}
        self._ends_ns: dict[str, int] = {}

    def hear(self, sample: Sample) -> None:
        result = sample.result
        if result.target:
            for target in self._told.keys() - set(result.among):
                del self._told[target]
                self._ends_ns.pop(target, None)
        self._told[result.target] = sample
        left = result.facts.get("expires_s")
        if isinstance(left, int) and left > 0 and result.outcome is Outcome.PASS:
            self._ends_ns[result.target] = sample.at.mono_ns + left * NS_PER_S
        elif result.outcome is Outcome.PASS or result.reason in HOLDS_NONE:
            self._ends_ns.pop(result.target, None)

    def registered(self) -> bool | None:
        """By what each registrar said last; None where none says that it holds a binding and not each that it holds none."""
        if any(sample.result.outcome is Outcome.PASS for sample in self._told.values()):
            return True
        denied = [sample.result.reason in HOLDS_NONE for sample in self._told.values()]
        return False if denied and all(denied) else None

    def ends_ns(self, *, now_ns: int) -> int | None:
        """When the last binding ends that a registrar told of, also while it cannot be asked. Monotonic; None: there is none."""
        return max((ends for ends in self._ends_ns.values() if ends > now_ns), default=None)
