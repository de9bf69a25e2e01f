"""From `server.webhook` of the configuration to the webhook as the outside reaches it."""

from __future__ import annotations

from collections.abc import Callable

from config.server import LedgerField, WebhookServer
from daemon.board import Board
from daemon.web.absence import Absences
from daemon.web.agent import Agent
from daemon.web.alerting import Alerting, Hears
from daemon.web.certificates import Certificates, Files
from daemon.web.front import AgentAt, Front
from daemon.web.guard import Guard
from daemon.web.keys import Keys
from daemon.web.ledger import Column, Ledger, same_number, same_region
from daemon.web.limits import WEBHOOK
from daemon.web.sources import AllowList
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from probes import clock
from probes.sample import NS_PER_S


def built(
    server: WebhookServer,
    *,
    keys: Keys,
    board: Board,
    tally: Tally,
    alerts: Callable[[str], Hears | None] = lambda probe: None,
) -> Front:
    """`alerts` gives what the alertmanager probe of a name remembers alerts in.

    Raises UnusableCertificate, with one line for people.
    """
    allow = _allow(server)
    certificates = _certificates(server)
    webhook = Webhook(
        board,
        _guard(server, keys),
        now_ns=clock.mono_ns,
        observer=tally,
        limits=WEBHOOK,
        ledger=_ledger(server.regions, server.numbers),
        certificates=certificates,
        absences=_absences(server, tally),
        alerting=Alerting(alerts, clock=clock.read, heard=tally.heard),
        conversation=server.conversation,
    )
    agents = [
        AgentAt(
            Agent(board, at.gate, degraded=at.degraded, now_ns=clock.mono_ns, checked=tally.checked, allow=allow),
            at.listen.host,
            at.listen.port,
        )
        for at in server.agent_check
    ]
    return Front(webhook, tally=tally, certificates=certificates, agents=agents)


def replace(front: Front, server: WebhookServer, *, keys: Keys, tally: Tally) -> None:
    """What can change while it is open. Limits of rates begin afresh."""
    front.replace(
        _guard(server, keys),
        ledger=_ledger(server.regions, server.numbers),
        absences=_absences(server, tally),
        allow=_allow(server),
        conversation=server.conversation,
    )


def _allow(server: WebhookServer) -> AllowList | None:
    return AllowList(server.allow) if server.allow else None


def _guard(server: WebhookServer, keys: Keys) -> Guard:
    return Guard(keys, allow=_allow(server), strangers=server.unauthenticated_per_second, per_key=server.per_key_per_second)


def _absences(server: WebhookServer, tally: Tally) -> Absences:
    return Absences(after_s=server.absence_after / NS_PER_S, played=tally.absent)


def _certificates(server: WebhookServer) -> Certificates | None:
    tls = server.tls
    return Certificates(Files(tls.certificate, tls.private_key, tls.client_ca, tls.minimum_version)) if tls else None


def _ledger(regions: LedgerField | None, numbers: LedgerField | None) -> Ledger | None:
    if regions is None and numbers is None:
        return None
    return Ledger(
        Column.of(regions.field, regions.values, same_region) if regions else None,
        Column.of(numbers.field, numbers.values, same_number) if numbers else None,
    )
