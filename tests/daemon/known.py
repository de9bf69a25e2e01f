"""Phase and switches by a reading of the journal of our own, kept beside the judge in its tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reverters.entries import Body, Closed, Halted, Operated, Planned


@dataclass
class Known:
    """Phase and switches by our own reading of the durable entries."""

    phase: str = "prepared"
    armed: bool = False
    halted: bool = False
    hold: tuple[bool, int] | None = None
    latched: bool = False
    run: bool = False
    stopped: bool = False

    def read(self, body: Body) -> None:
        match body:
            case Planned():
                self.run, self.stopped, self.latched = True, False, True
            case Halted():
                self.stopped = self.run
            case Closed(outcome):
                self.phase, self.run, self.stopped = "reverted", False, False
                self.armed = self.armed and outcome != "abandoned"
            case Operated(command, arguments):
                self.operated(command, arguments)

    def operated(self, command: str, arguments: Any) -> None:
        match command:
            case "open":
                self.phase = "open"
            case "arm":
                self.armed = True
            case "disarm":
                self.armed = False
            case "commit":
                self.phase, self.armed = "committed", False
            case "halt" | "resume":
                self.halted = command == "halt"
            case "retry":
                self.stopped = False
            case "reset":
                self.phase, self.armed, self.latched = "prepared", False, False
            case "hold":
                self.hold = (arguments["answer"] == "OK", arguments["until_utc_ns"])
            case "release":
                self.hold = None
