"""Ten thousand ways to spoil a valid response, reproducible from a seed, and what the engine must make of each."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from probes.sip.messages.headers import Address, CSeq, RetryAfter, Via
from probes.sip.messages.message import MalformedMessage, Request, Response, is_keep_alive, parse, serialise
from tests.probes.sip.samples import ok

SEED = 20261205
COUNT = 10_000
TRUNKS = 4
TRANSACTIONS = 2_000

NUMBERS = [
    "-1", "+1", "4294967296", "9" * 400, "1" + "0" * 30, "٣", "２", "²", "1_0", "0x1", "1e3", "NaN", "1.5", " ", "1 1", "\x001",
    "",
]  # fmt: skip
"""What `int()` takes and a decimal number of the grammar is not, and what neither takes."""

PIECES = [
    b"\r\n",
    b"\r",
    b"\n",
    b"\x00",
    b'"',
    b"<",
    b">",
    b"\\",
    b";",
    b",",
    b"(",
    b":",
    b"=",
    b" ",
    b"\xff",
    b"\xd9\xa3",
    b"\x1b[2J",
]
PHRASES = ["", "x" * 9_000, "\x1b[2J\x1b[31mOK", "a\x00b", "\u202eKO", "\u2028{}", "503 dead", "\udcff\udcfe", "%s%n${jndi:x}"]
STATUSES = ["100", "183", "200", "204", "302", "404", "408", "500", "503", "600", "699", "700", "099", "20", "2000", "٢٠٠", "-20"]
NUMBERED = [b"Content-Length", b"Retry-After", b"Max-Forwards", b"l"]
_IDENTITY = (b"Via:", b"Call-ID:")

Mutator = Callable[[random.Random, list[bytes], Request], None]
"""Changes the lines of a message in place; the request is one that is outstanding towards another trunk."""


def _wire(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _other(rng: random.Random, lines: list[bytes]) -> int:
    """The place of a header line that says nothing of identity."""
    return rng.choice([at for at, line in enumerate(lines[1:], 1) if line and not line.startswith(_IDENTITY)] or [len(lines)])


def _place(lines: list[bytes], name: bytes) -> int:
    return next((at for at, line in enumerate(lines) if line.startswith(name)), len(lines))


def _set(lines: list[bytes], name: bytes, value: bytes) -> None:
    at = _place(lines, name)
    lines[at : at + 1] = [name + b": " + value] if at < len(lines) else []


def status(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    lines[0] = _wire(f"SIP/2.0 {rng.choice(STATUSES)} OK")


def phrase(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    lines[0] = lines[0][:12] + _wire(rng.choice(PHRASES))


def number(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    name, value = rng.choice(NUMBERED), _wire(rng.choice(NUMBERS))
    lines[:] = [line for line in lines if not line.startswith(name + b":")]
    lines.insert(_place(lines, b"To"), name + b": " + value)


def cseq_number(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    _set(lines, b"CSeq", _wire(f"{rng.choice([*NUMBERS, '2', '01'])} OPTIONS"))


def cseq_method(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    _set(lines, b"CSeq", rng.choice([b"1 INVITE", b"1 options", b"1 OPTIONS\x00", b"1 REGISTER", b"1\tOPTIONS"]))


def bomb(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    at = _place(lines, b"Content-Length")
    lines[at:at] = [b"X-%d: y" % n for n in range(rng.choice([50, 190, 250]))]


def giant(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    name, unit = rng.choice(
        [(b"Contact", b"<a:b>,"), (b"X", b"\x00"), (b"Warning", b'"\\"'), (b"Retry-After", b"(("), (b"To", b";a")]
    )
    lines.insert(_place(lines, b"Content-Length"), name + b": " + unit * rng.choice([10, 1_000, 3_000]))


def repeat(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    at = _other(rng, lines)
    lines[at:at] = lines[at : at + 1]


def drop(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    at = _other(rng, lines)
    lines[at : at + 1] = []


def poke(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    """A piece somewhere in a line without identity."""
    at = min(_other(rng, lines), len(lines) - 1)
    where = rng.randrange(len(lines[at]) + 1)
    lines[at] = lines[at][:where] + rng.choice(PIECES) + lines[at][where:]


def fold(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    at = min(_other(rng, lines), len(lines) - 1)
    lines[at] = lines[at].replace(b" ", b"\r\n\t ", 1)


def shuffle(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    end = _place(lines, b"")
    headers = [line for line in lines[1:end] if line]
    rng.shuffle(headers)
    lines[1:end] = headers


def another_branch(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    branch = rng.choice([foreign.vias[0].branch or "", "z9hG4bKguess", "", "\x00"]).encode()
    lines[:] = [re.sub(rb"branch=[^;\r]*", b"branch=" + branch, line) for line in lines]


def another_call(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    _set(lines, b"Call-ID", rng.choice([foreign.call_id.encode(), b"guess", b"", b"a b", b"\xff"]))


def another_trunks(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    """A complete answer to what somebody else was asked."""
    lines[:] = serialise(ok(foreign, rng.choice([200, 503, 100]))).split(b"\r\n")


def more_vias(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    at = _place(lines, b"Via") + rng.randrange(2)
    lines.insert(at, b"Via: " + str(foreign.vias[0]).encode())


def request(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    lines[0] = rng.choice(
        [b"OPTIONS sip:a SIP/2.0", b"INVITE sip:a SIP/2.0", b"GET / HTTP/1.1", b"SIP/3.0 200 OK", b"HTTP/1.1 200 OK"]
    )


def spelling(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    for old, new in rng.choice(
        [((b"Via", b"v"), (b"To", b"t")), ((b"Call-ID", b"i"),), ((b"CSeq", b"cSEQ"), (b"From", b"FROM "))]
    ):
        lines[:] = [new + line.removeprefix(old) if line.startswith(old + b":") else line for line in lines]


def scratch(rng: random.Random, lines: list[bytes], foreign: Request) -> None:
    """Bytes anywhere replaced, removed, inserted, moved, or the end cut off."""
    data = bytearray(b"\r\n".join(lines))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        until = min(at + rng.randrange(12), len(data))
        data[at:until] = rng.choice([rng.randbytes(rng.randrange(5)), rng.choice(PIECES), bytes(data[until : until + 12])])
    lines[:] = bytes(data[: rng.randrange(1, max(len(data), 1) + 1)] if rng.random() < 0.15 else data).split(b"\r\n")


ELSEWHERE: list[Mutator] = [status, phrase, number, cseq_number, cseq_method, bomb, giant, repeat, drop, poke, fold, shuffle]
ANYWHERE: list[Mutator] = [another_branch, another_call, another_trunks, more_vias, request, spelling, scratch, scratch, scratch]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`data` is sent by trunk number `trunk`; it was made of a valid response to transaction number `transaction`."""

    trunk: int
    transaction: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is asked, what is sent back in which order, and the answer that each transaction must end with, if any."""

    asked: list[Request]
    mutants: list[Mutant]
    answers: dict[int, Response]
    provisionals: int
    """How many 1xx arrive while their transaction is open."""

    def keeping(self) -> list[Mutant]:
        """Those that still carry the branch and the Call-ID of what their trunk was asked."""
        return [mutant for mutant in self.mutants if keeps_identity(mutant.data, self.asked[mutant.transaction])]

    def strangers(self) -> list[Mutant]:
        """Those that are a whole answer to what another trunk was asked."""
        known = {asked.vias[0].branch: serial for serial, asked in enumerate(self.asked)}
        owners = ((mutant, known.get(_branch(mutant.data))) for mutant in self.mutants)
        others = ((mutant, owner) for mutant, owner in owners if owner is not None and owner % TRUNKS != mutant.trunk)
        return [mutant for mutant, owner in others if answer_to(mutant.data, self.asked[owner])]


def _branch(data: bytes) -> str:
    found = re.search(rb";branch=(z9hG4bK[0-9a-f]{24})[;,\s]", data)
    return found[1].decode() if found else ""


def keeps_identity(data: bytes, asked: Request) -> bool:
    branch, call_id = re.escape((asked.vias[0].branch or "").encode()), re.escape(asked.call_id.encode())
    has_branch = re.search(rb"^(?:Via|v)\s*:.*;branch=" + branch + rb"[;,\s]", data, re.MULTILINE | re.IGNORECASE)
    has_call_id = re.search(rb"^(?:Call-ID|i)\s*:\s*" + call_id + rb"\r$", data, re.MULTILINE | re.IGNORECASE)
    return bool(has_branch and has_call_id)


def options(serial: int, rng: random.Random) -> Request:
    """As the probe asks: identifiers that cannot be guessed."""
    return Request(
        method="OPTIONS",
        uri=f"sip:trunk{serial % TRUNKS}",
        vias=(Via("UDP", "127.0.0.1", 5060, (("branch", f"z9hG4bK{rng.getrandbits(96):024x}"), ("rport", None))),),
        from_=Address(None, "sip:cutoverd@127.0.0.1", (("tag", f"{rng.getrandbits(64):016x}"),)),
        to=Address(None, "sip:trunk"),
        call_id=f"{rng.getrandbits(96):024x}@127.0.0.1",
        cseq=CSeq(1, "OPTIONS"),
    )


def valid(asked: Request, rng: random.Random) -> bytes:
    """A response that a trunk might give."""
    answer = replace(ok(asked, rng.choice([200, 200, 404, 503, 100, 180])), reason=rng.choice(["OK", "Service Unavailable", ""]))
    if rng.random() < 0.5:
        answer = replace(answer, retry_after=RetryAfter(rng.randrange(300), "maintenance"), body=b"v=0\r\n")
    return serialise(replace(answer, contacts=(Address("SBC", "sip:sbc@192.0.2.1:5060"),), headers=(("Allow", "OPTIONS"),)))


def mutated(data: bytes, foreign: Request, rng: random.Random) -> bytes:
    spoilt = data
    while spoilt == data or is_keep_alive(spoilt):
        lines = data.split(b"\r\n")
        kinds = ELSEWHERE if rng.random() < 0.35 else [*ELSEWHERE, *ANYWHERE, *ANYWHERE]
        for mutate in rng.choices(kinds, k=rng.choice([1, 1, 2, 3])):
            mutate(rng, lines, foreign)
        spoilt = b"\r\n".join(lines)
    return spoilt


def answer_to(data: bytes, asked: Request) -> Response | None:
    """The response, if `data` is one to `asked`: RFC 3261 §17.1.3, and our stricter rules of Call-ID, CSeq and a single Via."""
    try:
        message = parse(data)
    except MalformedMessage:
        return None
    if not isinstance(message, Response) or len(message.vias) != 1:
        return None
    same = message.vias[0].branch == asked.vias[0].branch and (message.call_id, message.cseq) == (asked.call_id, asked.cseq)
    return message if same else None


@cache
def campaign() -> Campaign:
    rng = random.Random(SEED)
    asked = [options(serial, rng) for serial in range(TRANSACTIONS)]
    mutants = []
    for serial in range(COUNT):
        transaction = serial % TRANSACTIONS
        foreign = asked[(transaction + rng.randrange(1, TRUNKS)) % TRANSACTIONS]
        mutants.append(Mutant(transaction % TRUNKS, transaction, mutated(valid(asked[transaction], rng), foreign, rng)))
    rng.shuffle(mutants)
    answers: dict[int, Response] = {}
    provisionals = 0
    for mutant in mutants:
        response = answer_to(mutant.data, asked[mutant.transaction])
        if response is not None and response.is_final:
            answers.setdefault(mutant.transaction, response)
        elif response is not None and mutant.transaction not in answers:
            provisionals += 1
    return Campaign(asked, mutants, answers, provisionals)
