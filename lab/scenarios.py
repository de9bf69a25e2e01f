"""What can go wrong on the night, as short scripts. They see the world and an operator's hands, never the daemon's inside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from lab.sip import Answer
from lab.world import BASELINE_ADDRESS, World


class Night(Protocol):
    """The operator's hands and eyes during a scenario."""

    world: World

    def say(self, text: str) -> None: ...

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        """A command over the control socket, as the command line sends it; raises `Stuck` when refused."""
        ...

    async def webhook(self) -> dict[str, Any]:
        """What the IVR is told at this moment."""
        ...

    async def until_answer(self, answer: str, *, within_s: float) -> dict[str, Any]: ...

    async def until_closed(self, *, within_s: float) -> dict[str, Any]:
        """Wait for the run's end: its closing entry. Raises `Stuck` when it halts or takes longer."""
        ...


class Stuck(Exception):
    """The scenario did not go as its script says."""


Script = Callable[[Night], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`script` returns whether the world ended as it should."""

    name: str
    summary: str
    confirm_for: str
    script: Script


async def _cut_over(night: Night) -> None:
    """The part that every night begins with: baseline, cutover, open, arm."""
    night.say(f"record before the cutover   {await night.world.record()}")
    night.say(f"webhook before `open`       {told(await night.webhook())}")
    captured = await night.command("baseline-capture")
    night.say(f"baseline captured           {captured['id'][:12]}: {len(captured['objects'])} object, immutable from here on")
    await night.world.cut_over()
    night.say(f"cutover: record moved       {await night.world.record()}")
    await night.command("open")
    night.say(f"open: the IVR is told       {told(await night.until_answer('OK', within_s=8))}")
    plan = (await night.command("plan"))["plans"][0]
    await night.command("arm", plan=[plan["digest"]])
    night.say(f"armed for plan              {plan['name']}, digest {plan['digest'][:12]}…")


async def _trunk_503(night: Night) -> bool:
    await _cut_over(night)
    before = await night.webhook()
    night.say("")
    night.say("the new trunk breaks: every OPTIONS is answered 503 Service Unavailable, Retry-After: 30")
    night.world.new.behaviour = Answer(503, retry_after=30)
    degraded = await night.until_answer("DEGRADED", within_s=10)
    night.say(f"the IVR is told             {told(degraded)}")
    closed = await night.until_closed(within_s=20)
    night.say("")
    after = await night.webhook()
    record = await night.world.record()
    night.say(f"record after the run        {record}")
    night.say(f"webhook before and after    {told(before)}  →  {told(after)}")
    night.say(f"recovery time               {closed['recovery_s']:.1f} s of {closed['objective_s']:.0f} s objective")
    return BASELINE_ADDRESS in record and after["cutoverStatus"] == "DEGRADED" and before["cutoverStatus"] == "OK"


def told(answer: dict[str, Any]) -> str:
    reason = f", {answer['reason']}" if answer["reason"] else ""
    return f"{answer['cutoverStatus']} (route {answer['route']}, {answer['state']}{reason})"


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (Scenario("trunk-503", "the new trunk answers 503: the gate trips, the record goes back", "1s", _trunk_503),)
}
