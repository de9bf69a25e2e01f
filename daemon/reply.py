"""The answer to a command, the same over the control socket and on the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """Exit codes. `status` and `why` alone tell the state with OK, DEGRADED, UNKNOWN, TRIPPED and HALTED."""

    OK = 0
    DEGRADED = 1
    USAGE = 2
    UNKNOWN = 3
    TRIPPED = 4
    HALTED = 5
    REFUSED = 6
    NO_DAEMON = 7


@dataclass(frozen=True, slots=True)
class Reply:
    exit: Exit
    message: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.exit is Exit.OK

    def document(self) -> dict[str, Any]:
        return {"ok": self.ok, "exit": int(self.exit), "message": self.message, "data": self.data}
