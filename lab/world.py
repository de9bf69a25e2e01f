"""The world in miniature, on loopback and without privileges: two trunks and the zone that says which one callers take."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.asyncquery
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update

from lab import dns as lab_dns
from lab.dns import DnsServer
from lab.sip import Uas
from lab.zone import Zone

ZONE = "lab.example."
NAME = "sip.lab.example."
BASELINE_ADDRESS = "192.0.2.10"
NEW_ADDRESS = "198.51.100.20"
KEY_NAME = "cutover"

_ZONE_TEXT = f"""
@   300 IN SOA ns.lab.example. hostmaster.lab.example. 1 3600 600 86400 60
@   300 IN NS  ns.lab.example.
ns  300 IN A   127.0.0.1
sip 300 IN A   {BASELINE_ADDRESS}
"""

_SETTINGS = """\
name: lab
cutover: {{opens: {opens}, closes: {closes}, recovery_time_objective: 30s}}
server:
  webhook: {{listen: "127.0.0.1:0", keys: [{{name: ivr, secret: {{file: ivr.key}}}}]}}
  admin: {{listen: "127.0.0.1:0"}}
  control: {folder}
store: {{url: "sqlite://{folder}/lab.db"}}
probes:
  trunk-new: {{kind: sip_options, path: new, target: "sip:127.0.0.1:{new}", every: 1s, suspect_every: 400ms, timeout: 900ms}}
  trunk-old: {{kind: sip_options, path: baseline, target: "sip:127.0.0.1:{old}", every: 1s, suspect_every: 400ms, timeout: 900ms}}
gates:
  inbound:
    trip: {{consecutive: 3, codes: [503, 408], probes: [trunk-new]}}
    compare_with: [trunk-old]
    recover: {{consecutive: 3}}
    on_trip: [{{run: inbound-rollback, confirm_for: {confirm_for}}}]
plans:
  inbound-rollback:
    stages:
      - name: dns
        steps:
          - kind: dns
            provider: {{rfc2136: {{server: "127.0.0.1:{dns}", key: {{name: {key}, secret: {{file: tsig.key}}}}}}}}
            zone: {zone}
            records: [{{name: sip, type: A}}]
        then_wait: {{for: 1s, reason: "let resolvers follow before anything else moves"}}
"""


@dataclass(frozen=True, slots=True)
class World:
    """`new` and `old` are the trunks of the new and the baseline path; `secret` is the zone's TSIG key in base64."""

    new: Uas
    old: Uas
    dns: DnsServer
    secret: str

    async def record(self) -> str:
        """The record as the name server answers it over the network: `sip.lab.example. A 192.0.2.10 (TTL 300)`."""
        question = dns.message.make_query(NAME, "A")
        answer = await dns.asyncquery.udp(question, "127.0.0.1", port=self.dns.port, timeout=2.0)
        found = answer.get_rrset(dns.message.ANSWER, dns.name.from_text(NAME), dns.rdataclass.IN, dns.rdatatype.A)
        if found is None:
            return f"{NAME} A: none"
        return f"{NAME} A {' '.join(sorted(str(item) for item in found))} (TTL {found.ttl})"

    async def cut_over(self) -> None:
        """What the night is about: the record now leads to the new path."""
        key = dns.tsig.Key(KEY_NAME, self.secret)
        change = dns.update.UpdateMessage(ZONE, keyring=key)
        change.replace("sip", 60, "A", NEW_ADDRESS)
        answer = await dns.asyncquery.tcp(change, "127.0.0.1", port=self.dns.port, timeout=2.0)
        if answer.rcode() != dns.rcode.NOERROR:
            raise RuntimeError(f"the lab's name server refused the cutover: {dns.rcode.to_text(answer.rcode())}")

    def write_settings(self, folder: Path, *, now: datetime, confirm_for: str, wrong_key: bool = False) -> Path:
        """A configuration for this world in `folder`, with its secrets beside it; `wrong_key` gives it another TSIG secret."""
        tsig = base64.b64encode(b"not the key of this name server").decode() if wrong_key else self.secret
        for name, content in (("ivr.key", "lab-ivr-key"), ("tsig.key", tsig)):
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(content + "\n")
        path = folder / "lab.yaml"
        path.write_text(
            _SETTINGS.format(
                opens=_stamp(now - timedelta(minutes=1)),
                closes=_stamp(now + timedelta(hours=8)),
                folder=folder,
                new=self.new.port,
                old=self.old.port,
                dns=self.dns.port,
                key=KEY_NAME,
                zone=ZONE,
                confirm_for=confirm_for,
            )
        )
        return path


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextlib.asynccontextmanager
async def world(*, secret: bytes) -> AsyncIterator[World]:
    """Both trunks answer 200, and the zone leads to the baseline path."""
    key = base64.b64encode(secret).decode()
    server = DnsServer(Zone.from_text(_ZONE_TEXT, ZONE), {KEY_NAME: key})
    async with Uas() as new, Uas() as old, lab_dns.serving(server):
        yield World(new, old, server, key)
