"""The `agent_consistency` probe: the share of agents of whom a Genesys Cloud organisation says the same wherever it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from probes.exchange import attempts
from probes.exchange.api import Api
from probes.exchange.document import Json
from probes.platform import agent, asking
from probes.platform.agent import Judged, Member
from probes.platform.asking import Asking
from probes.platform.busy import Busy
from probes.platform.rota import Rota
from probes.platform.telling import Untold
from probes.probe import Cancel, Report
from probes.sample import Origin, Outcome, ProbeResult

USERS, QUEUES = "/api/v2/users", "/api/v2/routing/queues"
MEMBERS_PAGE = 100
"""The most that the vendor gives on one page."""
USERS_PAGE = 50
"""Ids of users in one URL, which so stays within two thousand characters."""
MOST_PAGES = 50
"""Of a queue's members."""

_BEYOND = Untold(
    ProbeResult(
        Outcome.ERROR,
        None,
        Origin.SELF,
        "too-many-members",
        0,
        {"detail": f"not among the first {MOST_PAGES * MEMBERS_PAGE} members of the queue"},
    )
)


@dataclass(frozen=True, slots=True)
class _Membership:
    """What was read of the queue's members; `rest` is said of an agent who is not among them."""

    members: Mapping[str, Member]
    rest: Untold | None


class AgentConsistencyProbe:
    """Asks of the next agents of the `rota` whether they agree (`probes.platform.agent`), and PASSes where `at_least` do."""

    def __init__(self, api: Api, queue: str, rota: Rota, *, at_least: float, timeout_ns: int) -> None:
        self._api = api
        self._queue = queue
        self._rota = rota
        self._at_least = at_least
        self._timeout_ns = timeout_ns
        self._busy = Busy()

    def begin(self, report: Report) -> Cancel:
        return attempts.begin(self._busy.alone(self._attempt), report)

    async def _attempt(self) -> ProbeResult:
        platform = Asking(self._api, timeout_ns=self._timeout_ns)
        judged = await self._judged(platform, self._rota.take())
        return replace(agent.fold(judged, at_least=self._at_least), duration_ns=platform.elapsed_ns)

    async def _judged(self, platform: Asking, agents: Sequence[str]) -> list[Judged]:
        """Where the users or the members cannot be read, the live state of each need not be asked for."""
        states = await self._states(platform, agents)
        if isinstance(states, Untold):
            return [states] * len(agents)
        membership = await self._membership(platform, agents)
        worth = [each for each in agents if each in membership.members]
        live = await asking.each(worth, lambda id: platform.read(f"{USERS}/{quote(id, safe='')}/routingstatus"))
        return [_judge(each, states, membership, live) for each in agents]

    async def _states(self, platform: Asking, agents: Sequence[str]) -> dict[str, str] | Untold:
        found: dict[str, str] = {}
        for first in range(0, len(agents), USERS_PAGE):
            ids = "&".join(f"id={quote(id, safe='')}" for id in agents[first : first + USERS_PAGE])
            listing = await platform.read(f"{USERS}?state=any&pageSize={USERS_PAGE}&{ids}")
            if isinstance(listing, Untold):
                return listing
            found |= agent.states(listing)
        return found

    async def _membership(self, platform: Asking, agents: Sequence[str]) -> _Membership:
        """Page by page, until all of these agents were found or the list ends."""
        url = f"{QUEUES}/{quote(self._queue, safe='')}/members?expand=routingStatus&pageSize={MEMBERS_PAGE}&pageNumber="
        found: dict[str, Member] = {}
        for page in range(1, MOST_PAGES + 1):
            listing = await platform.read(f"{url}{page}")
            if isinstance(listing, Untold):
                return _Membership(found, listing)
            found |= agent.members(listing)
            if found.keys() >= set(agents) or agent.is_last(listing, size=MEMBERS_PAGE):
                return _Membership(found, None)
        return _Membership(found, _BEYOND)


def _judge(id: str, states: Mapping[str, str], membership: _Membership, live: Mapping[str, Json | Untold]) -> Judged:
    """A user who is not active disagrees whatever the queue says."""
    state, member = states.get(id), membership.members.get(id)
    if member is None and membership.rest is not None and state == "active":
        return membership.rest
    return agent.judge(state, member, live.get(id))
