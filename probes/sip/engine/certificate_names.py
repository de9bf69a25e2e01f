"""Whom a certificate is for (RFC 5922 §7.1). Pure: a verified certificate as `ssl` spells it, and the name that it must bear.

Decided here and not by OpenSSL, which does not know that `sip:example.com` names a domain. A DNS name may begin with `*.`, which
stands for one label: RFC 5922 §7.2 forbids it, and carriers do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from probes.sip.messages.uri import parse_sip_uri

_MOST_SHOWN = 3
_LONGEST_SHOWN = 64


def is_for(certificate: Mapping[str, Any], server_name: str) -> bool:
    """The common name counts only where there is no alternative name at all."""
    alternatives = certificate.get("subjectAltName", ())
    wanted = server_name.rstrip(".").lower()
    address = _address(wanted)
    if address is not None:
        return any(kind == "IP Address" and _address(value.strip()) == address for kind, value in alternatives)
    names = _sip_and_dns_names(alternatives) if alternatives else _common_names(certificate)
    return wanted != "" and any(_matches(name.rstrip(".").lower(), wanted) for name in names)


def whom(certificate: Mapping[str, Any]) -> str:
    """For people: the first names, made printable and cut."""
    names = [value for _, value in certificate.get("subjectAltName", ())] or list(_common_names(certificate))
    shown = [ascii(name)[1:-1][:_LONGEST_SHOWN] for name in names[:_MOST_SHOWN]]
    more = ["…"] if len(names) > _MOST_SHOWN else []
    return ", ".join(shown + more) or "nobody"


def _address(text: str) -> IPv4Address | IPv6Address | None:
    with suppress(ValueError):
        return ip_address(text)
    return None


def _sip_and_dns_names(alternatives: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for kind, value in alternatives:
        if kind == "DNS":
            yield value
        elif kind == "URI" and value[:4].lower() == "sip:":
            with suppress(ValueError):
                uri = parse_sip_uri(value)
                if uri.user is None:  # a user's certificate is no domain's
                    yield uri.host


def _common_names(certificate: Mapping[str, Any]) -> Iterator[str]:
    return (value for part in certificate.get("subject", ()) for key, value in part if key == "commonName")


def _matches(name: str, wanted: str) -> bool:
    if name.startswith("*."):
        label, dot, parent = wanted.partition(".")
        return bool(label and dot) and "." in parent and parent == name[2:]
    return name == wanted
