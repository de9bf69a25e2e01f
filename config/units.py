"""The units of the file format: what is written, what it means, and the sentence said when it is wrong.

Values are plain once loaded: durations are nanoseconds, DNS names are absolute and lower case, addresses are small frozen
values. Each parser raises ValueError with a sentence for the person who wrote the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from config.addresses import (
    Address,
    FixedAddress,
    RemoteAddress,
    ResolverAddress,
    SipTarget,
    Source,
    as_ip,
    is_ip_address,
    parse_aor,
    parse_host,
)
from config.problem import quoted
from config.rules import FilePath, OneOrMore, Parsed

__all__ = [
    "Address",
    "Aor",
    "DnsName",
    "Duration",
    "DurationOrZero",
    "FilePath",
    "FixedAddress",
    "Host",
    "Instant",
    "IpText",
    "Name",
    "OneOrMore",
    "RecordName",
    "RecordValue",
    "RemoteAddress",
    "ResolverAddress",
    "SipTarget",
    "Source",
    "StatusClass",
    "TlsVersion",
    "absolute",
    "duration_text",
    "is_accepted",
    "is_inside",
]

_NS = {"ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
_LONGEST_NS = 366 * 24 * _NS["h"]
_DURATION = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?(ms|s|m|h)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_DATE_AND_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")
# Not 24:00, which newer Pythons take for the next midnight.
_INSTANT = re.compile(r"[0-9-]{10}[Tt ](?!24)[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_STATUS = re.compile(r"[2-6](?:xx|[0-9][0-9])", re.IGNORECASE)


def parse_duration(value: object) -> int:
    """Nanoseconds from `200ms`, `5s`, `1.5s`, `10m` or `24h`. A bare number is refused, for nobody can tell what it meant."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("expected a duration such as 200ms, 5s, 10m or 24h")
    text = str(value)
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(_why_no_duration(text))
    whole, fraction, unit = found.group(1), found.group(2) or "", found.group(3)
    ns: int = int(whole) * _NS[unit] + int(fraction or "0") * _NS[unit] // 10 ** len(fraction)
    if ns > _LONGEST_NS:
        raise ValueError("a duration is at most 366 days (8784h)")
    return ns


def _why_no_duration(text: str) -> str:
    if _NUMBER.fullmatch(text):
        return f"{text[:20]} has no unit: write {text[:20]}s for seconds (units are ms, s, m, h)"
    if text.startswith("-"):
        return "a duration is not negative"
    if _DURATION.fullmatch("".join(text.split())):
        return f"write it without spaces: {''.join(text.split())}"
    return f"{quoted(text)} is not a duration: write one number and one unit, such as 200ms, 5s, 10m or 24h"


def duration_text(ns: int) -> str:
    """The shortest exact writing: 1500 ms is `1.5s`, 600 s is `10m`."""
    for unit in ("h", "m", "s"):
        if ns >= _NS[unit] and ns % _NS[unit] == 0:
            return f"{ns // _NS[unit]}{unit}"
    unit = "s" if ns >= _NS["s"] else "ms"
    whole, rest = divmod(ns, _NS[unit])
    digits = f"{rest:0{len(str(_NS[unit])) - 1}d}".rstrip("0")
    return f"{whole}.{digits}{unit}" if digits else f"{whole}{unit}"


def _longer_than_nothing(ns: int) -> int:
    if ns == 0:
        raise ValueError("must be longer than 0s")
    return ns


Duration = Annotated[int, Parsed(parse_duration), _longer_than_nothing]
DurationOrZero = Annotated[int, Parsed(parse_duration)]


def parse_dns_name(value: object) -> str:
    """Lower case and absolute: `Example.NET` and `example.net.` are both `example.net.`."""
    if not isinstance(value, str):
        raise ValueError("expected a DNS name such as example.net.")
    return _checked_name(value).removesuffix(".") + "."


