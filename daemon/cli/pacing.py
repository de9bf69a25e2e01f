"""`cutoverd pacing export`: the limit that the pacing keeps, for those in front of the registrar who should keep it too.

That is where a storm is made: the session border controller's own REGISTERs do not pass through here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from ipaddress import ip_address
from math import isnan

import click

from config.load import load
from config.model import Settings, SipRegisterProbe
from config.problem import ConfigInvalid
from daemon.cli import pacing_text
from daemon.cli.ask import misconfigured, show, show_json
from daemon.cli.config_path import resolve_config_path
from daemon.cli.options import Invocation, shared
from daemon.cli.pacing_text import Limit, Registrar
from daemon.reply import Exit
from probes.sip.messages.uri import host_port

DEFAULT_PORT = 5060
LEAST_RATE, MOST_RATE = 0.01, 100_000.0
NFTABLES, KAMAILIO = "nftables", "kamailio"


class _Rate(click.FloatRange):
    """A range holds off everything but what is no number at all."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        rate = super().convert(value, param, ctx)
        if isnan(rate):
            self.fail(f"{value!r} is no rate", param, ctx)
        return float(rate)


class _Registrar(click.ParamType[Registrar]):
    name = "address"

    def convert(self, value: str | Registrar, param: click.Parameter | None, ctx: click.Context | None) -> Registrar:
        if isinstance(value, Registrar):
            return value
        try:
            host, port = host_port(value)
            return Registrar(str(ip_address(host)), port or DEFAULT_PORT)
        except ValueError:
            self.fail(f"{value!r} is not a numeric address, as in 192.0.2.7:5060 or [2001:db8::7]", param, ctx)


@click.group("pacing")
@shared
def pacing() -> None:
    """How fast REGISTERs may go to a registrar."""


@pacing.command("export")
@shared
@click.option(
    "--registrar",
    "registrars",
    type=_Registrar(),
    multiple=True,
    metavar="ADDRESS[:PORT]",
    help="Where REGISTERs go; may be given several times.  [default: the registrars of the sip_register probes]",
)
@click.option(
    "--rate",
    type=_Rate(LEAST_RATE, MOST_RATE),
    metavar="N",
    help="Messages a second; a REGISTER that is challenged is two.  [default: the probes' rate]",
)
@click.option("--for", "program", type=click.Choice([NFTABLES, KAMAILIO]), help="Print one of them alone, fit for a file.")
@click.pass_obj
def export(invocation: Invocation, registrars: tuple[Registrar, ...], rate: float | None, program: str | None) -> Exit:
    """Print the limit that the pacing keeps, as a rule set for nftables and as a piece of configuration for Kamailio.

    Needs no daemon, and with --registrar and --rate no configuration.
    """
    if registrars and rate is not None:
        limits = [Limit(registrar, rate) for registrar in dict.fromkeys(registrars)]
    else:
        try:
            settings = load(resolve_config_path(invocation.config, os.environ)).settings
        except ConfigInvalid as invalid:
            return show(invocation, misconfigured(invalid))
        limits = _configured(settings, registrars, rate)
        if program != KAMAILIO:
            _warn(settings, limits)
    texts = {name: render(limits) for name, render in _RENDER.items() if program in (None, name)}
    if invocation.as_json:
        show_json({"limits": [{"registrar": str(limit.registrar), "rate": limit.rate} for limit in limits], **texts})
    else:
        click.echo("\n".join(texts.values()), nl=False)
    return Exit.OK


def _configured(settings: Settings, registrars: Sequence[Registrar], rate: float | None) -> list[Limit]:
    """Raises click.UsageError where the configuration does not say."""
    found: dict[Registrar, float | None] = {}
    for name, probe in _registering(settings):
        registrar = _registrar(name, probe, wanted=not registrars)
        if registrar is not None:
            found[registrar] = _least(found.get(registrar), probe.rate)
    chosen = tuple(dict.fromkeys(registrars)) or tuple(found)
    if not chosen:
        raise click.UsageError("no sip_register probe is configured: give --registrar and --rate")
    return [Limit(registrar, _rate(registrar, rate if rate is not None else found.get(registrar))) for registrar in chosen]


def _warn(settings: Settings, limits: Sequence[Limit]) -> None:
    limited = {limit.registrar for limit in limits}
    for name, probe in _registering(settings):
        transport, registrar = probe.target.default_transport, _registrar(name, probe, wanted=False)
        if transport != "udp" and registrar in limited:
            told = f"nftables cannot match REGISTERs over {transport.upper()}: its rule for {registrar} (probe {name}) is for"
            click.echo(f"{told} UDP alone; for the rest use what reads SIP, as with --for kamailio", err=True)


def _registering(settings: Settings) -> list[tuple[str, SipRegisterProbe]]:
    return [(name, probe) for name, probe in settings.probes.items() if isinstance(probe, SipRegisterProbe)]


def _least(one: float | None, other: float | None) -> float | None:
    """Two names may lead to one registrar. None: nothing is configured."""
    return min((rate for rate in (one, other) if rate is not None), default=None)


def _registrar(name: str, probe: SipRegisterProbe, *, wanted: bool) -> Registrar | None:
    target, address = probe.target, probe.address
    host, port = (target.host, target.default_port) if address is None else (address.host, address.port)
    try:
        return Registrar(str(ip_address(host)), port)
    except ValueError:
        if wanted:
            raise click.UsageError(f"the registrar of probe {name} is a name, {host}: give --registrar") from None
        return None


def _rate(registrar: Registrar, rate: float | None) -> float:
    if rate is None:
        raise click.UsageError(f"no rate is configured for {registrar}, it is learned: give --rate")
    return float(rate)


def _kamailio(limits: Sequence[Limit]) -> str:
    if len(limits) > 1:
        raise click.UsageError("one Kamailio stands in front of one registrar: choose it by --registrar, or --for nftables")
    return pacing_text.kamailio(limits[0])


_RENDER = {NFTABLES: pacing_text.nftables, KAMAILIO: _kamailio}
