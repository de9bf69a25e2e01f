"""A board that the real gate machine and the real lease wrote, a clock that only tests move, and raw HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from daemon.board import Board
from gates import lease, machine
from gates.admit import ALL, Admitted
from gates.cutover import Cutover, Phase
from gates.gate import Clause, Gate, GateSpec, fresh
from gates.rules.consecutive import Consecutive
from probes.sample import NS_PER_S, Moment, Origin, Outcome, ProbeResult, Sample

DEADLINE_S = 10.0
UTC_NS = 1_796_511_600 * NS_PER_S  # 2026-12-05T23:00:00Z
MAX_AGE_S = 17
SPEC = GateSpec("inbound", (Clause(Consecutive(3, (503, 408)), ("trunk-new",)),), 1, ("trunk-old",), 5, MAX_AGE_S * NS_PER_S)
OLD, NEW = "old-secret-4711", "new-secret-0815"


@dataclass
class World:
    """Time stands still until `later`; the judge turned at this very moment until it `hangs`."""

    board: Board = field(default_factory=Board)
    now: Moment = field(default_factory=lambda: Moment(UTC_NS, 1_000 * NS_PER_S))
    gate: Gate = field(default_factory=lambda: fresh(SPEC))
    cutover: Cutover = field(default_factory=Cutover)
    sequence: int = 0
    admitted: int = ALL

    def __post_init__(self) -> None:
        self.turn()

    def clock(self) -> Moment:
        return self.now

    def mono_ns(self) -> int:
        return self.now.mono_ns

    def turn(self, *, impaired: str = "") -> None:
        """The judge publishes."""
        told = lease.lease(self.gate, self.cutover, impaired=impaired, now=self.now, admitted=self.admitted)
        self.board.cutover, self.board.impaired = self.cutover, impaired
        self.board.gates, self.board.leases = {SPEC.name: self.gate}, {SPEC.name: told}
        self.board.turned_ns = self.now.mono_ns

    def later(self, ns: int, *, turns: bool = True) -> None:
        self.now = Moment(self.now.utc_ns + ns, self.now.mono_ns + ns)
        if turns:
            self.board.turned_ns = self.now.mono_ns

    def sample(self, code: int, probe: str = "trunk-new") -> Sample:
        self.sequence += 1
        outcome = Outcome.PASS if code == 200 else Outcome.FAIL
        result = ProbeResult(outcome, code, Origin.WIRE, "status", 5_000_000)
        return Sample(probe, "here", self.sequence, self.now, self.now, result)

    def hears(self, *codes: int, probe: str = "trunk-new") -> None:
        for code in codes:
            self.gate, _ = machine.advance(self.gate, self.sample(code, probe), now=self.now)
        self.turn()

    def opens(self, phase: Phase = Phase.OPEN) -> None:
        self.cutover = Cutover(phase=phase, generation=17)
        self.turn()

    def admits(self, share: int) -> World:
        """In ten-thousandths, by an operator's word."""
        self.admitted = share
        self.cutover = replace(self.cutover, admitted={SPEC.name: Admitted(share, by_schedule=False)})
        self.turn()
        return self

    def is_healthy(self) -> World:
        """Open, and both paths pass at this moment."""
        self.opens()
        self.hears(200, probe="trunk-old")
        self.hears(200)
        return self


async def exchange(port: int, request: bytes) -> bytes:
    """Everything that the server sends until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(DEADLINE_S):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        return  # the server was first


def status(response: bytes) -> int:
    """The final status: an interim 100 is passed over. 0 where nothing came."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    line = response.removeprefix(interim).split(b"\r\n", 1)[0]
    return int(line.split()[1]) if line else 0
