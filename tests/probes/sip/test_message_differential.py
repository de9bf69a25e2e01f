"""Against sipmessage, which others wrote from the same RFC: where both accept a header, they must mean the same.

It undoes percent escapes, also in tokens, where we keep them (RFC 4475 §3.1.1.5), and of backslash escapes only two; its quoted
strings run from one display name into the next on the same line; it keeps brackets where we drop them, and leaves folding,
blanks before a colon and Content-Length to its users. What is generated stays within what both of us read.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

import pytest
import sipmessage

from probes.sip.messages.headers import Address, Via
from probes.sip.messages.message import MalformedMessage, Request, Response, parse
from probes.sip.messages.uri import host_text, parse_sip_uri

SEED = 20261123
MESSAGES = 10_000

HOSTS = [
    "sbc.example.net",
    "192.0.2.1",
    "[2001:db8::9:1]",
    "a-b.c",
    "sbc01",
    "[::ffff:192.0.2.2]",
    "h_1.example.net",
    "example.com.",
]
TOKENS = ["z9hG4bK74bf9", "a", "98asjd8", "x.y-z", "%41b", "T~1'+`*!", "0"]
NAMES = ["", "", '"" ', '"Smith, Bob; <x>" ', '"a \\"b\\" c"', "Bob Smith ", "caller", '"sip:not@this" ', "token1~` token2'+_ "]
USERS = ["", "", "bob@", "+49-30@", "a%20b@", "user;par=u%40example.net@", "a:secret@", "1_unusual.URI~(to-be!sure)&it$/?,/;;*@"]
URI_PARAMS = ["", "", ";transport=tcp", ";lr", ";transport=udp;user=phone", ";unknown=%41"]
PARAMS = ["tag={token}", "q=0.5", "expires=60", "expires=0", "x", "X-y={token}", "+sip.ice", "z={token}"]
VIA_PARAMS = ["rport", "rport=5062", "received=192.0.2.9", "received=2001:db8::9", "ttl=1", "x", "maddr=224.0.1.75", "y={token}"]
METHODS = ["OPTIONS", "REGISTER", "INVITE", "X-y.z"]
BLANKS = ["", "", "", " ", "  "]
FAULTS = ["", ";", ",", "<", ">", '"', "=", ":", "@", "[", " ", "\t", "(", "\\", "4294967296", "é", "*"]


class Generator:
    """Headers as text, out of a seed: mostly right, sometimes strange, now and then wrong."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pick = rng.choice

    def blank(self) -> str:
        return self.pick(BLANKS)

    def port(self) -> str:
        return self.pick(["", "", ":5060", ":0", ":65535", ":05061"])

    def params(self, kinds: list[str], *first: str) -> str:
        chosen = [*first, *self.rng.sample(kinds, self.rng.choice([0, 0, 1, 2, 3]))]
        self.rng.shuffle(chosen)
        return "".join(f"{self.blank()};{self.blank()}{param.format(token=self.pick(TOKENS))}" for param in chosen)

    def uri(self) -> str:
        scheme = self.pick(["sip:", "sip:", "sips:"])
        plain = f"{scheme}{self.pick(USERS)}{self.pick(HOSTS)}{self.port()}{self.pick(URI_PARAMS)}"
        return self.pick([plain, plain, plain, plain, "tel:+49-30-1234;phone-context=x", "http://example.com/a?b"])

    def address(self, *first: str) -> str:
        if self.rng.random() < 0.15:
            return f"sip:{self.pick(['bob@', ''])}{self.pick(HOSTS)}{self.port()}" + self.params(PARAMS[1:], *first)
        return f"{self.pick(NAMES)}<{self.uri()}>" + self.params(PARAMS[1:], *first)

    def further(self) -> str:
        """A Contact beside another: without a quoted name."""
        return f"{self.pick(['', 'caller'])}<{self.uri()}>" + self.params(PARAMS[1:])

    def hop(self) -> str:
        slash = self.pick(["/", "/", "/", " / "])
        protocol = f"SIP{slash}2.0{slash}{self.pick(['UDP', 'TCP', 'TLS', 'SCTP', 'x-1'])}"
        return f"{protocol} {self.pick(HOSTS)}{self.port()}" + self.params(VIA_PARAMS, "branch=z9hG4bK{token}")

    def listed(self, first: str, other: Callable[[], str]) -> str:
        return f"{self.blank()},{self.blank()}".join([first, *(other() for _ in range(self.pick([0, 0, 0, 1, 2])))])

    def spoilt(self, value: str) -> str:
        at = self.rng.randrange(len(value) + 1)
        return value[:at] + self.pick(FAULTS) + value[at + self.rng.randrange(2) :]

    def message(self) -> bytes:
        method = self.pick(METHODS)
        headers = [
            (self.pick(["Via", "v", "VIA"]), self.listed(self.hop(), self.hop)),
            (self.pick(["From", "f", "from"]), self.address("tag={token}")),
            (self.pick(["To", "t", "TO"]), self.address(*self.pick([[], ["tag={token}"]]))),
            (self.pick(["Call-ID", "i", "call-id"]), self.pick(["abc@192.0.2.1", "a.b-c", "1%20@h"])),
            ("CSeq", f"{self.pick(['1', '0009', '4294967295', '4294967296'])}{self.pick([' ', '  '])}{method}"),
        ]
        if self.rng.random() < 0.7:
            headers.append((self.pick(["Contact", "m", "contact"]), self.listed(self.address(), self.further)))
        if self.rng.random() < 0.5:
            headers.append(("Expires", self.pick(["0", "60", "3600", "4294967295", "0060"])))
        if self.rng.random() < 0.5:
            at = self.rng.randrange(len(headers))
            headers[at] = (headers[at][0], self.spoilt(headers[at][1]))
        start = self.pick(["SIP/2.0 200 OK", "SIP/2.0 423 Interval Too Brief", f"{method} sip:sbc.example.net SIP/2.0"])
        lines = [start, *(f"{name}:{self.pick(['', ' ', '  '])}{value}" for name, value in headers)]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"


