"""What a trunk's document says of the trunk, and several trunks of their group. Pure.

Fields are those of the vendor's `Trunk` (Genesys Cloud public API): `inService`, `connectedStatus.connected`,
`registersStatus[].registerState` and `optionsStatus[].optionState`. The last two have an element for each proxy that the trunk
may use: one that answers well is enough, as a call would go there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from probes.exchange.document import Json
from probes.exchange.verdict import SERVICE_UNAVAILABLE, Facts, visible
from probes.platform.share import Verdict, decide
from probes.platform.telling import OK, Untold
from probes.sample import Origin, Outcome, ProbeResult

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Up:
    name: str


@dataclass(frozen=True, slots=True)
class Down:
    """`reason` is one of a closed set: out-of-service, not-connected, not-registered, options-failing, unknown-trunk."""

    name: str
    reason: str
    detail: str = ""
    code: int = SERVICE_UNAVAILABLE


Standing = Up | Down | Untold

_STATES = {"registered": ("registersStatus", "registerState"), "options": ("optionsStatus", "optionState")}
_REASONS = {
    "in_service": "out-of-service",
    "connected": "not-connected",
    "registered": "not-registered",
    "options": "options-failing",
}


def standing(id: str, document: Json | Untold, require: Collection[str]) -> Standing:
    """`require` of: in_service, connected, registered, options; judged in the order of that list."""
    if isinstance(document, Untold):
        return Down(id, "unknown-trunk", code=NOT_FOUND) if document.status == NOT_FOUND else document
    if not isinstance(document, dict):
        return _silent(id, "the answer is no trunk")
    name = document.get("name")
    name = name if isinstance(name, str) else id
    for wanted in [each for each in _REASONS if each in require]:
        good, detail = _said(document, wanted)
        if good is None:
            return _silent(name, f"the platform says nothing of {wanted}: leave it out of require")
        if not good:
            return Down(name, _REASONS[wanted], detail)
    return Up(name)


def _silent(name: str, why: str) -> Untold:
    return Untold(ProbeResult(Outcome.ERROR, None, Origin.WIRE, "not-told", 0, {"detail": visible(f"{name}: {why}")}))


def _said(document: Mapping[str, Json], wanted: str) -> tuple[bool | None, str]:
    if wanted == "in_service":
        return _truth(document.get("inService")), ""
    if wanted == "connected":
        status = document.get("connectedStatus")
        return _truth(status.get("connected") if isinstance(status, dict) else None), ""
    field, state = _STATES[wanted]
    told = document.get(field)
    proxies = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    states = [_truth(each.get(state)) for each in proxies]
    if True in states:
        return True, ""
    if False not in states:
        return None, ""
    return False, "; ".join(filter(None, (_error(each.get("errorInfo")) for each in proxies)))


def _truth(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


def _error(info: Json) -> str:
    """`errorInfo` as `503 Service Unavailable`."""
    found = info if isinstance(info, dict) else {}
    return " ".join(word for word in (found.get("code"), found.get("text")) if isinstance(word, str))


def fold(trunks: Collection[Standing], *, need: int) -> ProbeResult:
    """One result for all: FAIL when `need` of them are down. Its duration is for the caller to fill in.

    `agreed` of `asked` trunks are up, so a gate may ask for a share of them. What a trunk that could not be asked about would
    decide is left open: the result is then what is said of that trunk alone.
    """
    down = [each for each in trunks if isinstance(each, Down)]
    untold = [each for each in trunks if isinstance(each, Untold)]
    up = len(trunks) - len(down) - len(untold)
    verdict = decide(ill=len(down), untold=len(untold), most_ill=need - 1)
    if verdict is Verdict.OPEN:
        read = {"read": up + len(down), "unread": len(untold)}
        return replace(untold[0].result, facts={**untold[0].result.facts, **read})
    facts: Facts = {"agreed": up, "asked": up + len(down), "unread": len(untold)}
    if down:
        facts["detail"] = visible("; ".join(f"{each.name}: {each.reason}{_in_brackets(each.detail)}" for each in down))
    if verdict is Verdict.WELL:
        return ProbeResult(Outcome.PASS, OK, Origin.WIRE, "up", 0, facts)
    worst = min(down, key=_severity)
    return ProbeResult(Outcome.FAIL, worst.code, Origin.WIRE, worst.reason, 0, facts)


def _in_brackets(detail: str) -> str:
    return f" ({detail})" if detail else ""


def _severity(down: Down) -> int:
    """A trunk that the platform does not know tells of the configuration rather than of the path."""
    reasons = list(_REASONS.values())
    return reasons.index(down.reason) if down.reason in reasons else len(reasons)
