"""A key of a Kamailio hash table, which the routing script reads to choose a dispatcher set (module `htable`). Pure.

It is the one state that nothing of Kamailio's touches: not the replies to its own pings, not `dispatcher.reload`, and, once
`htable.store` has put the table into its database, not a restart either.
"""

from __future__ import annotations

from dataclasses import dataclass

from reverters.plan import Document
from reverters.step import Trouble
from reverters.trunk.rpc import Answer, Call, Refused, refusal, shown

NO_KEY = "Key name doesn't exist in htable."
NO_TABLE = "No such htable"


@dataclass(frozen=True, slots=True)
class Switch:
    """The state is {"value": text, whole number or None}; None: the key is not there, and the script takes its default."""

    table: str
    key: str
    is_stored: bool

    @property
    def name(self) -> str:
        return f"switch {self.table}=>{self.key}"

    @property
    def question(self) -> Call:
        return Call("htable.get", (self.table, self.key))

    @property
    def lasting(self) -> Call | None:
        return Call("htable.store", (self.table,)) if self.is_stored else None

    def state(self, told: Answer | Refused, where: str) -> Document | Trouble:
        if isinstance(told, Refused):
            return self._without(told, where)
        item = told.result.get("item") if isinstance(told.result, dict) else None
        value = item.get("value") if isinstance(item, dict) else None
        if not isinstance(value, str | int) or isinstance(value, bool):
            return Trouble(False, "unexpected", f"{where} gave {self.name} in a form that is not known")
        return {"value": value}

    def _without(self, told: Refused, where: str) -> Document | Trouble:
        if told.message == NO_KEY:
            return {"value": None}
        if told.message == NO_TABLE:
            return Trouble(False, "no-table", f"{where} has no hash table {self.table}: define it in kamailio.cfg")
        return refusal(told, self.question, where)

    def wanted(self, baseline: Document) -> Document | Trouble:
        return baseline

    def is_same(self, one: Document, other: Document) -> bool:
        return bool(one["value"] == other["value"])

    def orders(self, live: Document, wanted: Document) -> tuple[Call, ...] | Trouble:
        match wanted["value"]:
            case value if value == live["value"]:
                return ()
            case None:
                return (Call("htable.delete", (self.table, self.key)),)
            case int(value):
                return (Call("htable.seti", (self.table, self.key, value)),)
            case value:
                return (Call("htable.sets", (self.table, self.key, value)),)

    def told(self, state: Document) -> str:
        return "not set" if state["value"] is None else shown(str(state["value"]))