def parse_record_name(value: object) -> str:
    """Lower case, absolute (`sip.example.net.`), relative to the zone (`sip`), or `@` for the zone itself."""
    if not isinstance(value, str):
        raise ValueError("expected a record's name such as sip (in the zone) or sip.example.net.")
    return value if value == "@" else _checked_name(value)


def _checked_name(text: str) -> str:
    name = text.lower()
    if not name.isascii():
        raise ValueError(f"{quoted(text)} is not a DNS name: write international names in their xn-- form")
    labels = name.removesuffix(".").split(".")
    if labels[0] == "*" and len(labels) > 1:
        labels = labels[1:]
    if len(name) > 254 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{quoted(text)} is not a DNS name: labels of letters, digits, - and _ (63 at most), joined by dots")
    return name


def absolute(name: str, zone: str) -> str:
    """The record's absolute name; a relative name that already ends with the zone's labels is taken as absolute."""
    if name == "@":
        return zone
    if name.endswith("."):
        return name
    if is_inside(name + ".", zone):
        return name + "."
    return f"{name}.{zone}"


def is_inside(name: str, zone: str) -> bool:
    return name == zone or name.endswith("." + zone)


DnsName = Annotated[str, Parsed(parse_dns_name)]
RecordName = Annotated[str, Parsed(parse_record_name)]


def parse_status_class(value: object) -> int | str:
    """A status (404) or a class of them ("2xx"). Final responses only: 200 to 699."""
    text = str(value).lower()
    if isinstance(value, bool) or not isinstance(value, int | str) or not _STATUS.fullmatch(text):
        shown = f"{quoted(value)} is not one: " if isinstance(value, str) else ""
        raise ValueError(f'{shown}expected a status from 200 to 699 or a class such as "2xx"')
    return text if text.endswith("xx") else int(text)


def is_accepted(status: int, accept: Iterable[int | str]) -> bool:
    return any(status == one or f"{status // 100}xx" == one for one in accept)


StatusClass = Annotated[int | str, Parsed(parse_status_class)]


def parse_instant(value: object) -> datetime:
    # A bare date would be midnight somewhere, and a number seconds since 1970: neither was meant.
    if not isinstance(value, str) or not _DATE_AND_TIME.match(value):
        raise ValueError("expected a date and time with its offset, such as 2026-12-05T22:00:00Z")
    try:
        instant = datetime.fromisoformat(value.upper()) if _INSTANT.fullmatch(value) else None
    except ValueError:  # the 32nd day, the 25th hour
        instant = None
    if instant is None:
        raise ValueError(f"{quoted(value)} is not a date and time such as 2026-12-05T22:00:00Z")
    if instant.tzinfo is None:
        raise ValueError(f"{quoted(value)} has no time zone: add Z or an offset such as +01:00")
    return instant


Instant = Annotated[datetime, Parsed(parse_instant)]


def _ip_address(value: str) -> str:
    if not is_ip_address(value):
        raise ValueError(f"{quoted(value)} is not an IP address: write one of this machine, such as 192.0.2.10 or 2001:db8::10")
    return value


def _canonical(value: str) -> str:
    return str(as_ip(value) or value)


IpText = Annotated[str, _ip_address]
RecordValue = Annotated[str, _canonical]
"""Whether the value fits the record's type is judged in `config.cross_plans`."""


def named(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{quoted(text)} is not a name: a name has letters, digits, - and _, starts with a letter or digit, "
            "and is at most 63 long"
        )
    return text


ProbePath = Literal["new", "baseline", "control"]
Name = Annotated[str, named]

Aor = Annotated[str, Parsed(parse_aor)]
Host = Annotated[str, Parsed(parse_host)]


def parse_tls_version(value: object) -> str:
    # YAML reads 1.2 as a number.
    if str(value) not in ("1.2", "1.3"):
        raise ValueError("expected a TLS version: 1.2 or 1.3")
    return str(value)


TlsVersion = Annotated[str, Parsed(parse_tls_version)]
