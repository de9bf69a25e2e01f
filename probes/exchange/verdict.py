"""What an exchange says of the API, in the terms of a probe: the part that all kinds over HTTP share. Pure."""

from __future__ import annotations

from probes.exchange.values import HttpResponse, NoResponse, Timings
from probes.exchange.veil import VEIL, is_secret_name, veiled, without
from probes.sample import NS_PER_MS, NS_PER_S, Origin, Outcome, ProbeResult, Trace

REQUEST_TIMEOUT, SERVICE_UNAVAILABLE = 408, 503
"""What silence, and an answer that could not be had or used, count as; the origin tells them apart from a status."""

MAX_DETAIL = 120
MAX_TRACED = 2_000

Facts = dict[str, str | int]


def unanswered(ended: NoResponse) -> ProbeResult:
    """FAIL with code 408 (silence) or 503 (everything else); ERROR without one where it was ourselves."""
    found = facts(ended.timings) | {"phase": str(ended.phase)}
    if ended.peer:
        found["peer"] = ended.peer
    if ended.status is not None:
        found["status"] = ended.status
    if ended.detail:
        found["detail"] = visible(ended.detail)
    outcome = Outcome.ERROR if ended.is_ours else Outcome.FAIL
    code = None if ended.is_ours else REQUEST_TIMEOUT if ended.origin is Origin.TIMEOUT else SERVICE_UNAVAILABLE
    trace = Trace(ended.sent[:MAX_TRACED], b"") if ended.sent else None
    return ProbeResult(outcome, code, ended.origin, str(ended.reason), ended.timings.own_ns, found, trace=trace)


def rejected(response: HttpResponse) -> ProbeResult:
    """FAIL by the status itself."""
    found = response_facts(response)
    if response.reason:
        found["detail"] = told(response.reason, response)
    return answered(response, Outcome.FAIL, response.status, "rejected", found)


def answered(response: HttpResponse, outcome: Outcome, code: int | None, reason: str, found: Facts) -> ProbeResult:
    duration_ns = response.timings.own_ns
    return ProbeResult(outcome, code, Origin.WIRE, reason, duration_ns, found, trace=trace(response))


def response_facts(response: HttpResponse) -> Facts:
    """Status, peer, the parts of the time, Retry-After in seconds, and the end of the certificate, UTC seconds."""
    found = facts(response.timings) | {"status": response.status}
    if response.peer:
        found["peer"] = response.peer
    if response.certificate_not_after_ns is not None:
        found["certificate_not_after"] = response.certificate_not_after_ns // NS_PER_S
    after = response.headers.get("Retry-After")
    if after is not None and after.isascii() and after.isdigit() and len(after) < 7:
        found["retry_after_s"] = int(after)
    return found


def facts(timings: Timings) -> Facts:
    parts = {"dns_ms": timings.dns_ns, "connect_ms": timings.connect_ns, "tls_ms": timings.tls_ns}
    return {name: ns // NS_PER_MS for name, ns in parts.items() if ns is not None}


def trace(response: HttpResponse) -> Trace:
    head = f"HTTP/1.1 {response.status} {response.reason}\r\n"
    pairs = [(name, VEIL if is_secret_name(name) else value) for name, value in response.headers.pairs]
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs if name.lower() != "set-cookie")
    whole = (head + lines + "\r\n").encode("utf-8", "replace") + (
        response.body if response.secrets else response.body[:MAX_TRACED]
    )
    return Trace(response.sent[:MAX_TRACED], veiled(whole, response.secrets, most=MAX_TRACED))


def told(words: str, response: HttpResponse) -> str:
    """The server's words about our request, for people."""
    return visible(cleared(words, response))


def cleared(words: str, response: HttpResponse) -> str:
    """Without what they repeat of our credentials."""
    return without(words.encode("utf-8", "replace"), response.secrets).decode("utf-8", "replace")


def visible(words: str) -> str:
    """The peer's words end up in logs and on a page: visible characters only, and not too many of them."""
    words = words[:MAX_DETAIL]
    return words if words.isprintable() else "".join(char if char.isprintable() else "�" for char in words)