def params(given: Mapping[str, str | None]) -> dict[str, str | None]:
    return {unquote(name): None if value is None else unquote(value) for name, value in given.items()}


def of_uri(uri: str) -> tuple[Any, ...] | str:
    if not uri.lower().startswith(("sip:", "sips:")):
        return unquote(uri)
    parsed = parse_sip_uri(uri)
    return parsed.scheme, unquote(parsed.user or ""), parsed.host, parsed.port, params(dict(parsed.params))


def of_address(address: Address) -> tuple[Any, ...]:
    return of_uri(address.uri), " ".join((address.display or "").split()), params(dict(address.params))


def of_via(via: Via) -> tuple[Any, ...]:
    mentioned = unquote(via.branch or ""), via.received, via.rport, via.wants_rport
    return via.transport, host_text(via.host), via.port, *mentioned, params(dict(via.params))


def of_their_uri(uri: sipmessage.URI) -> tuple[Any, ...] | str:
    if uri.scheme == "tel":
        return unquote(str(uri))
    user = (uri.user or "") + ("" if uri.password is None else f":{uri.password}")
    return uri.scheme, user, uri.host.strip("[]"), uri.port, params(uri.parameters)


def of_their_address(address: sipmessage.Address) -> tuple[Any, ...]:
    return of_their_uri(address.uri), " ".join(address.name.split()), params(address.parameters)


def of_their_via(via: sipmessage.Via) -> tuple[Any, ...]:
    given = via.parameters
    received, rport = given.get("received"), given.get("rport")
    mentioned = given.get("branch") or "", received and received.strip("[]"), rport and int(rport), "rport" in given
    return via.transport, via.host, via.port, *mentioned, params(given)


HEADERS: dict[str, tuple[Callable[[Request | Response], Any], Callable[[sipmessage.Message], Any]]] = {
    "via": (lambda ours: [of_via(via) for via in ours.vias], lambda theirs: [of_their_via(via) for via in theirs.via]),
    "from": (lambda ours: of_address(ours.from_), lambda theirs: of_their_address(theirs.from_address)),
    "to": (lambda ours: of_address(ours.to), lambda theirs: of_their_address(theirs.to_address)),
    "call-id": (lambda ours: ours.call_id, lambda theirs: theirs.call_id),
    "cseq": (
        lambda ours: (ours.cseq.number, ours.cseq.method),
        lambda theirs: (theirs.cseq.sequence, theirs.cseq.method),
    ),
    "contact": (
        lambda ours: [of_address(contact) for contact in ours.contacts],
        lambda theirs: [of_their_address(contact) for contact in theirs.contact],
    ),
    "expires": (lambda ours: ours.expires, lambda theirs: theirs.expires),
}


@cache
def compared() -> tuple[Counter[str], list[tuple[str, bytes, Any, Any]]]:
    """How often each header was accepted by both, and where they disagreed."""
    generator = Generator(random.Random(SEED))
    accepted: Counter[str] = Counter()
    disagreed = []
    for _ in range(MESSAGES):
        data = generator.message()
        if re.search(rb'\\[^"]', data):
            continue
        try:
            ours, theirs = parse(data), sipmessage.Message.parse(data)
        except (MalformedMessage, ValueError):
            continue
        for name, (mine, yours) in HEADERS.items():
            try:
                meant = yours(theirs)
            except (ValueError, KeyError):
                continue
            if any(key.lower() == name for key, _ in ours.headers):
                continue  # unreadable to us and inessential: kept as it came
            accepted[name] += 1
            if mine(ours) != meant:
                disagreed.append((name, data, mine(ours), meant))
    return accepted, disagreed


@pytest.mark.parametrize("name", HEADERS)
def test_where_both_accept_a_header_they_mean_the_same(name: str) -> None:
    _, disagreed = compared()
    assert [case for case in disagreed if case[0] == name][:1] == []


@pytest.mark.parametrize("name", HEADERS)
def test_enough_headers_are_accepted_by_both_to_compare(name: str) -> None:
    accepted, _ = compared()
    assert accepted[name] >= MESSAGES / 6


def test_names_that_they_do_not_take_are_taken_by_us() -> None:
    data = b"OPTIONS sip:sbc_01 SIP/2.0\r\n\r\n"
    with pytest.raises(ValueError, match="URI"):
        sipmessage.Message.parse(data)
    assert parse_sip_uri("sip:sbc_01").host == "sbc_01"
