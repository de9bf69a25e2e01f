"""`server.webhook`: what it may hold, and what is said where it may not."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest

from config.server import MOST_VALUES
from tests.config.conftest import Judge, Spoil

AT = "    listen: 127.0.0.1:8080\n"


def test_everything_is_optional_but_address_and_keys(judged: Judge) -> None:
    webhook = judged().settings.server.webhook
    assert (webhook.tls, webhook.allow, webhook.regions, webhook.numbers, webhook.agent_check) == (None, (), None, None, ())
    assert (webhook.unauthenticated_per_second, webhook.per_key_per_second) == (10, 5000)


def test_all_of_it_is_read(judged: Judge) -> None:
    more = """\
    tls: {certificate: web.pem, private_key: /etc/ssl/web.key, client_ca: ivr-ca.pem, minimum_version: 1.3}
    allow: [192.0.2.0/24, 2001:db8::/32, 198.51.100.7]
    unauthenticated_per_second: 5
    per_key_per_second: 20000
    regions: {field: region, values: [emea, amer]}
    numbers: {field: dnis, values: ["+4930123456"]}
    agent_check:
      - {listen: 127.0.0.1:8090, gate: inbound, degraded: drain}
"""
    webhook = judged((AT, AT + more)).settings.server.webhook
    assert webhook.tls is not None
    assert (webhook.tls.certificate, webhook.tls.private_key) == ("/etc/cutoverd/web.pem", "/etc/ssl/web.key")
    assert (webhook.tls.client_ca, webhook.tls.minimum_version) == ("/etc/cutoverd/ivr-ca.pem", "1.3")
    assert webhook.allow == tuple(map(ip_network, ("192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32")))
    assert webhook.regions is not None
    assert webhook.regions.values == ("emea", "amer")
    assert webhook.agent_check[0].degraded == "drain"


MANY = ", ".join(f"r{number}" for number in range(MOST_VALUES + 1))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tls: {certificate: web.pem}", "server.webhook.tls: key 'private_key' is missing"),
        ("allow: [192.0.2.1/24]", "'192.0.2.1/24' is an address within a network: write 192.0.2.0/24 for the network"),
        ("allow: [example.net]", "'example.net' is not a network: write 192.0.2.0/24, 2001:db8::/32 or one address"),
        ("allow: [10]", "expected a network such as 192.0.2.0/24 or 2001:db8::/32"),
        ("allow: [10.0.0.0/8, 10.0.0.0/8]", "server.webhook.allow[1]: network 10.0.0.0/8 is given twice"),
        ("unauthenticated_per_second: 0", "0 is too small: at least 1"),
        ("regions: {field: 'a b', values: [x]}", "'a b' cannot be a field's name"),
        ("regions: {field: region, values: []}", "must not be empty: expected at least 1"),
        ("regions: {field: region, values: [emea, EMEA]}", "server.webhook.regions.values[1]: 'EMEA' is given twice"),
        (f"regions: {{field: region, values: [{MANY}]}}", "201 values are too many: at most 200"),
        ("numbers: {field: dnis, values: [4930123]}", 'expected a text in quotes such as "emea" or "+4930123456"'),
        ('numbers: {field: dnis, values: ["abc"]}', "'abc' is not a telephone number: it has no digits"),
        ('numbers: {field: dnis, values: ["+49 30", "4930"]}', "server.webhook.numbers.values[1]: '4930' is given twice"),
        ("agent_check: [{listen: 127.0.0.1:8090, gate: inbuond}]", "unknown gate 'inbuond'; did you mean 'inbound'?"),
        (
            "agent_check: [{listen: 127.0.0.1:8080, gate: inbound}]",
            "the webhook listens here already: give the agent check another",
        ),
        (
            "agent_check: [{listen: 127.0.0.1:9465, gate: inbound}]",
            "admin listens here already: give the agent check another port",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(problems: Spoil, line: str, said: str) -> None:
    found = [problem.render() for problem in problems((AT, f"{AT}    {line}\n"))]
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    ("address", "warned"), [("0.0.0.0:8080", 1), ("192.0.2.1:8080", 1), ('"[::1]:8080"', 0), ("localhost:8080", 0)]
)
def test_keys_that_would_cross_the_network_in_clear_are_warned_of(judged: Judge, address: str, warned: int) -> None:
    loaded = judged((AT, f"    listen: {address}\n"))
    assert len([warning for warning in loaded.warnings if re.search("in clear", warning.message)]) == warned


def test_with_tls_nobody_is_warned(judged: Judge) -> None:
    listen = "    listen: 0.0.0.0:8080\n    tls: {certificate: web.pem, private_key: web.key}\n"
    assert judged((AT, listen)).warnings == judged().warnings
