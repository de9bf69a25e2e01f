"""The lab's registrar: what it binds, whom it believes, and how it counts."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from lab.registrar import Limits, Registrar, busiest
from probes.sip.messages.headers import ANY_CONTACT, Address, CSeq, Via
from probes.sip.messages.message import Request, Response, parse, serialise

SECOND = 1_000_000_000
AOR, CONTACT = "sip:alice@lab.test", "sip:alice@127.0.0.1:5090"
URI = "sip:lab.test"


class Phone(asyncio.DatagramProtocol):
    """Sends one request after the other, and answers challenges itself when it is told a password."""

    def __init__(self) -> None:
        self._answers: asyncio.Queue[Response] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport
        self._serial = 0
        self.call_id = "call"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = parse(data)
        assert isinstance(message, Response)
        self._answers.put_nowait(message)

    def request(self, *contacts: Address, expires: int | None = None, method: str = "REGISTER", aor: str = AOR) -> Request:
        self._serial += 1
        return Request(
            method=method,
            uri=URI,
            vias=(Via("UDP", "127.0.0.1", 9, (("branch", f"z9hG4bK{self._serial}"), ("rport", None))),),
            from_=Address(None, aor, (("tag", "a"),)),
            to=Address(None, aor),
            call_id=self.call_id,
            cseq=CSeq(self._serial, method),
            contacts=contacts,
            expires=expires,
        )

    def send(self, request: Request) -> None:
        self._transport.sendto(serialise(request))

    async def answer(self) -> Response:
        async with asyncio.timeout(10):
            return await self._answers.get()

    async def ask(self, request: Request) -> Response:
        self.send(request)
        return await self.answer()

    async def register(
        self, *contacts: Address, expires: int | None = None, password: str = "secret", aor: str = AOR
    ) -> Response:
        challenge = await self.ask(self.request(*contacts, expires=expires, aor=aor))
        assert challenge.status == 401
        return await self.ask(credentials(self.request(*contacts, expires=expires, aor=aor), challenge, password))

    def close(self) -> None:
        self._transport.close()


def credentials(request: Request, challenge: Response, password: str, *, user: str = "alice", count: int = 1) -> Request:
    given = dict(re.findall(r'(\w+)="?([^",]+)', challenge.header("WWW-Authenticate")[0]))
    hashes = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}

    def digest(text: str) -> str:
        return hashlib.new(hashes[given["algorithm"]], text.encode()).hexdigest()

    who, what = digest(f"{user}:{given['realm']}:{password}"), digest(f"REGISTER:{request.uri}")
    answer = digest(f"{who}:{given['nonce']}:{count:08x}:c:auth:{what}")
    value = (
        f'Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{request.uri}", '
        f'response="{answer}", algorithm={given["algorithm"]}, qop=auth, nc={count:08x}, cnonce="c"'
    )
    return replace(request, headers=(("Authorization", value),))


def contact(uri: str = CONTACT, expires: int | None = None) -> Address:
    return Address(None, uri, () if expires is None else (("expires", str(expires)),))


@pytest.fixture
async def registrar() -> AsyncIterator[Registrar]:
    async with Registrar({"alice": "secret", "bob": "else"}.get, rng=random.Random(1)) as running:
        yield running


@pytest.fixture
async def phone(registrar: Registrar) -> AsyncIterator[Phone]:
    remote = ("127.0.0.1", registrar.port)
    _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Phone, remote_addr=remote)
    yield protocol
    protocol.close()


# Whom it believes.


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
async def test_the_right_password_binds_the_contact(registrar: Registrar, phone: Phone, algorithm: str) -> None:
    registrar.digest.__init__({"alice": "secret"}.get, realm="lab", algorithm=algorithm, rng=random.Random(1))  # type: ignore[misc]
    answer = await phone.register(contact(expires=600))
    assert answer.status == 200
    assert [(bound.uri, bound.expires) for bound in answer.contacts] in ([(CONTACT, 600)], [(CONTACT, 599)])
    assert set(registrar.bindings) == {AOR}


async def test_a_wrong_password_is_challenged_anew_and_binds_nothing(registrar: Registrar, phone: Phone) -> None:
    answer = await phone.register(contact(), password="guess")
    assert answer.status == 401
    assert "stale" not in answer.header("WWW-Authenticate")[0]
    assert registrar.bindings == {}


async def test_an_unknown_user_is_not_let_in(phone: Phone) -> None:
    challenge = await phone.ask(phone.request(contact()))
    assert (await phone.ask(credentials(phone.request(contact()), challenge, "secret", user="eve"))).status == 401


async def test_a_nonce_may_be_used_again_if_its_counter_rises(phone: Phone) -> None:
    challenge = await phone.ask(phone.request(contact()))
    statuses = [
        (await phone.ask(credentials(phone.request(contact()), challenge, "secret", count=n))).status for n in (1, 2, 2, 3)
    ]
    assert statuses == [200, 200, 401, 200]


async def test_a_forgotten_nonce_is_stale(registrar: Registrar, phone: Phone) -> None:
    challenge = await phone.ask(phone.request(contact()))
    registrar.digest.forget_nonces()
    answer = await phone.ask(credentials(phone.request(contact()), challenge, "secret"))
    assert answer.status == 401
    assert "stale=true" in answer.header("WWW-Authenticate")[0]


async def test_credentials_for_another_request_uri_are_not_believed(phone: Phone) -> None:
    challenge = await phone.ask(phone.request(contact()))
    request = credentials(phone.request(contact()), challenge, "secret")
    assert (await phone.ask(replace(request, uri="sip:elsewhere.test"))).status == 401


# What it binds.


async def test_a_register_without_contact_asks_and_binds_nothing(registrar: Registrar, phone: Phone) -> None:
    await phone.register(contact(expires=600))
    answer = await phone.register()
    assert [bound.uri for bound in answer.contacts] == [CONTACT]
    assert len(registrar.bindings[AOR]) == 1


async def test_expires_of_the_header_counts_where_the_contact_has_none_and_is_cut_to_the_most(
    registrar: Registrar, phone: Phone
) -> None:
    registrar.limits.max_expires = 100
    answer = await phone.register(contact(), expires=10_000)
    assert [bound.expires for bound in answer.contacts] in ([100], [99])


async def test_expires_zero_takes_a_binding_back(registrar: Registrar, phone: Phone) -> None:
    await phone.register(contact(), contact("sip:alice@127.0.0.1:7"))
    answer = await phone.register(contact(expires=0))
    assert [bound.uri for bound in answer.contacts] == ["sip:alice@127.0.0.1:7"]


async def test_a_star_takes_all_back_and_only_with_expires_zero(registrar: Registrar, phone: Phone) -> None:
    await phone.register(contact(), contact("sip:alice@127.0.0.1:7"))
    assert (await phone.register(ANY_CONTACT, expires=60)).status == 400
    assert (await phone.register(ANY_CONTACT, contact(), expires=0)).status == 400
    assert (await phone.register(ANY_CONTACT, expires=0)).status == 200
    assert registrar.bindings == {}


async def test_too_brief_an_interval_is_told_the_least(registrar: Registrar, phone: Phone) -> None:
    registrar.limits.min_expires = 300
    answer = await phone.register(contact(expires=60))
    assert (answer.status, answer.min_expires) == (423, 300)
    assert registrar.bindings == {}
    assert (await phone.register(contact(expires=300))).status == 200


async def test_a_binding_that_has_expired_is_told_no_more(registrar: Registrar, phone: Phone) -> None:
    await phone.register(contact(expires=600))
    registrar.bindings[AOR][CONTACT].expires_at = 0
    assert (await phone.register()).contacts == ()


async def test_a_register_that_was_overtaken_changes_nothing(phone: Phone) -> None:
    await phone.register(contact(expires=600))
    challenge = await phone.ask(phone.request())
    late = replace(credentials(phone.request(contact(expires=0)), challenge, "secret"), cseq=CSeq(1, "REGISTER"))
    assert (await phone.ask(late)).status == 500
    assert len((await phone.register()).contacts) == 1


async def test_everybody_can_be_lost_and_waited_for(registrar: Registrar, phone: Phone) -> None:
    await phone.register(contact())
    assert registrar.lose_everybody() == 1
    back = asyncio.ensure_future(registrar.until_bound(1))
    await asyncio.sleep(0)
    assert not back.done()
    await phone.register(contact())
    async with asyncio.timeout(10):
        await back


async def test_after_a_restart_nonces_are_stale_and_the_second_is_empty(registrar: Registrar, phone: Phone) -> None:
    registrar.limits.capacity = 1
    challenge = await phone.ask(phone.request(contact()))
    registrar.lose_everybody()
    answer = await phone.ask(credentials(phone.request(contact()), challenge, "secret"))
    assert answer.status == 401
    assert "stale=true" in answer.header("WWW-Authenticate")[0]


# How it counts.


async def test_no_more_than_its_capacity_is_accepted_within_a_second(registrar: Registrar, phone: Phone) -> None:
    registrar.limits.capacity = 3
    statuses = [(await phone.ask(phone.request())).status for _ in range(5)]
    assert statuses == [401, 401, 401, 503, 503]
    assert (len(registrar.log.arrived), len(registrar.log.refused)) == (5, 2)


async def test_a_second_later_there_is_room_again() -> None:
    registrar = Registrar(limits=Limits(capacity=2))
    taken = [registrar._takes(at) for at in (0, 10, SECOND - 1, SECOND, SECOND + 9, SECOND + 10)]
    assert taken == [True, True, False, True, False, True]


@pytest.mark.parametrize("retry_after", [None, 7])
async def test_a_refusal_has_a_retry_after_if_told_so(registrar: Registrar, phone: Phone, retry_after: int | None) -> None:
    registrar.limits.capacity, registrar.limits.retry_after = 0, retry_after
    answer = await phone.ask(phone.request())
    assert answer.status == 503
    assert (answer.retry_after and answer.retry_after.seconds) == retry_after


async def test_a_retransmission_counts_as_arrived_and_gets_the_first_answer(registrar: Registrar, phone: Phone) -> None:
    registrar.limits.capacity = 1
    request = phone.request()
    first, second = await phone.ask(request), await phone.ask(request)
    assert first == second
    assert first.status == 401
    assert (len(registrar.log.arrived), registrar.log.copies) == (2, 1)


async def test_arrivals_are_dated_by_the_kernel_and_not_when_they_are_read(registrar: Registrar, phone: Phone) -> None:
    """Nobody reads while this test holds the loop: read one after the other, the two would lie together."""
    phone.send(phone.request())
    end = asyncio.get_running_loop().time() + 0.05
    while asyncio.get_running_loop().time() < end:
        pass
    phone.send(phone.request())
    await phone.answer()
    await phone.answer()
    first, second = registrar.log.arrived
    assert second - first >= 45_000_000


async def test_other_methods_are_not_counted(registrar: Registrar, phone: Phone) -> None:
    assert (await phone.ask(phone.request(method="OPTIONS"))).status == 405
    assert len(registrar.log.arrived) == 0


async def test_mute_it_counts_and_says_nothing(registrar: Registrar, phone: Phone) -> None:
    registrar.limits.mute = True
    phone.send(phone.request())
    registrar_has_read = phone.request(method="OPTIONS")
    phone.send(registrar_has_read)
    while not registrar.log.arrived:
        await asyncio.sleep(0)
    registrar.limits.mute = False
    assert (await phone.ask(phone.request(method="OPTIONS"))).status == 405
    assert len(registrar.log.arrived) == 1


async def test_what_is_no_message_is_passed_over(registrar: Registrar, phone: Phone) -> None:
    for datagram in (b"\r\n\r\n", b"REGISTER", serialise(phone.request(method="ACK"))):
        phone._transport.sendto(datagram)
    assert (await phone.ask(phone.request())).status == 401


async def test_closed_and_opened_again_it_keeps_its_port(registrar: Registrar, phone: Phone) -> None:
    port = registrar.port
    registrar.close()
    registrar.close()
    registrar.open()
    registrar.open()
    assert registrar.port == port
    assert (await phone.ask(phone.request())).status == 401


@pytest.mark.parametrize(
    ("moments", "most"),
    [([], 0), ([5], 1), ([0, 1, SECOND - 1], 3), ([0, SECOND], 1), ([0, 1, SECOND, SECOND + 1, SECOND + 2], 3)],
)
def test_the_busiest_second_is_open_at_its_end(moments: list[int], most: int) -> None:
    assert busiest(moments) == most
