"""What can go wrong on the night, as short scripts. They see the world and an operator's hands, never the daemon's inside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from lab.sip import Answer, Silent
from lab.world import BASELINE_ADDRESS, NEW_ADDRESS, World


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

    async def until(self, *, within_s: float, **wanted: str) -> dict[str, Any]:
        """Ask the webhook until the answer has these fields. Raises `Stuck`."""
        ...

    async def run_ended(self, *, within_s: float) -> dict[str, Any]:
        """The run's next end: {"kind": "closed" or "halted", …}. Raises `Stuck` when none comes in time."""
        ...

    async def no_run(self, *, for_s: float) -> None:
        """Watch for a while. Raises `Stuck` when a run begins."""
        ...

    async def restart(self) -> None:
        """Stop the daemon in order and start it again from its journal."""
        ...

    def mend_key(self) -> None:
        """Put the right TSIG secret where the configuration looks for it."""
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
    wrong_key: bool = False


def told(answer: dict[str, Any]) -> str:
    reason = f", {answer['reason']}" if answer["reason"] else ""
    return f"{answer['cutoverStatus']} (route {answer['route']}, {answer['state']}{reason})"


async def _cut_over(night: Night) -> str:
    """The part that every night begins with: baseline, cutover, open, arm. Returns the plan's digest."""
    night.say(f"record before the cutover   {await night.world.record()}")
    night.say(f"webhook before `open`       {told(await night.webhook())}")
    captured = await night.command("baseline-capture")
    night.say(f"baseline captured           {captured['id'][:12]}: {len(captured['objects'])} object, immutable from here on")
    await night.world.cut_over()
    night.say(f"cutover: record moved       {await night.world.record()}")
    await night.command("open")
    night.say(f"open: the IVR is told       {told(await night.until(cutoverStatus='OK', within_s=8))}")
    plan = (await night.command("plan"))["plans"][0]
    await night.command("arm", plan=[plan["digest"]])
    night.say(f"armed for plan              {plan['name']}, digest {plan['digest'][:12]}…")
    night.say("")
    return str(plan["digest"])


async def _degraded(night: Night) -> None:
    night.say(f"the IVR is told             {told(await night.until(cutoverStatus='DEGRADED', within_s=10))}")


async def _restored(night: Night, before: dict[str, Any]) -> bool:
    """What every reverted night ends with: the run closed, the record back, callers on the baseline path."""
    ended = await night.run_ended(within_s=20)
    if ended["kind"] != "closed":
        raise Stuck(f"the run halted: {ended['detail']}")
    night.say("")
    after, record = await night.webhook(), await night.world.record()
    night.say(f"record after the run        {record}")
    night.say(f"webhook before and after    {told(before)}  →  {told(after)}")
    night.say(f"recovery time               {ended['recovery_s']:.1f} s of {ended['objective_s']:.0f} s objective")
    return BASELINE_ADDRESS in record and after["cutoverStatus"] == "DEGRADED" and before["cutoverStatus"] == "OK"


async def _trunk_503(night: Night) -> bool:
    await _cut_over(night)
    before = await night.webhook()
    night.say("the new trunk breaks: every OPTIONS is answered 503 Service Unavailable, Retry-After: 30")
    night.world.new.behaviour = Answer(503, retry_after=30)
    await _degraded(night)
    return await _restored(night, before)


async def _silent_trunk(night: Night) -> bool:
    await _cut_over(night)
    before = await night.webhook()
    night.say("the new trunk falls silent: no OPTIONS is answered any more")
    night.world.new.behaviour = Silent()
    await _degraded(night)
    return await _restored(night, before)


async def _both_paths_bad(night: Night) -> bool:
    await _cut_over(night)
    night.say("both trunks break: 503 on the new path and on the baseline path")
    night.world.old.behaviour = night.world.new.behaviour = Answer(503)
    await night.until(state="INCONCLUSIVE", within_s=10)
    night.say("going back would not help: nothing may be reverted; people must look")
    await night.no_run(for_s=4)
    record = await night.world.record()
    night.say(f"record, left alone          {record}")
    return NEW_ADDRESS in record and (await night.webhook())["state"] == "INCONCLUSIVE"


async def _switch_over(night: Night) -> bool:
    await _cut_over(night)
    night.say("the new SBC switches over to its standby: 503 for 4 s, as in any ordinary night")
    night.world.new.behaviour = Answer(503)
    await _degraded(night)
    await night.no_run(for_s=4)
    night.world.new.behaviour = Answer(200)
    night.say("the standby answers")
    night.say(f"the IVR is told             {told(await night.until(cutoverStatus='OK', state='HEALTHY', within_s=10))}")
    await night.no_run(for_s=1)
    record = await night.world.record()
    night.say(f"record, left alone          {record}")
    return NEW_ADDRESS in record


async def _wrong_key(night: Night) -> bool:
    await _cut_over(night)
    before = await night.webhook()
    night.say("the new trunk breaks, and the TSIG key in our hands is not the name server's")
    night.world.new.behaviour = Answer(503)
    await _degraded(night)
    ended = await night.run_ended(within_s=20)
    if ended["kind"] != "halted":
        raise Stuck("the run went through with a wrong key")
    night.say(f"halted, a human is needed   {ended['detail']}")
    if NEW_ADDRESS not in await night.world.record():
        raise Stuck("the record moved although the run halted")
    night.mend_key()
    night.say("the key is mended; the operator says `retry`")
    await night.command("retry")
    return await _restored(night, before)


async def _commit(night: Night) -> bool:
    digest = await _cut_over(night)
    await night.command("commit", plan=[digest])
    night.say(f"committed: the IVR is told  {told(await night.webhook())}")
    await night.restart()
    answer = await night.webhook()
    night.say(f"restarted: the IVR is told  {told(answer)}")
    await night.until(state="HEALTHY", within_s=10)
    night.say("the new trunk stumbles, hours later")
    night.world.new.behaviour = Answer(503)
    await night.until(state="TRIPPED", within_s=10)
    await night.no_run(for_s=2)
    record, after = await night.world.record(), await night.webhook()
    night.say(f"record, left alone          {record}; the IVR is told {told(after)}")
    return answer["cutoverStatus"] == after["cutoverStatus"] == "OK" and NEW_ADDRESS in record


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("trunk-503", "the new trunk answers 503: the gate trips, the record goes back", "1s", _trunk_503),
        Scenario("silent-trunk", "the new trunk falls silent: the gate trips, the record goes back", "1s", _silent_trunk),
        Scenario("both-paths-bad", "both paths answer 503: INCONCLUSIVE, nothing is reverted", "1s", _both_paths_bad),
        Scenario("switch-over", "503 for 4 s under confirm_for 10 s: DEGRADED and back, no run", "10s", _switch_over),
        Scenario(
            "wrong-key",
            "the TSIG key is wrong: the run halts; mended and retried, it ends well",
            "1s",
            _wrong_key,
            wrong_key=True,
        ),
        Scenario("commit", "a healthy night that ends well, a restart included", "1s", _commit),
    )
}
