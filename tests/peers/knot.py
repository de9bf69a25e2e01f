"""knot, a real authoritative name server with TSIG and RFC 2136 updates, on a free loopback port in a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers import need

ORIGIN = "example.net."
ZONE = """\
$TTL 300
@      SOA   ns hostmaster 1 3600 600 86400 60
@      NS    ns
ns     A     127.0.0.1
sip    A     192.0.2.1
"""
SIP_RECORDS = """\
@             60  NAPTR 10 50 "s" "SIPS+D2T" "" _sips._tcp
@             60  NAPTR 20 50 "S" "SIP+D2U" "" _sip._udp.sip
@             60  NAPTR 30 50 "s" "SIP+D2S" "" _sip._sctp.sip
_sips._tcp    90  SRV   0 0 5061 sbc1
_sip._udp.sip 80  SRV   10 70 5060 sbc1
_sip._udp.sip 80  SRV   10 30 5070 sbc2
_sip._udp.sip 80  SRV   20 0 5060 sbc3
_sip._tcp.off 300 SRV   0 0 0 .
sbc1          300 A     127.0.0.1
sbc1          300 AAAA  ::1
sbc2          40  CNAME node2
node2         300 CNAME host2
host2         200 A     127.0.0.2
sbc3          300 AAAA  ::1
away          70  CNAME sbc.example.org.
round         300 CNAME around
around        300 CNAME round
""".splitlines()
"""A zone as RFC 3263 has it, for `knot(records=…)`: NAPTR to SRV to addresses, aliases of addresses, and one service that
is decidedly not there."""
ALGORITHM = "hmac-sha256"
KEY, SECRET = "cutover.", "Y3V0b3ZlciB0ZXN0IGtleSwgbm90IGEgc2VjcmV0ISE="
READER, READER_SECRET = "reader.", "cmVhZGVyIHRlc3Qga2V5LCBub3QgYSBzZWNyZXQhISE="
"""A key that the server knows and that may not update the zone."""

CONF = """\
server:
    rundir: "{folder}"
    listen: {host}@{port}
    tcp-workers: 1
    udp-workers: 1
    background-workers: 1
database:
    storage: "{folder}"
log:
  - target: stdout
    any: debug
key:
  - id: {key}
    algorithm: {algorithm}
    secret: {secret}
  - id: {reader}
    algorithm: {algorithm}
    secret: {reader_secret}
acl:
  - id: update
    key: {key}
    action: update
zone:
  - domain: {origin}
    storage: "{folder}"
    file: zone
    acl: update
    zonefile-sync: -1
"""
STARTED, UPDATE = re.compile(r"server started"), re.compile(r"ACL, \w+, action update|TSIG, key .* verification failed")
CHANGED = re.compile(r"DDNS, finished, serial (\d+) -> (\d+)")


@dataclass
class Knot:
    """`server` is host:port. `log` is what knotd has said so far."""

    server: str
    process: asyncio.subprocess.Process
    key: str = KEY
    secret: bytes = SECRET.encode()
    log: list[str] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read_log(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._news:
                self.log.append(line.decode())
                self._news.notify_all()
        async with self._news:
            self.log.append("knotd ended\n")
            self._news.notify_all()

    async def said(self, what: re.Pattern[str], *, within: float = 20) -> None:
        """Wait until the log holds a line like this."""
        ended = re.compile("knotd ended")
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(lambda: self._lines(what) or self._lines(ended))
        assert self._lines(what), "".join(self.log)

    def _lines(self, what: re.Pattern[str]) -> list[str]:
        return [line for line in self.log if what.search(line)]

    def updates(self) -> int:
        """UPDATE messages that reached knot, whatever became of them."""
        return len(self._lines(UPDATE))

    async def changed(self, times: int, *, within: float = 20) -> None:
        """Wait until updates have changed the zone this often."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(lambda: self.changes() >= times)

    def changes(self) -> int:
        """Updates that changed the zone."""
        return len(self._lines(CHANGED))

    async def kdig(self, name: str, kind: str, *options: str) -> list[str]:
        """The values as a real client sees them, sorted."""
        return await kdig(self.server, name, kind, *options)

    async def knsupdate(self, *lines: str) -> str:
        return await knsupdate(self.server, *lines)


async def kdig(server: str, name: str, kind: str, *options: str) -> list[str]:
    host, _, port = server.rpartition(":")
    return sorted((await run("kdig", f"@{host}", "-p", port, "+norec", "+short", *options, name, kind)).split())


async def knsupdate(server: str, *lines: str, key: str = KEY, secret: str = SECRET, origin: str = ORIGIN) -> str:
    """Send one update by the real program: `lines` are its commands between `zone` and `send`. Returns all it says."""
    host, _, port = server.rpartition(":")
    signed = [f"key {ALGORITHM}:{key} {secret}"] if key else []
    script = "\n".join([f"server {host} {port}", f"zone {origin}", f"origin {origin}", *signed, *lines, "send", "answer", ""])
    return await run("knsupdate", stdin=script, may_fail=True)


async def run(program: str, *arguments: str, stdin: str = "", may_fail: bool = False) -> str:
    path = Path(need("kdig")).with_name(program)  # knsupdate comes in kdig's package
    process = await asyncio.create_subprocess_exec(
        str(path), *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate(stdin.encode())
    assert may_fail or process.returncode == 0, f"{program}: {output.decode()}"
    return output.decode()


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody uses for TCP or UDP at this moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
            tcp.bind((host, 0))
            with contextlib.suppress(OSError):
                udp.bind((host, tcp.getsockname()[1]))
                return int(udp.getsockname()[1])


@contextlib.asynccontextmanager
async def knot(folder: Path, *, zone: str = ZONE, records: Iterable[str] = (), host: str = "127.0.0.1") -> AsyncIterator[Knot]:
    """knotd serving `example.net.` until the block ends: `zone` in master file text and `records` more lines of it."""
    port = free_port(host)
    conf = CONF.format(
        folder=folder, host=host, port=port, key=KEY, algorithm=ALGORITHM, secret=SECRET, reader=READER,
        reader_secret=READER_SECRET, origin=ORIGIN,
    )  # fmt: skip
    (folder / "zone").write_text("\n".join([zone, *records, ""]))
    (folder / "knot.conf").write_text(conf)
    process = await asyncio.create_subprocess_exec(
        need("knotd"), "-c", str(folder / "knot.conf"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    server = Knot(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", process)
    reading = asyncio.create_task(server.read_log())
    try:
        await server.said(STARTED)
        assert await server.kdig(ORIGIN, "SOA"), "".join(server.log)
        yield server
    finally:
        await _stop(process)
        await reading


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(10):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
