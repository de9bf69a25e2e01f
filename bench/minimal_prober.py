"""What a good engineer writes in an hour: OPTIONS, three bad answers in a row, one RFC 2136 update. The yardstick for detection.

    python minimal_prober.py TRUNK_PORT DNS_PORT TSIG_SECRET

It has no gate, no comparison, no journal and no second thoughts: nothing can be much faster at the same cadence.
"""

from __future__ import annotations

import asyncio
import random
import sys

import dns.asyncquery
import dns.tsig
import dns.update

EVERY_S, SUSPECT_EVERY_S, TIMEOUT_S, THRESHOLD = 1.0, 0.2, 0.4, 3
OPTIONS = (
    "OPTIONS sip:127.0.0.1:{to} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n};rport\r\nMax-Forwards: 70\r\n"
    "From: <sip:probe@127.0.0.1>;tag={n}\r\nTo: <sip:127.0.0.1:{to}>\r\nCall-ID: {n}@127.0.0.1\r\nCSeq: 1 OPTIONS\r\n"
    "Contact: <sip:127.0.0.1:{port}>\r\nContent-Length: 0\r\n\r\n"
)


class Prober(asyncio.DatagramProtocol):
    answer: asyncio.Future[bytes]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_result(b"SIP/2.0 503")


async def main(trunk: int, dns_port: int, secret: str) -> None:
    loop = asyncio.get_running_loop()
    transport, prober = await loop.create_datagram_endpoint(Prober, remote_addr=("127.0.0.1", trunk))
    port, failures = transport.get_extra_info("sockname")[1], 0
    while failures < THRESHOLD:
        began, prober.answer = loop.time(), loop.create_future()
        transport.sendto(OPTIONS.format(to=trunk, port=port, n=random.getrandbits(64)).encode())
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status = (await prober.answer)[8:11]
        except TimeoutError:
            status = b"408"
        failures = failures + 1 if status in (b"503", b"408") else 0
        if not failures:
            print("healthy", flush=True)
        wait = (SUSPECT_EVERY_S if failures else EVERY_S) - (loop.time() - began)
        await asyncio.sleep(max(wait, 0) if failures < THRESHOLD else 0)
    print("tripped", flush=True)
    update = dns.update.UpdateMessage("example.net.", keyring=dns.tsig.Key("cutover.", secret))
    update.replace("sip", 300, "A", "192.0.2.1")
    await dns.asyncquery.udp(update, "127.0.0.1", port=dns_port, timeout=2)
    transport.close()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
