"""The limits that `pacing export` prints, as nftables and the real Kamailio read them."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.cli.pacing_text import Limit, Registrar, kamailio, nftables
from probes.sip.messages.message import Response, parse
from probes.sip.registering.pacing import allowance
from tests.daemon.cli.installed import CONFIG, cutoverd
from tests.peers import need
from tests.peers.sipp import free_udp_port

HERE = Registrar("192.0.2.7", 5060)

NFTABLES = """\
table inet cutoverd_pacing
delete table inet cutoverd_pacing
table inet cutoverd_pacing {
    chain registers {
        ip daddr 192.0.2.7 udp dport 5060 @th,64,64 0x5245474953544552 limit rate over 99/second burst 2 packets counter drop
        ip6 daddr 2001:db8::7 udp dport 5070 @th,64,64 0x5245474953544552 limit rate over 99/second burst 2 packets counter drop
    }
    chain outbound {
        type filter hook output priority filter; policy accept;
        jump registers
    }
    chain through {
        type filter hook forward priority filter; policy accept;
        jump registers
    }
    chain inbound {
        type filter hook input priority filter; policy accept;
        jump registers
    }
}
"""
"""What nft 1.0.6 accepts with `nft -c -f`."""

KAMAILIO = """\
#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:{port}
loadmodule "pv.so"
loadmodule "sl.so"
{export}
request_route {{
  route(PACE_REGISTER);
  sl_send_reply("200", "OK");
}}
"""

REGISTER = (
    "REGISTER sip:example.net SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{turn};rport\r\n"
    "From: <sip:a@example.net>;tag=a\r\nTo: <sip:a@example.net>\r\nCall-ID: {turn}\r\nCSeq: 1 REGISTER\r\n"
    "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def rules(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def export(*arguments: str) -> str:
    done = cutoverd("pacing", "export", *arguments)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


# nftables.


def test_each_registrar_has_a_rule_and_a_limit_of_its_own() -> None:
    text = export("--rate", "100", "--registrar", "192.0.2.7", "--registrar", "[2001:db8::7]:5070", "--for", "nftables")
    assert rules(text) == NFTABLES


def test_the_word_that_is_matched_is_the_method() -> None:
    assert bytes.fromhex("5245474953544552") == REGISTER.encode()[:8]


@given(rate=st.integers(1, 100_000))
def test_the_limit_lets_no_more_than_the_rate_into_a_second_and_what_is_paced_through(rate: int) -> None:
    allowed = allowance(rate)
    filled = rate - allowed.burst + 1
    assert f"limit rate over {filled}/second burst {allowed.burst} packets" in nftables([Limit(HERE, rate)])
    # The burst, and what trickles in before the second is over.
    assert allowed.burst + filled - 1 <= rate
    assert allowed.sustained <= filled


@pytest.mark.parametrize(("rate", "told"), [(0.5, "30/minute"), (0.01, "36/hour"), (0.999, "59/minute")])
def test_rates_below_one_are_told_in_whole_numbers(rate: float, told: str) -> None:
    assert f"limit rate over {told} burst 1 packets" in nftables([Limit(HERE, rate)])


# Kamailio.


@contextmanager
def running(folder: Path, config: str, port: int) -> Iterator[socket.socket]:
    """Kamailio with this configuration, and a socket that it answers."""
    (folder / "kamailio.cfg").write_text(config)
    command = [
        need("kamailio"),
        "-DD",
        "-E",
        "-f",
        "kamailio.cfg",
        "-Y",
        str(folder),
        "-P",
        str(folder / "pid"),
        "-m",
        "16",
        "-M",
        "4",
    ]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server,
    ):
        try:
            client.connect(("127.0.0.1", port))
            client.settimeout(0.2)
            deadline = time.monotonic() + 20
            while not _is_answered(client):
                assert time.monotonic() < deadline, "kamailio does not answer"
                assert server.poll() is None, "kamailio ended"
            yield client
        finally:
            server.terminate()
            server.wait(10)


def _is_answered(client: socket.socket) -> bool:
    try:
        client.send(REGISTER.format(turn="first").replace("REGISTER", "OPTIONS").encode())
        return bool(client.recv(4096))
    except (ConnectionRefusedError, TimeoutError):
        return False


def answers(client: socket.socket, count: int) -> list[Response]:
    for turn in range(count):
        client.send(REGISTER.format(turn=turn).encode())
    client.settimeout(10)
    found: list[Response] = []
    while len(found) < count:
        message = parse(client.recv(4096))
        assert isinstance(message, Response)
        if message.cseq.method == "REGISTER":
            found.append(message)
    return found


@pytest.mark.parametrize("rate", ["50", "0.2", "100000"])
def test_the_real_kamailio_accepts_the_configuration(tmp_path: Path, rate: str) -> None:
    config = tmp_path / "kamailio.cfg"
    text = export("--rate", rate, "--registrar", "192.0.2.7", "--for", "kamailio")
    config.write_text(KAMAILIO.format(port=free_udp_port(), export=text))
    checked = subprocess.run([need("kamailio"), "-c", "-f", str(config)], capture_output=True, text=True, check=False, timeout=30)
    assert checked.returncode == 0, checked.stderr


def test_the_real_kamailio_answers_what_is_above_the_rate_with_503_and_retry_after(tmp_path: Path) -> None:
    port, rate = free_udp_port(), 5
    with running(tmp_path, KAMAILIO.format(port=port, export=kamailio(Limit(HERE, rate))), port) as client:
        found = answers(client, 40)
    statuses = Counter(answer.status for answer in found)
    assert set(statuses) == {200, 503}
    # The forty may fall into several seconds of the clock, and into more of them where the machine is slow.
    assert rate <= statuses[200] < len(found)
    for answer in found:
        assert (answer.retry_after is not None) is (answer.status == 503)


def test_a_rate_below_one_counts_over_several_seconds() -> None:
    text = kamailio(Limit(HERE, 0.3))
    assert 'modparam("pipelimit", "timer_interval", 4)' in text
    assert 'pl_check("register", "TAILDROP", "1")' in text


# The command.


def test_both_are_printed_when_neither_is_asked_for() -> None:
    text = export("--rate", "50", "--registrar", "192.0.2.7:5060")
    assert rules(text).startswith(NFTABLES.partition(" {")[0])
    assert "route[PACE_REGISTER]" in text
    assert "at most 50 towards 192.0.2.7:5060" in text
    assert "at most 50 REGISTERs a second pass here, wherever they go" in text
    assert text.count("192.0.2.7:5060") == 1


def test_json_holds_the_same_texts() -> None:
    arguments = ("--rate", "2.5", "--registrar", "[2001:db8::7]")
    document = json.loads(export(*arguments, "--json"))
    assert document["limits"] == [{"registrar": "[2001:db8::7]:5060", "rate": 2.5}]
    assert export(*arguments, "--for", "kamailio") == document["kamailio"]
    assert export(*arguments, "--for", "nftables") == document["nftables"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--rate", "0", "--registrar", "192.0.2.7"), "--rate"),
        (("--rate", "nan", "--registrar", "192.0.2.7"), "--rate"),
        (("--rate", "50", "--registrar", "sbc.example.net"), "not a numeric address"),
        (("--rate", "50", "--registrar", "192.0.2.7:99999"), "not a numeric address"),
        (("--rate", "50", "--registrar", "192.0.2.7; drop"), "not a numeric address"),
        (("--rate", "50", "--registrar", "2001:db8::7"), "not a numeric address"),
        (("--rate", "50", "--registrar", "fe80::1%eth0"), "not a numeric address"),
    ],
)
def test_what_makes_no_limit_is_a_mistake_of_usage(arguments: tuple[str, ...], named: str) -> None:
    done = cutoverd("pacing", "export", *arguments)
    assert (done.stdout, done.returncode) == ("", 2)
    assert named in done.stderr


# What the configuration says.

PROBE = "  {name}: {{kind: sip_register, path: baseline, aor: 'sip:{name}@example.net', target: 'sip:{host}'{more}}}\n"


def configured(folder: Path, *probes: str) -> str:
    file = folder / "cutoverd.yaml"
    text = CONFIG.format(folder=folder)
    file.write_text(text.replace("gates:\n", "".join(probes) + "gates:\n"))
    return str(file)


def test_registrars_and_rates_come_from_the_configuration(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        PROBE.format(name="one", host="192.0.2.7:5070", more=", rate: 50"),
        PROBE.format(name="two", host="192.0.2.7:5070", more=", rate: 50"),
        PROBE.format(name="three", host="registrar.example.net", more=", address: '198.51.100.9:5060', rate: 20"),
    )
    document = json.loads(export("-c", config, "--for", "nftables", "--json"))
    assert document["limits"] == [{"registrar": "192.0.2.7:5070", "rate": 50}, {"registrar": "198.51.100.9:5060", "rate": 20}]


def test_two_names_of_one_registrar_are_one_limit_of_the_least_rate(tmp_path: Path) -> None:
    address = ", address: '192.0.2.7:5060', rate: "
    config = configured(
        tmp_path,
        PROBE.format(name="one", host="old.example.net", more=f"{address}20"),
        PROBE.format(name="two", host="new.example.net", more=f"{address}50"),
        PROBE.format(name="three", host="192.0.2.7", more=""),
    )
    assert json.loads(export("-c", config, "--json"))["limits"] == [{"registrar": "192.0.2.7:5060", "rate": 20}]


@pytest.mark.parametrize(
    ("host", "registrar", "transport"),
    [("192.0.2.7;transport=tls", "192.0.2.7:5061", "TLS"), ("192.0.2.7;transport=tcp", "192.0.2.7:5060", "TCP")],
)
def test_that_nftables_cannot_match_a_registrar_is_said_beside_it(
    tmp_path: Path, host: str, registrar: str, transport: str
) -> None:
    config = configured(tmp_path, PROBE.format(name="one", host=host, more=", rate: 50"))
    done = cutoverd("pacing", "export", "-c", config, "--json")
    assert json.loads(done.stdout)["limits"] == [{"registrar": registrar, "rate": 50}]
    assert f"nftables cannot match REGISTERs over {transport}: its rule for {registrar}" in done.stderr
    assert cutoverd("pacing", "export", "-c", config, "--for", "kamailio").stderr == ""


def test_flags_override_the_configuration(tmp_path: Path) -> None:
    config = configured(tmp_path, PROBE.format(name="one", host="192.0.2.7", more=", rate: 50"))
    other = json.loads(export("-c", config, "--rate", "30", "--json"))
    assert other["limits"] == [{"registrar": "192.0.2.7:5060", "rate": 30}]
    same = json.loads(export("-c", config, "--registrar", "192.0.2.7", "--json"))
    assert same["limits"] == [{"registrar": "192.0.2.7:5060", "rate": 50}]


@pytest.mark.parametrize(
    ("probes", "arguments", "named"),
    [
        ((), (), "no sip_register probe is configured"),
        ((("192.0.2.7", ""),), (), "no rate is configured for 192.0.2.7:5060"),
        ((("192.0.2.7", ", rate: 50"),), ("--registrar", "192.0.2.8"), "no rate is configured for 192.0.2.8:5060"),
        ((("registrar.example.net", ", rate: 50"),), (), "is a name, registrar.example.net"),
        ((("192.0.2.7", ", rate: 50"), ("192.0.2.8", ", rate: 50")), (), "one Kamailio"),
    ],
)
def test_what_the_configuration_does_not_say_is_asked_for(
    tmp_path: Path, probes: tuple[tuple[str, str], ...], arguments: tuple[str, ...], named: str
) -> None:
    lines = [PROBE.format(name=f"p{number}", host=host, more=more) for number, (host, more) in enumerate(probes)]
    done = cutoverd("pacing", "export", "-c", configured(tmp_path, *lines), *arguments)
    assert (done.stdout, done.returncode) == ("", 2)
    assert named in done.stderr


def test_a_configuration_with_mistakes_is_reported_like_check_does(tmp_path: Path) -> None:
    config = configured(tmp_path, "  odd: {kind: nonsense}\n")
    done = cutoverd("pacing", "export", "-c", config)
    assert done.returncode == 2
    assert f"{config}:" in done.stderr
