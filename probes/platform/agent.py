"""Whether what a platform says of an agent in three places agrees, and what share of several do. Pure.

An agent agrees when

* the user is `active` (`GET /api/v2/users`),
* the queue's own list of members has them, and `joined` (`GET /api/v2/routing/queues/{id}/members`), and
* the queue's copy of their routing state and the live one (`GET /api/v2/users/{id}/routingstatus`) say the same of whether they
  are on the queue. Which of IDLE, INTERACTING, COMMUNICATING and NOT_RESPONDING changes with each call, so between two requests
  too; on or off the queue does not. An agent who is off the queue, on a break, agrees when both say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from probes.exchange.document import MISSING, Json, at
from probes.exchange.verdict import SERVICE_UNAVAILABLE, Facts, visible
from probes.platform.share import Verdict, decide, most_ill
from probes.platform.telling import OK, Untold
from probes.sample import Origin, Outcome, ProbeResult

MOST_LISTED = 1_000
"""Of one page that are looked at: a hundred are asked for, and going through all that fit into an answer would hold the loop."""
OFF_QUEUE = "OFF_QUEUE"
ROUTING = frozenset({OFF_QUEUE, "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING"})


class Disagreement(StrEnum):
    UNKNOWN = "unknown-user"
    INACTIVE = "inactive"
    NO_MEMBER = "not-a-member"
    NOT_JOINED = "not-joined"
    ROUTING = "routing-differs"


@dataclass(frozen=True, slots=True)
class Member:
    """What the queue's list says. `routing` is its copy of the routing state; None where it says none."""

    joined: bool
    routing: str | None


Judged = Disagreement | Untold | None
"""None: everything agrees."""


def states(listing: Json) -> dict[str, str]:
    """Of a page of users, the state of each by id."""
    pairs = ((user.get("id"), user.get("state")) for user in _entities(listing))
    return {id: state for id, state in pairs if isinstance(id, str) and isinstance(state, str)}


def members(listing: Json) -> dict[str, Member]:
    """Of a page of a queue's members, each by id. One that is no object with an id and `joined` is left out."""
    found: dict[str, Member] = {}
    for member in _entities(listing):
        id, joined = member.get("id"), member.get("joined")
        if isinstance(id, str) and isinstance(joined, bool):
            copy = at(member, "/routingStatus/status")
            found[id] = Member(joined, copy if isinstance(copy, str) else None)
    return found


def is_last(listing: Json, *, size: int) -> bool:
    """The vendor's list of members tells no total: it ends with a page that is not full and names no next one, or is empty."""
    found = _entities(listing)
    return not found or (len(found) < size and at(listing, "/nextUri") is MISSING)


def _entities(listing: Json) -> list[dict[str, Json]]:
    entities = listing.get("entities") if isinstance(listing, dict) else None
    return [each for each in entities[:MOST_LISTED] if isinstance(each, dict)] if isinstance(entities, list) else []


def judge(state: str | None, member: Member | None, live: Json | Untold) -> Judged:
    """`state` is the user's, None where there is no such user; `live` the document of the live routing state."""
    if state != "active":
        return Disagreement.UNKNOWN if state is None else Disagreement.INACTIVE
    if member is None:
        return Disagreement.NO_MEMBER
    if not member.joined:
        return Disagreement.NOT_JOINED
    if isinstance(live, Untold):
        return live
    status = at(live, "/status")
    if not isinstance(status, str) or status not in ROUTING:
        return _silent("the live routing state")
    if member.routing not in ROUTING:
        return _silent("the queue's copy of the routing state")
    return None if (status == OFF_QUEUE) == (member.routing == OFF_QUEUE) else Disagreement.ROUTING


def _silent(what: str) -> Untold:
    return Untold(ProbeResult(Outcome.ERROR, None, Origin.WIRE, "not-told", 0, {"detail": f"the platform does not say {what}"}))


def fold(agents: Collection[Judged], *, at_least: float) -> ProbeResult:
    """One result for the sample: PASS where a share of `at_least` agrees. Its duration is for the caller to fill in.

    `agreed` of the `asked` that were told of agree; where the `unread` would decide the result is what is said of them.
    """
    untold = [each for each in agents if isinstance(each, Untold)]
    doubts = Counter(each for each in agents if isinstance(each, Disagreement))
    asked = len(agents) - len(untold)
    agreed = asked - doubts.total()
    verdict = decide(ill=doubts.total(), untold=len(untold), most_ill=most_ill(len(agents), at_least=at_least))
    if verdict is Verdict.OPEN:
        return replace(untold[0].result, facts={**untold[0].result.facts, "read": asked, "unread": len(untold)})
    facts: Facts = {"agreed": agreed, "asked": asked, "unread": len(untold)}
    if doubts:
        facts["detail"] = visible(", ".join(f"{count} {doubt}" for doubt, count in doubts.most_common()))
    if verdict is Verdict.WELL:
        return ProbeResult(Outcome.PASS, OK, Origin.WIRE, "agree", 0, facts)
    return ProbeResult(Outcome.FAIL, SERVICE_UNAVAILABLE, Origin.WIRE, "disagree", 0, facts)
