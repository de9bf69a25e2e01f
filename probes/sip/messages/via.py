"""Via: one hop of a message's way (RFC 3261 §20.42, RFC 3581, RFC 5118 §4.5)."""

from __future__ import annotations

import re
from ipaddress import ip_address

from probes.sip.messages.memo import Memo
from probes.sip.messages.syntax import (
    Param,
    Params,
    has_parameter,
    is_plain,
    number,
    parameter,
    parameters,
    parameters_text,
    read_param,
    split,
)
from probes.sip.messages.uri import MAX_PORT, host_port, host_text
from probes.values import fast_dataclass

_PROTOCOL = re.compile(r"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+", re.IGNORECASE)


@fast_dataclass(frozen=True, slots=True)
class Via:
    """One hop. `host` is the sent-by host without brackets, `port` None where the hop left the default."""

    transport: str
    host: str
    port: int | None
    params: Params = ()

    @property
    def branch(self) -> str | None:
        return parameter(self.params, "branch")

    @property
    def received(self) -> str | None:
        """Where the request came from, as the responder saw it; an IPv6 literal without brackets (RFC 5118 §4.5)."""
        value = parameter(self.params, "received")
        return None if value is None else value.strip("[]")

    @property
    def rport(self) -> int | None:
        value = parameter(self.params, "rport")
        return None if value is None else int(value)

    @property
    def wants_rport(self) -> bool:
        """The sender asks for symmetric response routing (RFC 3581 §3)."""
        return has_parameter(self.params, "rport")

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {host_text(self.host, self.port)}{parameters_text(self.params)}"


def parse_vias(value: str) -> tuple[Via, ...]:
    """All hops of one Via line, topmost first."""
    return tuple([_parse_via(item) for item in split(value, ",")]) if "," in value else (_parse_via(value),)


def _parse_via(item: str) -> Via:
    hop, semicolon, params = item.partition(";")
    transport, host, port = _HOPS[hop]
    return Via(transport, host, port, _via_params(params) if semicolon else ())


def _via_params(text: str) -> Params:
    """Only the branch differs from one message to the next: the rest is remembered as what stands before and after it."""
    before, found, rest = text.partition("branch=")
    branch, semicolon, after = rest.partition(";")
    if not found or before[-1:] not in ("", ";") or '"' in text or not is_plain(branch):
        return parameters(text, _VIA_PARAMS)
    head, tail = _VIA_FRAMES[f"{before}branch=0{semicolon}{after}"]
    return (*head, ("branch", branch), *tail)


def _read_via_frame(text: str) -> tuple[Params, Params]:
    params = parameters(text, _VIA_PARAMS)
    at = params.index(("branch", "0"))
    return params[:at], params[at + 1 :]


def _read_hop(text: str) -> tuple[str, str, int | None]:
    protocol = _PROTOCOL.match(text)
    if protocol is None:
        raise ValueError("not a SIP/2.0 hop")
    host, port = host_port(text[protocol.end() :].rstrip(" \t"))
    return protocol[1], host, port


def _read_via_param(text: str) -> Param:
    name, value = read_param(text)
    if value is not None and name.lower() == "received":
        ip_address(value.strip("[]"))
    elif value is not None and name.lower() == "rport":
        number(value, MAX_PORT)
    return name, value


_HOPS: Memo[tuple[str, str, int | None]] = Memo(_read_hop, 1 << 20)
_VIA_PARAMS: Memo[Param] = Memo(_read_via_param, 1 << 20)
_VIA_FRAMES: Memo[tuple[Params, Params]] = Memo(_read_via_frame, 1 << 20)
