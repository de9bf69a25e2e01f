"""Probes that a reload replaces: what they share is handed on or closed, and no binding is made before its like is taken back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from config.load import judge
from config.model import Settings
from daemon.probing import Probing
from daemon.reload.decide import Side, compare
from lab.registrar import Registrar
from probes import registry
from probes.exchange.apis import Apis
from probes.resolver import Resolver
from probes.runner import Job, ProbeRunner
from probes.sample import ProbeResult
from probes.sip.engine.engine import SipEngine
from tests.daemon.reload.test_decide import TEXT

AOR = "sip:sbc@lab.test"


class Runner:
    """Notes what it is told, and what the registrar held when it was told to begin."""

    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar
        self.held: set[str] = set()
        self.released: dict[str, bool] = {}
        self.told = asyncio.Event()

    def change(self, jobs: Mapping[str, Job], *, held: Collection[str] = ()) -> None:
        self.held = set(held)

    def release(self, names: Collection[str]) -> None:
        self.released = dict.fromkeys(names, AOR in self._registrar.bindings)
        self.told.set()


class Bench:
    def __init__(self, registrar: Registrar) -> None:
        self.registrar, self.runner = registrar, Runner(registrar)
        self.settings = self.having()
        self.sip = SipEngine()
        resolver, rng = Resolver(), random.Random(1)
        apis = Apis(self.settings.apis, {}, resolver=resolver, rng=rng)
        self.means = registry.Means(sip=self.sip, resolver=resolver, rng=rng, apis=apis, passwords={"kept": b"secret"})
        self.probing = Probing(self.settings.probes, self.means)

    def having(self, name: str = "kept", more: str = "", host: str = "") -> Settings:
        target = f"sip:{host or '127.0.0.1'}:{self.registrar.port}"
        probe = (
            f'  {name}: {{kind: sip_register, path: new, target: "{target}", aor: "{AOR}", '
            f"mode: bind, dedicated: true, credentials: {{username: sbc, password: {{env: P}}}}{more}}}\n"
        )
        text = TEXT.replace("gates:\n", f"{probe}gates:\n")
        return judge(text.encode(), file="night.yaml", folder="/etc").settings

    def take(self, settings: Settings) -> None:
        changes = compare(Side(self.settings, {}), Side(settings, {}))
        passwords = dict.fromkeys(settings.probes, b"secret")
        coming = self.probing.prepare(settings, changes, passwords=passwords, api_secrets={})
        self.settings = settings
        self.probing.take(coming, cast(ProbeRunner, self.runner))

    async def bound(self) -> None:
        def heard(result: ProbeResult, *, last: bool = True) -> None:
            pass

        self.probing.jobs()["kept"].probe.begin(cast(Any, heard))
        async with asyncio.timeout(5):
            await self.registrar.until_bound(1)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Registrar() as registrar:
        made = Bench(registrar)
        yield made
        await made.probing.close()
        made.sip.close()


@pytest.mark.parametrize("name", ["kept", "renamed"])
async def test_a_registration_is_begun_only_when_the_one_before_it_was_taken_back(bench: Bench, name: str) -> None:
    await bench.bound()
    bench.take(bench.having(name, ", expires: 120s"))
    assert bench.runner.held == {name}
    assert AOR in bench.registrar.bindings
    async with asyncio.timeout(5):
        await bench.runner.told.wait()
    assert bench.runner.released == {name: False}


async def test_a_registration_that_is_not_to_be_taken_back_leaves_its_binding(bench: Bench) -> None:
    bench.take(bench.having(more=", unregister: false"))
    await bench.bound()
    bench.take(bench.having(more=", unregister: false, expires: 120s"))
    async with asyncio.timeout(5):
        await bench.runner.told.wait()
    assert AOR in bench.registrar.bindings


async def test_without_a_registration_that_goes_none_is_held_back(bench: Bench) -> None:
    before = bench.probing.jobs()["kept"]
    text = bench.having().probes
    changed = judge(TEXT.replace("192.0.2.3", "192.0.2.4").encode(), file="n", folder="/").settings
    bench.take(_with(bench.settings, {**changed.probes, "kept": text["kept"]}))
    assert bench.runner.held == set()
    assert bench.probing.jobs()["kept"] is before


async def test_a_registrar_keeps_its_pace_over_a_reload_unless_its_rate_changed(bench: Bench) -> None:
    (before,) = bench.means.registrars.values()
    bench.take(bench.having(more=", expires: 120s"))
    assert list(bench.probing._means.registrars.values()) == [before]
    bench.take(bench.having(more=", expires: 120s, rate: 7"))
    async with asyncio.timeout(5):
        while bench.probing.leaving:
            await asyncio.sleep(0)
    (after,) = bench.probing._means.registrars.values()
    assert after is not before
    assert before._closed
    assert not after._closed


async def test_what_is_known_of_a_name_stays_while_somebody_asks_for_it(bench: Bench) -> None:
    bench.take(bench.having(host="registrar.invalid"))
    (location,) = bench.probing._means.locations.values()
    bench.take(bench.having(host="registrar.invalid", more=", expires: 120s"))
    assert list(bench.probing._means.locations.values()) == [location]
    bench.take(bench.having())
    assert bench.probing._means.locations == {}


async def test_what_is_prepared_and_never_comes_leaves_everything_as_it_is(bench: Bench) -> None:
    settings = bench.having(host="registrar.invalid", more=", rate: 3")
    jobs, registrars = dict(bench.probing.jobs()), dict(bench.means.registrars)
    changes = compare(Side(bench.settings, {}), Side(settings, {}))
    bench.probing.prepare(settings, changes, passwords={"kept": b"secret"}, api_secrets={})
    assert bench.probing.jobs() == jobs
    assert (bench.means.registrars, bench.means.locations) == (registrars, {})


def _with(settings: Settings, probes: Mapping[str, Any]) -> Settings:
    return replace(settings, probes=dict(probes))
