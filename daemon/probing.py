"""The probes of this daemon: made, watched for what they tell of registrations, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

from config.model import Probe as ProbeSettings
from config.model import SipRegisterProbe
from daemon import compose
from daemon.held import Held
from daemon.registration_view import RegistrarView, RegistrationView
from probes import registry
from probes.clock import mono_ns
from probes.probe import Probe
from probes.registry import Means
from probes.runner import Job
from probes.sample import Sample
from probes.sip.registering.bind import RegisterBindProbe
from probes.sip.registering.query import RegisterQueryProbe
from probes.sip.registering.registration import Registration

LEAVE_S = 1.0
"""How long registrars may take to hear that we are gone; the bindings of those that do not answer run out by themselves."""


class Probing:
    """`settings` by the probes' names. Register `sampled`; `close` when the daemon ends."""

    def __init__(self, settings: Mapping[str, ProbeSettings], means: Means) -> None:
        self._settings = settings
        self._means = means
        self.kinds = {name: probe.kind for name, probe in settings.items()}
        self._probes: dict[str, Probe] = {name: registry.build(name, probe, means) for name, probe in settings.items()}
        self._told = {name: Held() for name, probe in settings.items() if isinstance(probe, SipRegisterProbe)}

    def jobs(self) -> dict[str, Job]:
        return {name: Job(probe, compose.cadence(self._settings[name])) for name, probe in self._probes.items()}

    def sampled(self, sample: Sample, path: str) -> None:
        if sample.probe in self._told:
            self._told[sample.probe].hear(sample)

    def registrations(self) -> Iterator[RegistrationView]:
        for name, held in self._told.items():
            probe = self._probes[name]
            if isinstance(probe, RegisterBindProbe):
                yield _kept(name, probe.registration)
            else:
                yield RegistrationView(name, held.registered(), held.ends_ns(now_ns=mono_ns()))

    def registrars(self) -> Iterator[RegistrarView]:
        for registrar, permits in self._means.registrars.items():
            figures = permits.figures()
            yield RegistrarView(registrar, figures.sent, figures.deferred, figures.rate, figures.waiting, figures.pause_ns)

    def again(self, name: str) -> bool:
        """The operator's word that a registrar that rejected us may be asked again. False where no such registration is."""
        probe = self._probes.get(name)
        if not isinstance(probe, RegisterBindProbe | RegisterQueryProbe):
            return False
        probe.again()
        return True

    async def close(self) -> None:
        """Take back the bindings that are to be taken back, all at once and not for long, and end the rest."""
        bound = {name: probe for name, probe in self._probes.items() if isinstance(probe, RegisterBindProbe)}
        leaving = [probe.close(unregister=True) for name, probe in bound.items() if _unregisters(self._settings[name])]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await asyncio.gather(*leaving)
        for probe in bound.values():
            await probe.close(unregister=False)
        self._means.close()


def _unregisters(settings: ProbeSettings) -> bool:
    return isinstance(settings, SipRegisterProbe) and settings.unregister


def _kept(name: str, registration: Registration) -> RegistrationView:
    """Our own binding: we know ourselves whether there is one, whatever the last refresh came to."""
    if registration.is_bound:
        return RegistrationView(name, True, registration.bound_until_ns)
    return RegistrationView(name, None if registration.standing() is None else False)
