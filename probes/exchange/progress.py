"""How far one exchange has come, noted as it goes, so that whatever ends it can be told with its place and its times."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from probes.exchange.values import NoResponse, Phase, Reason, Timings
from probes.records import Fault
from probes.sample import Origin

Now = Callable[[], int]
"""Monotonic nanoseconds."""


class Progress:
    """Mutable and of one exchange. `enter` the phases as they come; each one's time is kept."""

    __slots__ = (
        "_began_ns",
        "_now",
        "_phase",
        "_spent",
        "_started_ns",
        "certificate_not_after_ns",
        "is_kept",
        "peer",
        "sent",
        "status",
    )

    def __init__(self, now: Now) -> None:
        self._now = now
        self._started_ns = self._began_ns = now()
        self._phase = Phase.BUDGET
        self._spent: dict[Phase, int] = {}
        self.is_kept = False
        """A connection that was there already is used, and nothing has come over it for this exchange."""
        self.peer = ""
        self.sent = b""
        self.status: int | None = None
        self.certificate_not_after_ns: int | None = None

    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def is_sent(self) -> bool:
        return self._phase in (Phase.RESPONSE, Phase.BODY)

    def enter(self, phase: Phase) -> None:
        now = self._now()
        self._spent[self._phase] = self._spent.get(self._phase, 0) + now - self._began_ns
        self._phase, self._began_ns = phase, now

    def again(self) -> None:
        """The request is sent a second time: what was measured of the first says nothing of the second."""
        self.enter(Phase.AUTHORIZATION)
        waited = sum(self._spent.get(phase, 0) for phase in _WAITING)
        past = sum(self._spent.values()) - waited
        self._spent = {Phase.AUTHORIZATION: waited + past}
        self.peer, self.status, self.certificate_not_after_ns = "", None, None

    def timings(self) -> Timings:
        now = self._now()
        spent = {**self._spent, self._phase: self._spent.get(self._phase, 0) + now - self._began_ns}
        return Timings(
            dns_ns=spent.get(Phase.DNS),
            connect_ns=spent.get(Phase.CONNECT),
            tls_ns=spent.get(Phase.TLS),
            first_byte_ns=spent.get(Phase.RESPONSE),
            waited_ns=sum(spent.get(phase, 0) for phase in _WAITING),
            total_ns=now - self._started_ns,
        )

    def ended(self, reason: str, origin: Origin, *, is_ours: bool = False, detail: str = "") -> NoResponse:
        return NoResponse(
            reason=reason,
            origin=origin,
            is_ours=is_ours,
            phase=self._phase,
            detail=detail,
            is_sent=self.is_sent,
            status=self.status,
            timings=self.timings(),
            peer=self.peer,
            sent=self.sent,
        )

    def timed_out(self) -> NoResponse:
        """Silence is the server's fault only where it had most of the time."""
        match self._phase:
            case Phase.BUDGET:
                return self.ended(Reason.BUDGET, Origin.SELF, is_ours=True)
            case Phase.AUTHORIZATION:
                return self.ended(Reason.LOGIN_UNAVAILABLE, Origin.TIMEOUT, is_ours=True, detail="no token in time")
            case Phase.CONNECTION:
                return self.ended(Reason.BUSY, Origin.SELF, is_ours=True)
            case Phase.DNS:
                return self.ended(Fault.TIMEOUT, Origin.DNS, is_ours=True)
        timings = self.timings()
        if (timings.dns_ns or 0) > timings.total_ns // 2:
            return self.ended(Reason.DNS_SLOW, Origin.DNS, is_ours=True)
        if (timings.dns_ns or 0) + timings.waited_ns > timings.total_ns // 2:
            return self.ended(Reason.LATE, Origin.SELF, is_ours=True)
        return self.ended(Reason.TIMEOUT, Origin.TIMEOUT)


_WAITING = (Phase.BUDGET, Phase.AUTHORIZATION, Phase.CONNECTION)

CURRENT: ContextVar[Progress] = ContextVar("the exchange that this task carries out")


class Unanswered(Exception):
    """Carries why there is no answer through aiohttp, which would take an error of its own kinds for a reason to try again."""

    def __init__(self, ended: NoResponse) -> None:
        super().__init__(ended.reason)
        self.ended = ended
