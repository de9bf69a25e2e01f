"""What the system's files say about names, and what a change of them does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.dns import DnsServer, serving
from lab.zone import Zone
from probes import resolver as resolving
from probes import watched
from probes.hosts import parse_hosts
from probes.records import Address, Failed, Fault, Found, Kind, Question
from probes.resolver import LOCAL, Resolver, Servers, full_names, host_of, parse_resolv_conf
from probes.watched import WatchedFile
from tests.peers import knot

SECOND = 1_000_000_000
HOSTS = """\
127.0.0.1   localhost
192.0.2.1   sbc01 SBC01.example.net.   # the old one
2001:DB8::1 sbc01
192.0.2.2   sbc01
fe80::1%eth0 zoned
not-an-address nobody
192.0.2.3
# 192.0.2.4 commented
"""


def write(path: Path, text: str) -> Path:
    """As an editor does: a new file in the old one's place."""
    new = path.with_suffix(".new")
    new.write_text(text)
    return new.rename(path)


def test_hosts_lists_every_address_of_a_name_under_every_spelling() -> None:
    hosts = parse_hosts(HOSTS)
    assert dict(hosts) == {
        "localhost": ("127.0.0.1",),
        "sbc01": ("192.0.2.1", "2001:db8::1", "192.0.2.2"),
        "sbc01.example.net": ("192.0.2.1",),
    }


@pytest.mark.parametrize(("kind", "hosts"), [(Kind.A, ("192.0.2.1", "192.0.2.2")), (Kind.AAAA, ("2001:db8::1",))])
async def test_a_name_in_the_hosts_file_is_answered_from_there(tmp_path: Path, kind: Kind, hosts: tuple[str, ...]) -> None:
    asked = Resolver(Servers(()), hosts=write(tmp_path / "hosts", HOSTS))
    reply = await asked.ask(Question("SBC01", kind), timeout_ns=SECOND)
    assert reply == Found(tuple(map(Address, hosts)), 30)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("sbc01.example.net", Kind.AAAA), ("sbc01.", Kind.NAPTR), ("_sip._udp.sbc01", Kind.SRV), ("_x.sbc01", Kind.A)],
)
async def test_what_the_hosts_file_lacks_about_its_names_does_not_exist(tmp_path: Path, name: str, kind: Kind) -> None:
    asked = Resolver(Servers(()), hosts=write(tmp_path / "hosts", HOSTS))
    reply = await asked.ask(Question(name, kind), timeout_ns=SECOND)
    assert isinstance(reply, Failed)
    assert reply.why is Fault.NODATA


async def test_a_change_of_the_hosts_file_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "hosts", "192.0.2.1 sbc01\n")
    asked = Resolver(Servers(()), hosts=path)
    write(path, "192.0.2.9 sbc01\n")
    assert await asked.ask(Question("sbc01", Kind.A), timeout_ns=SECOND) == Found((Address("192.0.2.9"),), 30)


async def test_without_a_hosts_file_only_dns_counts(tmp_path: Path) -> None:
    asked = Resolver(Servers((("127.0.0.1", knot.free_port()),)), hosts=None)
    reply = await asked.ask(Question("localhost", Kind.A), timeout_ns=SECOND)
    assert isinstance(reply, Failed)
    assert reply.why is Fault.UNREACHABLE


async def test_a_change_of_resolv_conf_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(DnsServer(Zone.from_text(knot.ZONE, knot.ORIGIN), {})) as server:
        monkeypatch.setattr(resolving, "PORT", server.port)
        path = write(tmp_path / "resolv.conf", "nameserver 127.0.0.9\n")
        asked = Resolver(resolv_conf=path, hosts=None)
        before = await asked.ask(Question("sip", Kind.A), timeout_ns=SECOND)
        assert isinstance(before, Failed)
        write(path, "nameserver 127.0.0.1\nsearch example.net\n")
        assert await asked.ask(Question("sip", Kind.A), timeout_ns=SECOND) == Found((Address("192.0.2.1"),), 300)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("nameserver 192.0.2.53\nnameserver ::1\n", Servers((("192.0.2.53", 53), ("::1", 53)), ("own.example.",))),
        ("search a.example b.example\nnameserver 192.0.2.53", Servers((("192.0.2.53", 53),), ("a.example.", "b.example."))),
        ("domain a.example\nnameserver 192.0.2.53", Servers((("192.0.2.53", 53),), ("a.example.",))),
        ("nameserver nonsense\nnameserver\nnameserver 192.0.2.53", Servers((("192.0.2.53", 53),), ("own.example.",))),
        ("nameserver fe80::1%eth0\n", Servers((("fe80::1%eth0", 53),), ("own.example.",))),
        ("search a..example\nnameserver 192.0.2.53", Servers((("192.0.2.53", 53),), ("own.example.",))),
        ("# nameserver 192.0.2.53\n", LOCAL),
        ("", LOCAL),
        ("\x00\ufffd nameserver", LOCAL),
    ],
)
def test_resolv_conf_is_read_as_the_system_does(text: str, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "sbc-watch.own.example")
    assert parse_resolv_conf(text) == servers


def test_not_more_resolvers_count_than_the_limit() -> None:
    text = "\n".join(f"nameserver 192.0.2.{last}" for last in range(1, 21))
    assert len(parse_resolv_conf(text).endpoints) == resolving.MOST_SERVERS


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("sbc01", "sbc01"),
        ("SBC01.", "sbc01"),
        ("_sip._udp.sbc01", "sbc01"),
        ("_sip._udp.sbc01.example.net", "sbc01.example.net"),
        ("_odd", "_odd"),
    ],
)
def test_the_host_of_a_name_is_what_follows_its_service_labels(name: str, host: str) -> None:
    assert host_of(name) == host


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("sbc01", ["sbc01.a.", "sbc01.b.", "sbc01."]),
        ("_sip._udp.sbc01", ["_sip._udp.sbc01.a.", "_sip._udp.sbc01.b.", "_sip._udp.sbc01."]),
        ("sbc01.", ["sbc01."]),
        ("sbc01.example", ["sbc01.example."]),
    ],
)
def test_the_search_domains_are_for_single_labels_alone(name: str, full: list[str]) -> None:
    assert [each.to_text() for each in full_names(name, ("a.", "b."))] == full


def test_a_file_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    path = write(tmp_path / "file", "one")
    read: list[str] = []
    file = WatchedFile(path, lambda text: read.append(text) or text)
    assert [file.value, file.value] == ["one", "one"]
    write(path, "two")
    assert [file.value, file.value] == ["two", "two"]
    path.unlink()
    assert [file.value, file.value] == ["", ""]
    assert read == ["one", "two", ""]


def test_a_change_that_keeps_the_size_is_seen_by_its_time(tmp_path: Path) -> None:
    path = write(tmp_path / "file", "one")
    file = WatchedFile(path, str)
    path.write_text("two")
    os.utime(path, ns=(1, 1))
    assert file.value == "two"


def test_of_a_huge_file_the_first_part_counts_as_far_as_its_last_whole_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "MOST_BYTES", 10)
    assert WatchedFile(write(tmp_path / "file", "whole\nhalf of it"), str).value == "whole\n"


def test_bytes_that_are_no_text_do_not_keep_a_file_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_bytes(b"\xff\xfe\n192.0.2.1 sbc01\n")
    assert WatchedFile(tmp_path / "hosts", parse_hosts).value == {"sbc01": ("192.0.2.1",)}
