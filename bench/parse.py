"""What reading and writing a SIP message costs, in processor time: python -m bench.parse

The worst datagrams that we know must stay below 1 ms for each 10 kB.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from probes.sip.messages.headers import Address, CSeq, Via
from probes.sip.messages.message import MalformedMessage, Request, parse, serialise
from probes.sip.messages.template import Template

ANSWERS, ROUNDS, SIZES = 5_000, 5, (10_000, 60_000)

WORST: dict[str, Callable[[int], str]] = {
    "contacts": lambda size: "Contact: " + ",".join(f"sip:[::{at:x}]:1" for at in range(570)),
    "hops": lambda size: "\r\n".join(f"Via: SIP/2.0/UDP [::{at:x}]:{at};received=::{at:x};rport={at}" for at in range(190)),
    "parameters": lambda size: "Contact: <sip:a@b>" + "".join(f";p{at}=1" for at in range(570)),
    "quoted strings": lambda size: "Contact: a," + '""' * 1_000 + "x" * (size - 2_000),
    "escapes": lambda size: 'Contact: "' + "\\a" * (size // 2) + '" <sip:a@b>',
    "folds": lambda size: "Subject: a" + "\r\n x" * (size // 4),
    "blanks": lambda size: "Subject: a" + " " * size + "b\r\n c",
    "header lines": lambda size: "\r\n".join(f"X-{at}: y" for at in range(190)),
    "a display name": lambda size: "Contact: " + "a " * (size // 2) + "<sip:a@b>",
}


def answer(rng: random.Random, peer: int) -> bytes:
    """What an ordinary trunk says to OPTIONS: some 480 bytes, of which branch, tags and Call-ID are new each time."""
    host = f"10.0.{peer // 250}.{peer % 250}"
    return (
        "SIP/2.0 200 OK\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{rng.getrandbits(96):024x};received=192.0.2.1;rport=5060\r\n"
        f"From: <sip:cutoverd@192.0.2.1>;tag={rng.getrandbits(64):016x}\r\n"
        f"To: <sip:{host}:5060>;tag={rng.getrandbits(48):012x}\r\n"
        f"Call-ID: {rng.getrandbits(96):024x}@192.0.2.1\r\nCSeq: 1 OPTIONS\r\nContact: <sip:{host}:5060;transport=udp>\r\n"
        "Server: Session Border Controller 8.4.0\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK\r\n"
        "Supported: timer, 100rel, replaces\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def microseconds(act: Callable[[bytes], object], over: Iterable[bytes]) -> float:
    """The least of several rounds, for one item."""
    items, least = list(over), 1 << 62
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for item in items:
            with suppress(MalformedMessage):
                act(item)
        least = min(least, time.process_time_ns() - began)
    return least / len(items) / 1_000


def reading() -> None:
    rng = random.Random(1)
    for peers in (20, 1_000, 10_000):
        answers = [answer(rng, at % peers) for at in range(max(ANSWERS, 2 * peers))]
        print(f"parse, answers of {peers} peers: {microseconds(parse, answers):.1f} µs each")


def writing() -> None:
    request = Request(
        method="OPTIONS",
        uri="sip:10.0.0.1:5060",
        vias=(Via("UDP", "192.0.2.1", 5060, (("branch", "z9hG4bK1"), ("rport", None))),),
        from_=Address(None, "sip:cutoverd@192.0.2.1", (("tag", "a"),)),
        to=Address(None, "sip:10.0.0.1:5060"),
        call_id="a@192.0.2.1",
        cseq=CSeq(1, "OPTIONS"),
        max_forwards=70,
        contacts=(Address(None, "sip:cutoverd@192.0.2.1:5060"),),
        headers=(("Accept", "application/sdp"), ("User-Agent", "cutoverd")),
    )
    template, nothing = Template(request), [b""] * ANSWERS
    whole = microseconds(lambda _: serialise(request), nothing)
    filled = microseconds(lambda _: template.render(branch="z9hG4bK1", tag="a", call_id="a@192.0.2.1", number=1), nothing)
    print(f"serialise: {whole:.1f} µs, template: {filled:.1f} µs, ratio {whole / filled:.1f}")


def worst() -> None:
    head, tail = answer(random.Random(1), 1).split(b"Content-Length", 1)
    for name, line in WORST.items():
        for size in SIZES:
            data = head + line(size).encode() + b"\r\nContent-Length" + tail
            spent = microseconds(parse, [data]) / 1_000
            print(f"parse, {name}: {spent:.2f} ms for {len(data)} bytes, {spent / max(len(data) / 10_000, 1):.2f} ms for 10 kB")


if __name__ == "__main__":
    reading()
    writing()
    worst()
