"""How many requests a second a Kamailio pipe lets pass (module `pipelimit`). Pure.

The storm of registrations after a move of DNS is made by everybody at once, and stopped at the SBC: a step before the move
sets the limit, and a step at the end of the plan restores it. A pipe's limit lives in memory: at a restart, what kamailio.cfg
or its database says holds again.
"""

from __future__ import annotations

from dataclasses import dataclass

from reverters.plan import Document
from reverters.step import Trouble
from reverters.trunk.rpc import Answer, Call, Refused, refusal

BY_RATE = ("TAILDROP", "RED")
"""Algorithms whose limit is requests a second; of FEEDBACK it is a load of the CPU, and of NETWORK a queue of bytes."""
NO_LIMIT = "NOP"


@dataclass(frozen=True, slots=True)
class Pipe:
    """The state is {"algorithm": name, "limit": number}. `limit` None: the step restores the baseline; otherwise it sets that
    many requests a second, or the baseline's where those are fewer."""

    pipe: str
    limit: int | None

    @property
    def name(self) -> str:
        return f"pipe {self.pipe}"

    @property
    def question(self) -> Call:
        return Call("pl.list", (self.pipe,))

    @property
    def lasting(self) -> Call | None:
        return None

    def state(self, told: Answer | Refused, where: str) -> Document | Trouble:
        if isinstance(told, Refused):
            if told.message.startswith("Unknown pipe"):
                detail = f"{where} has no {self.name}: it must be there from the start, by pipelimit's database"
                return Trouble(False, "no-pipe", detail)
            return refusal(told, self.question, where)
        match told.result:
            case [{"name": self.pipe, "algorithm": str(algorithm), "limit": int(limit)}]:
                return {"algorithm": algorithm, "limit": limit}
        return Trouble(False, "unexpected", f"{where} gave {self.name} in a form that is not known")

    def wanted(self, baseline: Document) -> Document | Trouble:
        if self.limit is None:
            return baseline
        if baseline["algorithm"] == NO_LIMIT:
            return {"algorithm": BY_RATE[0], "limit": self.limit}
        if baseline["algorithm"] not in BY_RATE:
            detail = f"{self.name} limits by {baseline['algorithm']}, which is no number of requests a second: limit another pipe"
            return Trouble(False, "badspec", detail)
        return {"algorithm": baseline["algorithm"], "limit": min(self.limit, baseline["limit"])}

    def is_same(self, one: Document, other: Document) -> bool:
        return (one["algorithm"], one["limit"]) == (other["algorithm"], other["limit"])

    def orders(self, live: Document, wanted: Document) -> tuple[Call, ...] | Trouble:
        if self.is_same(live, wanted):
            return ()
        return (Call("pl.set_pipe", (self.pipe, wanted["algorithm"], wanted["limit"])),)

    def told(self, state: Document) -> str:
        return "no limit" if state["algorithm"] == NO_LIMIT else f"{state['limit']} a second ({state['algorithm']})"
