"""A rule on a value names a number that its probes tell. Of an http probe the configuration says which (`config.cross_rules`); of
the other kinds this table does, so that a name which nobody tells is a warning, and no gate that is never decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.finding import Finding
from config.gating import Value
from config.probing import Probe
from config.problem import Path, did_you_mean, quoted

_SIP = frozenset({"certificate_not_after", "connect_us", "copies"})
_SHARE = frozenset({"agreed", "asked", "unread"})
_HEARD = frozenset({"connect_ms", "dns_ms", "status", "tls_ms"})
TOLD: Mapping[str, frozenset[str]] = {
    "sip_options": _SIP,
    "sip_register": _SIP | {"asked_s", "bindings", "expires_s", "failures", "flaps", "granted_s", "stable_s", "unreadable"},
    "trunk_health": _SHARE | _HEARD,
    "agent_consistency": _SHARE | _HEARD,
    "platform_test_call": _HEARD | {"polls", "result_ms"},
    "webhook_silence": frozenset({"at_least", "at_most", "callers", "per_minute", "span_s"}),
    "alertmanager": frozenset({"heard_s"}),
}
"""Numbers of a result that passed, besides `duration`."""


def warnings(path: Path, value: Value, probes: Mapping[str, Probe]) -> Iterator[Finding]:
    """`path` is that of `value`."""
    for name, probe in probes.items():
        told = TOLD.get(probe.kind)
        if told is not None and value.fact != "duration" and value.fact not in told:
            known = ("duration", *sorted(told))
            near = did_you_mean(value.fact, known) or f"; known: {', '.join(known)}"
            message = f"probe {quoted(name)} ({probe.kind}) tells no {quoted(value.fact)}, so this rule would never decide{near}"
            yield Finding((*path, "fact"), message, reads=(("probes", name, "kind"),))
