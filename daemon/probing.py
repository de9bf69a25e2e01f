"""The probes of this daemon: made, watched for what they tell of registrations, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

from config.model import Probe as ProbeSettings
from config.model import SipRegisterProbe
from daemon import compose
from daemon.registration_view import RegistrarView, RegistrationView
from probes import registry
from probes.probe import Probe
from probes.registry import Means
from probes.runner import Job
from probes.sample import NS_PER_S, Outcome, Sample
from probes.sip.register_bind import RegisterBindProbe
from probes.sip.register_query import RegisterQueryProbe

LEAVE_S = 1.0
"""How long registrars may take to hear that we are gone; the bindings of those that do not answer run out by themselves."""


class Probing:
    """`settings` by the probes' names. Register `sampled`; `close` when the daemon ends."""

    def __init__(self, settings: Mapping[str, ProbeSettings], means: Means) -> None:
        self._settings = settings
        self._means = means
        self._probes: dict[str, Probe] = {name: registry.build(name, probe, means) for name, probe in settings.items()}
        self._told: dict[str, dict[str, Sample]] = {
            name: {} for name, probe in settings.items() if isinstance(probe, SipRegisterProbe)
        }

    def jobs(self) -> dict[str, Job]:
        return {name: Job(probe, compose.cadence(self._settings[name])) for name, probe in self._probes.items()}

    def sampled(self, sample: Sample, path: str) -> None:
        told = self._told.get(sample.probe)
        if told is None:
            return
        among = sample.result.among
        if any(target not in among for target in told):
            told = self._told[sample.probe] = {target: known for target, known in told.items() if target in among}
        told[sample.result.target] = sample

    def registrations(self) -> Iterator[RegistrationView]:
        for name, told in self._told.items():
            yield _view(name, list(told.values()))

    def registrars(self) -> Iterator[RegistrarView]:
        for registrar, permits in self._means.registrars.items():
            figures = permits.figures()
            yield RegistrarView(registrar, figures.sent, figures.deferred)

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


def _view(name: str, samples: list[Sample]) -> RegistrationView:
    """One registrar that holds a binding is enough, as one target that answers is for a trunk."""
    holding = [sample for sample in samples if sample.result.outcome is Outcome.PASS]
    if not holding:
        denied = any(sample.result.outcome is Outcome.FAIL for sample in samples)
        return RegistrationView(name, False if denied else None)
    ends = [
        sample.at.mono_ns + left * NS_PER_S for sample in holding if isinstance(left := sample.result.facts.get("expires_s"), int)
    ]
    return RegistrationView(name, True, max(ends, default=None))
