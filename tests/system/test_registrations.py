"""Registrations in the installed daemon, with Kamailio as the registrar."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from math import isnan
from pathlib import Path

import pytest

from lab.sip import Uas
from tests.peers.certificates import Authority, Pair, authority
from tests.peers.kamailio import DOMAIN, PASSWORD, USER, Kamailio, kamailio
from tests.system.guard import Dns, Guard, cli, guard, write_settings

NOWHERE = Dns("127.0.0.1:9", b"c2VjcmV0")
EACH = f'kind: sip_register, path: new, aor: "sip:{USER}@{DOMAIN}", every: 200ms, timeout: 2s'


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(ca: Authority) -> Pair:
    return ca.issue("DNS:registrar.example.net")


@pytest.fixture
async def registrar(pair: Pair) -> AsyncIterator[Kamailio]:
    async with kamailio(certificate=(pair.certificate, pair.private_key)) as peer:
        yield peer


def configured(folder: Path, registrar: Kamailio, ca: Authority, trunk: Uas) -> Path:
    for name, secret in (("right", PASSWORD), ("wrong", "swordfish")):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret)
    plain, tls = (f'target: "sip:127.0.0.1:{registrar.port}"', f'address: "127.0.0.1:{registrar.tls_port}"')
    more = {
        "asked": f"{EACH}, {plain}, credentials: {{username: {USER}, password: {{file: right}}}}",
        "wrong": f"{EACH}, {plain}, credentials: {{username: {USER}, password: {{file: wrong}}}}",
        "kept": f'{EACH}, target: "sips:registrar.example.net", {tls}, tls: {{ca: "{ca.certificate}"}}, mode: bind, '
        f"dedicated: true, credentials: {{username: {USER}, password: {{file: right}}}}",
    }
    return write_settings(folder, new=trunk.port, dns=NOWHERE, more=more)


@pytest.fixture
async def running(tmp_path: Path, registrar: Kamailio, ca: Authority) -> AsyncIterator[Guard]:
    async with Uas() as trunk, guard(configured(tmp_path, registrar, ca, trunk)) as found:
        yield found


def registers(registrar: Kamailio, about: str) -> list[str]:
    return [line for line in registrar.said("ARRIVED") if about in line]


async def until(met: object, running: Guard, name: str, **labels: str) -> None:
    """Scrapes again and again: each is a round trip, so this does not spin."""
    for _ in range(2_000):
        if await running.count(name, **labels) == met:
            return
    raise AssertionError(f"{name} {labels} never became {met}: {running.told()}")


async def test_a_binding_is_kept_over_tls_seen_by_a_query_and_taken_back_at_the_end(
    running: Guard, registrar: Kamailio, pair: Pair
) -> None:
    for probe in ("kept", "asked"):
        await until(1, running, "cutoverd_sip_registered", probe=probe)
        assert 0 < await running.count("cutoverd_sip_registration_expires_seconds", probe=probe) <= 600
    assert await running.count("cutoverd_sip_certificate_expiry_seconds", probe="kept") == pair.not_after
    assert await running.count("cutoverd_sip_registers_sent_total", registrar="registrar.example.net:5061") >= 2
    assert await running.end() == 0
    contacts = [line for line in registers(registrar, "tls") if "expires=0" in line]
    assert len(contacts) == 1


async def test_a_wrong_password_is_tried_once_and_again_only_on_the_operators_word(running: Guard, registrar: Kamailio) -> None:
    def tried() -> int:
        """REGISTERs of the probe that knows no better: those answered with a challenge that carried credentials already."""
        return sum(
            calls.count("CHALLENGED") for calls in challenged(registrar).values() if len(calls) > 1 and "SAVED" not in calls
        )

    await until(1, running, "cutoverd_probe_duration_seconds_count", probe="wrong")  # what is told from memory took no time
    assert isnan(await running.count("cutoverd_sip_registered", probe="wrong"))
    before = await running.count("cutoverd_probe_results_total", probe="wrong", outcome="fail")
    assert tried() == 2
    for _ in range(3):  # beat after beat says so, and nothing is sent
        before += 1
        while await running.count("cutoverd_probe_results_total", probe="wrong", outcome="fail") < before:
            pass
    assert tried() == 2
    code, printed = await cli("retry", "--probe", "wrong", config=running.config)
    assert (code, printed) == (0, "wrong: the registrar is asked again\n")
    await registrar.until(lambda: tried() == 4)
    code, printed = await cli("why", "wrong", "--json", config=running.config)
    assert "swordfish" not in printed
    assert "rejected" in {result["reason"] for result in json.loads(printed)["data"]["results"]}


async def test_only_a_registration_can_be_tried_again(running: Guard) -> None:
    code, printed = await cli("retry", "--probe", "trunk-new", config=running.config)
    told = "refused: trunk-new is of kind sip_options: only a sip_register or a probe of an api can be tried again\n"
    assert (code, printed) == (6, told)


async def test_an_unknown_probe_is_a_mistake_of_usage_and_the_known_ones_are_listed(running: Guard) -> None:
    code, printed = await cli("retry", "--probe", "trunk-nwe", config=running.config)
    assert (code, printed.splitlines()[0]) == (2, "retry: no probe is named 'trunk-nwe'; did you mean 'trunk-new'?")


def challenged(registrar: Kamailio) -> dict[str, list[str]]:
    """What became of each REGISTER, by Call-ID."""
    calls: dict[str, list[str]] = {}
    for word in ("CHALLENGED", "SAVED"):
        for line in registrar.said(word):
            calls.setdefault(line.split()[0], []).append(word)
    return calls
