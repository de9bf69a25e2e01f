"""The pace of REGISTERs in the words of those who can keep it too: nftables and Kamailio. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from probes.sip.messages.uri import host_text
from probes.sip.registering.pacing import allowance

_NFTABLES = """\
# nftables: REGISTERs in any one second, whoever sends them: at most {told}.
#
#   load: nft -f FILE      look: nft list table inet cutoverd_pacing      remove: nft delete table inet cutoverd_pacing
#
# What this can match: a UDP datagram whose first eight bytes are REGISTER. What it cannot: SIP over TCP (a message begins
# anywhere in a segment) and over TLS, and a REGISTER behind line ends. Responses are not touched. What is above the limit is
# dropped without a word and sent again after 500 ms (RFC 3261, timer E): a fence, and no substitute for pacing the sender.
table inet cutoverd_pacing
delete table inet cutoverd_pacing
table inet cutoverd_pacing {{
    chain registers {{
{rules}
    }}
    chain outbound {{
        type filter hook output priority filter; policy accept;
        jump registers
    }}
    chain through {{
        type filter hook forward priority filter; policy accept;
        jump registers
    }}
    chain inbound {{
        type filter hook input priority filter; policy accept;
        jump registers
    }}
}}
"""
# @th,64,64: eight bytes behind the UDP header, which is eight bytes long.
_RULE = (
    "        {family} daddr {host} udp dport {port} @th,64,64 0x{word} limit rate over {limit} burst {burst} packets counter drop"
)

_KAMAILIO = """\
# Kamailio: at most {rate:g} REGISTERs a second pass here, wherever they go; what is above gets 503 with Retry-After.
#
# Needs the module sl, loaded before. Call it first of all: request_route {{ route(PACE_REGISTER); ... }}
# pipelimit counts by the clock: around the turn of a second up to twice as many may pass at once.
loadmodule "pipelimit.so"
modparam("pipelimit", "timer_interval", {interval})
modparam("pipelimit", "timer_mode", 1)
modparam("pipelimit", "load_fetch", 0)
modparam("pipelimit", "reply_code", 503)
modparam("pipelimit", "reply_reason", "Service Unavailable")

route[PACE_REGISTER] {{
    if (method == "REGISTER" && !pl_check("register", "TAILDROP", "{most}")) {{
        pl_drop("1", "{later}");
        exit;
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Registrar:
    """A numeric host, IPv6 without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return host_text(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Limit:
    """`rate` in messages per second."""

    registrar: Registrar
    rate: float


def nftables(limits: Sequence[Limit]) -> str:
    """A rule set for `nft -f`. A bucket of `burst` that is filled `rate - burst + 1` times a second gives no more than `rate`
    in any second, and what the pacing sends passes."""
    told = ", ".join(f"{limit.rate:g} towards {limit.registrar}" for limit in limits)
    return _NFTABLES.format(told=told, rules="\n".join(map(_rule, limits)))


def _rule(limit: Limit) -> str:
    burst = allowance(limit.rate).burst
    return _RULE.format(
        family="ip6" if ":" in limit.registrar.host else "ip",
        host=limit.registrar.host,
        port=limit.registrar.port,
        word=b"REGISTER".hex(),
        limit=_whole(limit.rate, burst),
        burst=burst,
    )


def _whole(rate: float, burst: int) -> str:
    """nftables knows whole numbers alone."""
    if rate >= 1:
        return f"{int(rate) - burst + 1}/second"
    return f"{int(rate * 60)}/minute" if rate * 60 >= 1 else f"{int(rate * 3600)}/hour"


def kamailio(limit: Limit) -> str:
    """A route and what it needs, to be included in `kamailio.cfg`."""
    rate = limit.rate
    interval = 1 if rate >= 1 else -int(-1 // rate)
    most = max(1, int(rate))
    return _KAMAILIO.format(rate=rate, interval=interval, most=most, later=max(5, 2 * interval))
