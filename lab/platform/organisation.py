"""What a contact-center organisation holds: trunks, users, queues with their members, test calls. Told the time; no I/O.

What an API's clients may not see at once is `Settling`: after a change readers get the old value for a while, as from replicas
that have not heard yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from lab.platform.publishing import Publishing
from lab.platform.shelf import Shelf

QUEUES = "/api/v2/routing/queues"
T = TypeVar("T")
RoutingState = Literal["OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING"]
UserState = Literal["active", "inactive", "deleted"]


class Settling(Generic[T]):
    """A value that readers see change only after a while. Times are monotonic nanoseconds."""

    def __init__(self, value: T) -> None:
        self._seen, self._newest, self._visible_ns = value, value, 0

    def set(self, value: T, *, now_ns: int, lag_ns: int = 0) -> None:
        self._seen, self._newest, self._visible_ns = self.seen(now_ns=now_ns), value, now_ns + lag_ns

    def seen(self, *, now_ns: int) -> T:
        return self._newest if now_ns >= self._visible_ns else self._seen

    @property
    def newest(self) -> T:
        return self._newest


@dataclass(slots=True)
class Trunk:
    """One edge's instance of a trunk. `registers` and `options` say of each proxy whether its last answer was a good one; an
    empty mapping means that this trunk sends none.
    """

    id: str
    name: str
    in_service: bool = True
    connected: bool | None = True
    """None: the platform tells nothing of it."""
    registers: dict[str, bool] = field(default_factory=dict)
    options: dict[str, bool] = field(default_factory=dict)
    type: Literal["EXTERNAL", "PHONE", "EDGE"] = "EXTERNAL"


@dataclass(slots=True)
class User:
    id: str
    name: str
    state: UserState = "active"
    version: int = 1
    routing: RoutingState = "IDLE"


@dataclass(frozen=True, slots=True)
class Member:
    """A user's place in a queue; `routing` overrides the copy of the user's routing state that the queue holds."""

    joined: bool = True
    ring: int = 1
    routing: RoutingState | None = None


@dataclass(slots=True)
class Queue:
    id: str
    name: str
    members: Settling[dict[str, Member]] = field(default_factory=lambda: Settling({}))


@dataclass(frozen=True, slots=True)
class Call:
    """A test call; `state` and `queue` are what it will have come to at `ends_ns`."""

    id: str
    flow: str
    ends_ns: int
    state: str
    queue: str | None


@dataclass(slots=True)
class Organisation:
    """`test_call_…` say what becomes of test calls started from now on; they end in nothing while `test_calls_end` is False."""

    id: str = "0rg00000-0000-4000-8000-000000000001"
    name: str = "lab"
    trunks: dict[str, Trunk] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    test_calls: dict[str, Call] = field(default_factory=dict)
    test_call_state: str = "completed"
    test_call_queue: str | None = None
    test_call_takes_ns: int = 0
    test_calls_end: bool = True
    membership_lag_ns: int = 0
    """How long the members that readers see stay behind a change."""
    version: dict[str, str] = field(default_factory=dict)
    """By flow: the version that is published."""
    shelf: Shelf = field(default_factory=Shelf)
    """Everything else, by the path it is read at."""
    publishing: Publishing = field(default_factory=Publishing)
    script_check: Literal[200, 206, 409] = 200
    """What CXone says of a script that is saved: well, with warnings, not at all."""
    most_script_history: int = 20

    def add_trunk(self, trunk: Trunk) -> Trunk:
        self.trunks[trunk.id] = trunk
        return trunk

    def add_agents(self, queue: Queue, *users: User) -> None:
        """Users of the organisation and joined members of the queue, at once and for every reader."""
        self.queues[queue.id] = queue
        self.users.update({user.id: user for user in users})
        queue.members = Settling({**queue.members.newest, **{user.id: Member() for user in users}})

    def start_test_call(self, flow: str, *, now_ns: int) -> Call:
        number = len(self.test_calls) + 1
        call = Call(f"tc-{number}", flow, now_ns + self.test_call_takes_ns, self.test_call_state, self.test_call_queue)
        self.test_calls[call.id] = call
        return call

    def state_of(self, call: Call, *, now_ns: int) -> str:
        return call.state if self.test_calls_end and now_ns >= call.ends_ns else "running"

    def join(self, queue: Queue, changes: dict[str, bool], *, now_ns: int) -> None:
        """Of users who are members; the others are disregarded, as the vendor's description has it."""
        members = dict(queue.members.newest)
        for user, joined in changes.items():
            if user in members:
                members[user] = Member(joined, members[user].ring, members[user].routing)
        queue.members.set(members, now_ns=now_ns, lag_ns=self._lag_ns(queue))

    def change_member(self, queue: Queue, user: str, *, joined: bool | None, ring: int | None, now_ns: int) -> None:
        """None leaves it as it is."""
        member = queue.members.newest[user]
        changed = Member(member.joined if joined is None else joined, member.ring if ring is None else ring, member.routing)
        queue.members.set({**queue.members.newest, user: changed}, now_ns=now_ns, lag_ns=self._lag_ns(queue))

    def change_members(self, queue: Queue, users: list[str], *, remove: bool, now_ns: int) -> None:
        members = dict(queue.members.newest)
        for user in users:
            if remove:
                members.pop(user, None)
            elif user in self.users:
                members.setdefault(user, Member())
        queue.members.set(members, now_ns=now_ns, lag_ns=self._lag_ns(queue))

    def _lag_ns(self, queue: Queue) -> int:
        return max(self.membership_lag_ns, self.shelf.lag_of(f"{QUEUES}/{queue.id}/members"))
