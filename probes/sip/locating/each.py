"""One attempt at a name: first where it leads, then each of those, all at once. And what is said where it leads nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from probes.clock import mono_ns
from probes.probe import Cancel, Report
from probes.records import Fault
from probes.sample import Origin, Outcome, ProbeResult
from probes.sip.engine.target import Target
from probes.sip.locating.candidates import Lost
from probes.sip.locating.location import Location

Tell = Callable[[ProbeResult], None]
Ask = Callable[[Target, Tell], Cancel]
"""Asks one target, and tells what came of it once; what was cancelled tells nothing any more."""
Found = Callable[[tuple[Target, ...]], None]

_SILENCES = frozenset({"silent", "not-connected"})
_TOO_LATE = Lost(Fault.TIMEOUT, None, "found too late to ask anybody")


def ask_each(way: Location, ask: Ask, report: Report, *, deadline_ns: int, found: Found | None = None) -> Cancel:
    """Report a result for each target of `way`, with its name and those of all; one ERROR of DNS where there is none.

    `deadline_ns` is monotonic and for everything together: nobody is asked after it. `found` hears what is asked, before.
    """
    return _Attempt(way, ask, report, deadline_ns, found).cancel


def unlocated(lost: Lost, name: str, duration_ns: int) -> ProbeResult:
    """`name` is what was looked up. DNS has failed us, or the name is gone: nothing is said of any target."""
    facts = {"host": name, "detail": lost.detail} if lost.detail else {"host": name}
    return ProbeResult(Outcome.ERROR, None, Origin.DNS, str(lost.why), duration_ns, facts)


def _slow(result: ProbeResult, name: str) -> ProbeResult:
    facts = {**result.facts, "host": name}
    return replace(result, outcome=Outcome.ERROR, code=None, origin=Origin.DNS, reason="dns-slow", facts=facts)


class _Attempt:
    __slots__ = ("_ask", "_cancels", "_deadline_ns", "_found", "_left", "_name", "_report", "_started_ns")

    def __init__(self, way: Location, ask: Ask, report: Report, deadline_ns: int, found: Found | None) -> None:
        self._name = way.name
        self._ask = ask
        self._report = report
        self._deadline_ns = deadline_ns
        self._found = found
        self._started_ns = mono_ns()
        self._left = 0
        self._cancels: list[Cancel] = []
        self._cancels.append(way.ask(self._known))

    def cancel(self) -> None:
        for cancel in self._cancels:
            cancel()

    def _known(self, targets: tuple[Target, ...] | Lost) -> None:
        now = mono_ns()
        if isinstance(targets, Lost) or now >= self._deadline_ns:
            lost = targets if isinstance(targets, Lost) else _TOO_LATE
            self._report(unlocated(lost, self._name, now - self._started_ns))
            return
        self._left = len(targets)
        if self._found is not None:
            self._found(targets)
        among = tuple(str(target) for target in targets)
        is_robbed = now - self._started_ns > self._deadline_ns - now
        for target, name in zip(targets, among, strict=True):
            self._cancels.append(self._ask(target, self._teller(name, among, is_robbed=is_robbed)))

    def _teller(self, name: str, among: tuple[str, ...], *, is_robbed: bool) -> Tell:
        """`is_robbed`: looking up took more of the time than it left, and silence is not the target's fault."""

        def tell(result: ProbeResult) -> None:
            self._left -= 1
            if is_robbed and result.reason in _SILENCES:
                result = _slow(result, self._name)
            self._report(replace(result, target=name, among=among), last=self._left == 0)

        return tell
