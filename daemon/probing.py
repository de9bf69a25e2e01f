"""The probes of this daemon: made, replaced by a reload, watched for what they tell of registrations, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from config.model import Probe as ProbeSettings
from config.model import Settings, SipRegisterProbe
from config.probing import ApiProbe
from daemon.compose import compose
from daemon.held import Held
from daemon.registration_view import RegistrarView, RegistrationView
from daemon.reload.decide import Changes
from probes import registry
from probes.clock import mono_ns
from probes.exchange.api import Api
from probes.exchange.apis import ApiSecrets
from probes.exchange.tally import ApiFigures
from probes.passive.alerts import Alerts
from probes.registry import Means
from probes.runner import Job, ProbeRunner
from probes.sample import Sample
from probes.sip.registering.bind import RegisterBindProbe
from probes.sip.registering.query import RegisterQueryProbe
from probes.sip.registering.registration import Registration

LEAVE_S = 1.0
"""How long registrars may take to hear that we are gone; the bindings of those that do not answer run out by themselves."""

Bound = list[tuple[RegisterBindProbe, bool]]
"""Registrations of our own, and whether each is to be taken back."""


@dataclass(frozen=True, slots=True)
class Coming:
    """The probes of a new configuration, made and not yet asked anything. Nothing is to be closed if they never come."""

    settings: Mapping[str, ProbeSettings]
    means: Means
    jobs: Mapping[str, Job]


class Probing:
    """`settings` by the probes' names. Register `sampled`; `close` when the daemon ends."""

    def __init__(self, settings: Mapping[str, ProbeSettings], means: Means) -> None:
        self._settings = settings
        self._means = means
        self._jobs: Mapping[str, Job] = {name: _job(name, probe, means) for name, probe in settings.items()}
        self.kinds = {name: probe.kind for name, probe in settings.items()}
        self._told = {name: Held() for name, probe in settings.items() if isinstance(probe, SipRegisterProbe)}
        self._leaving: set[asyncio.Task[None]] = set()
        self._held: set[str] = set()

    def jobs(self) -> Mapping[str, Job]:
        return self._jobs

    def sampled(self, sample: Sample, path: str) -> None:
        if sample.probe in self._told:
            self._told[sample.probe].hear(sample)

    def registrations(self) -> Iterator[RegistrationView]:
        for name, held in self._told.items():
            probe = self._jobs[name].probe
            if isinstance(probe, RegisterBindProbe):
                yield _kept(name, probe.registration)
            else:
                yield RegistrationView(name, held.registered(), held.ends_ns(now_ns=mono_ns()))

    def registrars(self) -> Iterator[RegistrarView]:
        for registrar, permits in self._means.registrars.items():
            figures = permits.figures()
            yield RegistrarView(registrar, figures.sent, figures.deferred, figures.rate, figures.waiting, figures.pause_ns)

    def alerts(self, name: str) -> Alerts | None:
        """What the probe of this name has been told by Alertmanager; None where it is no such probe."""
        return self._means.alerts.get(name)

    def api(self, name: str) -> Api:
        """The API of that name as the configuration has it now. Raises KeyError where it has none."""
        return self._means.apis.named(name)

    def apis(self) -> list[ApiFigures]:
        return self._means.apis.figures()

    def over_http(self) -> list[str]:
        return [name for name, probe in self._settings.items() if isinstance(probe, ApiProbe)]

    def again(self, name: str) -> bool:
        """The operator's word that whoever rejected us, a registrar or an API's login, may be asked again. False where nobody can
        have done so."""
        api = getattr(self._settings.get(name), "api", None)
        if api is not None:
            self._means.apis.named(api).again()
            return True
        probe = self._jobs[name].probe if name in self._jobs else None
        if not isinstance(probe, RegisterBindProbe | RegisterQueryProbe):
            return False
        probe.again()
        return True

    @property
    def leaving(self) -> bool:
        """Whether probes that a reload replaced still take their leave."""
        return bool(self._leaving)

    def forget_rejections(self) -> None:
        """An operator's reload is the word of `again` for every probe."""
        for name in self._jobs:
            self.again(name)

    def prepare(
        self, settings: Settings, changes: Changes, *, passwords: Mapping[str, bytes], api_secrets: Mapping[str, ApiSecrets]
    ) -> Coming:
        """Those that are new or changed are made; all others stay the objects that they are, and so do their APIs."""
        probes, had = changes.named["probes"], self._means.apis
        afresh = {*probes.added, *probes.changed}
        apis = had.successor(settings.apis, api_secrets, afresh=changes.named["apis"].changed, resolver=self._means.resolver)
        means = self._means.successor(self._settings, settings.probes, apis=apis, passwords=passwords)
        jobs = {name: _job(name, probe, means) if name in afresh else self._jobs[name] for name, probe in settings.probes.items()}
        return Coming(settings.probes, means, jobs)

    def take(self, coming: Coming, runner: ProbeRunner) -> None:
        """From now on these. The bindings of those that go are taken back first: a registration that comes in the place of one
        has the same contact, and is begun when that one has ended.
        """
        going = {name: job for name, job in self._jobs.items() if coming.jobs.get(name) is not job}
        new = {name for name, job in coming.jobs.items() if self._jobs.get(name) is not job}
        bound = self._bound(going)
        before, self._means = self._means, coming.means
        self._settings, self._jobs = coming.settings, coming.jobs
        self.kinds.clear()
        self.kinds.update({name: probe.kind for name, probe in coming.settings.items()})
        registering = [name for name, probe in coming.settings.items() if isinstance(probe, SipRegisterProbe)]
        self._told = {name: Held() if name in new else self._told[name] for name in registering}
        if bound or self._held:
            self._held = {name for name in new | self._held if _is_bind(coming.jobs.get(name))}
        runner.change(coming.jobs, held=self._held & new)
        task = asyncio.create_task(self._leave(bound, before, coming.means, runner), name="probes that go")
        self._leaving.add(task)

    async def _leave(self, bound: Bound, before: Means, after: Means, runner: ProbeRunner) -> None:
        try:
            await _take_back(bound)
            await before.apis.retire(after.apis)
        finally:
            before.retire(after)
            task = asyncio.current_task()
            self._leaving = {each for each in self._leaving if each is not task}
        if not self._leaving:
            held, self._held = self._held, set()
            runner.release(held)

    def _bound(self, jobs: Mapping[str, Job]) -> Bound:
        return [
            (job.probe, isinstance(settings, SipRegisterProbe) and settings.unregister)
            for name, job in jobs.items()
            if isinstance(job.probe, RegisterBindProbe) and (settings := self._settings[name])
        ]

    async def close(self) -> None:
        """Take back the bindings that are to be taken back, all at once and not for long, and end the rest."""
        await asyncio.gather(*self._leaving)
        await _take_back(self._bound(self._jobs))
        self._means.close()
        await self._means.apis.close()


async def _take_back(bound: Bound) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LEAVE_S):
            await asyncio.gather(*(probe.close(unregister=True) for probe, unregisters in bound if unregisters))
    for probe, _ in bound:
        await probe.close(unregister=False)


def _job(name: str, settings: ProbeSettings, means: Means) -> Job:
    return Job(registry.build(name, settings, means), compose.cadence(settings))


def _is_bind(job: Job | None) -> bool:
    return job is not None and isinstance(job.probe, RegisterBindProbe)


def _kept(name: str, registration: Registration) -> RegistrationView:
    """Our own binding: we know ourselves whether there is one, whatever the last refresh came to."""
    if registration.is_bound:
        return RegistrationView(name, True, registration.bound_until_ns)
    return RegistrationView(name, None if registration.standing() is None else False)
