"""Which destinations of a dispatcher set are disabled (module `dispatcher`). Pure.

Of Kamailio's states only D (disabled) is an operator's word that its pings respect: I (inactive) is what the pings find, and a
destination that is set inactive by hand is active again as soon as it answers the next one. Disabled lasts until the list is
read again, at `dispatcher.reload` and at a restart: then the flags of the list hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reverters.plan import Document
from reverters.step import Trouble
from reverters.trunk.rpc import Answer, Call, Refused, refusal, shown

DISABLED, PROBING = "D", "P"


@dataclass(frozen=True, slots=True)
class DispatcherSet:
    """The state is {"flags": {URI: two letters as `dispatcher.list` gives them: A, T, I or D, then P or X}}."""

    id: int

    @property
    def name(self) -> str:
        return f"dispatcher set {self.id}"

    @property
    def question(self) -> Call:
        return Call("dispatcher.list")

    @property
    def lasting(self) -> Call | None:
        return None

    def state(self, told: Answer | Refused, where: str) -> Document | Trouble:
        if isinstance(told, Refused):
            return refusal(told, self.question, where)
        try:
            found = _listed(told.result).get(self.id)
            flags = None if found is None else dict(found)
        except (KeyError, TypeError, AttributeError):
            return Trouble(False, "unexpected", f"{where} gave its dispatcher list in a form that is not known")
        if found is None or flags is None:
            return Trouble(False, "no-set", f"{where} has no {self.name}")
        if len(flags) < len(found):
            detail = f"{where} holds one address twice in {self.name}: an order to disable it would reach only the first"
            return Trouble(False, "ambiguous", detail)
        return {"flags": flags}

    def wanted(self, baseline: Document) -> Document | Trouble:
        return baseline

    def is_same(self, one: Document, other: Document) -> bool:
        """A destination that is only in one of them counts when callers could reach it."""
        return _open(one["flags"]) == _open(other["flags"])

    def orders(self, live: Document, wanted: Document) -> tuple[Call, ...] | Trouble:
        """First all that must be reachable, then what must not."""
        now, then = _open(live["flags"]), _open(wanted["flags"])
        lost = sorted(then - set(live["flags"]))
        if lost:
            listed = shown(", ".join(lost))
            return Trouble(False, "missing", f"{self.name} does not hold {listed} any more: put it back into the list and reload")
        enable = [self._order("ap" if PROBING in wanted["flags"][uri] else "a", uri) for uri in sorted(then - now)]
        disable = [self._order("d", uri) for uri in sorted(now - then)]
        return (*enable, *disable)

    def _order(self, state: str, uri: str) -> Call:
        return Call("dispatcher.set_state", (state, self.id, uri))

    def told(self, state: Document) -> str:
        return shown(", ".join(f"{uri} {flags}" for uri, flags in sorted(state["flags"].items())) or "empty")


def _open(flags: Mapping[str, str]) -> frozenset[str]:
    """The destinations that are not disabled."""
    return frozenset(uri for uri, each in flags.items() if DISABLED not in each)


def _listed(result: Any) -> dict[int, list[tuple[str, str]]]:
    """By number of the set. Raises KeyError, TypeError or AttributeError where the shape is another."""
    return {
        record["SET"]["ID"]: [
            (each["DEST"]["URI"], each["DEST"]["FLAGS"].strip()) for each in record["SET"]["TARGETS"]
        ]
        for record in result["RECORDS"]
    }  # fmt: skip
