"""What can only be judged across APIs, the probes that use them, and the fields of each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from config.api import AccessKey, Api, Basic, ClientCredentials
from config.finding import Finding
from config.gating import Gate
from config.probing import ApiProbe, HttpProbe, Probe
from config.problem import Path, did_you_mean, quoted
from config.units import duration_text

GIVEN = frozenset(
    ("certificate_not_after", "connect_ms", "detail", "dns_ms", "duration", "peer", "phase", "retry_after_s", "status", "tls_ms")
)
"""Facts that every result over HTTP has."""
COUNTING = ("consecutive", "failures")
_PORTS = {"http": 80, "https": 443}


def errors(probes: Mapping[str, Probe], apis: Mapping[str, Api], *, declared: frozenset[str]) -> Iterator[Finding]:
    """`apis` are the sound ones, `declared` the names of all."""
    for name, api in apis.items():
        yield from _api(("apis", name), api)
    for name, probe in probes.items():
        if isinstance(probe, ApiProbe) and probe.api is not None and probe.api not in declared:
            known = sorted(declared)
            listed = f"; known: {', '.join(known)}" if known else "; the file has no apis"
            message = f"unknown api {quoted(probe.api)}{did_you_mean(probe.api, known) or listed}"
            yield Finding(("probes", name, "api"), message)
        if isinstance(probe, HttpProbe):
            yield from _url(("probes", name), probe, apis)
            yield from _http(("probes", name), probe)


def warnings(apis: Mapping[str, Api], gates: Mapping[str, Gate], probes: Mapping[str, Probe]) -> Iterator[Finding]:
    for name, api in apis.items():
        yield from _in_the_open(("apis", name), api)
    for name, gate in gates.items():
        if gate.on_trip:
            yield from _uncounted(("gates", name), gate, probes)


def _api(path: Path, api: Api) -> Iterator[Finding]:
    if api.base is not None and urlsplit(api.base).query:
        yield Finding((*path, "base"), "is what paths are joined to: leave the query (?…) out")
    if isinstance(api.auth, Basic) and ":" in api.auth.username:
        yield Finding((*path, "auth", "username"), "a user of HTTP's basic authentication has no colon (RFC 7617)")
    if api.tls is not None and not any(url.startswith("https:") for _, url in _urls(path, api)):
        yield Finding((*path, "tls"), "nothing of this api is reached over TLS: write https://, or leave tls out")


def _url(path: Path, probe: HttpProbe, apis: Mapping[str, Api]) -> Iterator[Finding]:
    is_path = probe.url.startswith("/")
    if probe.api is None:
        if is_path:
            yield Finding((*path, "url"), "is a path: say in api whose, or write the whole URL", reads=((*path, "api"),))
        return
    api = apis.get(probe.api)
    if is_path or api is None:
        return
    if api.base is None:
        message = f"the host of api {quoted(probe.api)} is discovered: write the path alone"
        yield Finding((*path, "url"), message)
    elif _origin(api.base) != _origin(probe.url):
        message = f"leads to another host than api {quoted(probe.api)} ({api.base}), whose credentials it would bear"
        yield Finding((*path, "url"), message, reads=(("apis", probe.api, "base"),))


def _http(path: Path, probe: HttpProbe) -> Iterator[Finding]:
    yield from _tls(path, probe)
    if probe.method == "HEAD" and (probe.expect.json or probe.extract):
        yield Finding((*path, "method"), "the answer to HEAD has no body to look into: use GET")
    for name, value in probe.headers.items():
        if not value.isascii() or not value.isprintable() or value != value.strip():
            yield Finding((*path, "headers", name), "expected printable ASCII, without spaces around it")
    for name in probe.extract:
        if name in GIVEN:
            yield Finding((*path, "extract", name), f"{name} is a fact that every result has: give it another name")
    within = probe.expect.within
    if within is not None and within >= probe.timeout:
        message = (
            f"{duration_text(within)} is not shorter than timeout ({duration_text(probe.timeout)}): it would never be exceeded"
        )
        yield Finding((*path, "expect", "within"), message, reads=((*path, "timeout"),))


def _tls(path: Path, probe: HttpProbe) -> Iterator[Finding]:
    if probe.tls is not None and probe.api is not None:
        yield Finding((*path, "tls"), f"belongs to api {quoted(probe.api)}")
    elif probe.tls is not None and probe.url.startswith("http:"):
        yield Finding((*path, "tls"), f"{probe.url} is not reached over TLS: write https://, or leave tls out")


def _in_the_open(path: Path, api: Api) -> Iterator[Finding]:
    for place, url in _urls(path, api):
        host = urlsplit(url).hostname or ""
        if api.auth is not None and url.startswith("http:") and not _is_local(host):
            yield Finding(place, f"credentials would go to {host} unencrypted: write https://")


def _uncounted(path: Path, gate: Gate, probes: Mapping[str, Probe]) -> Iterator[Finding]:
    """What fails by a condition and has no code that counts turns callers away for ever, and starts nothing."""
    for index, rule in enumerate(gate.trip):
        for place, name in enumerate(rule.probes):
            probe = probes.get(name)
            if rule.kind not in COUNTING or not isinstance(probe, HttpProbe) or not probe.expect.json:
                continue
            code = probe.expect.counts_as
            if code in rule.codes:
                continue
            how = "has no code" if code is None else f"counts as {code}, which is not among codes"
            message = f"a failed condition of probe {quoted(name)} {how}, so it starts no run: write counts_as: {rule.codes[0]}"
            reads: tuple[Path, ...] = (("probes", name, "expect"), (*path, "trip", index, "codes"))
            yield Finding((*path, "trip", index, "probes", place), message, reads=reads)


def _urls(path: Path, api: Api) -> Iterator[tuple[Path, str]]:
    """Where credentials go."""
    if api.base is not None:
        yield (*path, "base"), api.base
    if isinstance(api.auth, ClientCredentials):
        yield (*path, "auth", "token_url"), api.auth.token_url
    if isinstance(api.auth, AccessKey):
        yield (*path, "auth", "issuer"), api.auth.issuer


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, _PORTS[parts.scheme] if parts.port is None else parts.port


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
