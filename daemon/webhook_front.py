"""From `server.webhook` of the configuration to the webhook as the outside reaches it."""

from __future__ import annotations

from config.server import LedgerField, WebhookServer
from daemon.board import Board
from daemon.web.absence import Absences
from daemon.web.agent import Agent
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


def built(server: WebhookServer, *, keys: Keys, board: Board, tally: Tally) -> Front:
    """Raises UnusableCertificate, with one line for people."""
    allow = AllowList(server.allow) if server.allow else None
    certificates = _certificates(server)
    webhook = Webhook(
        board,
        Guard(keys, allow=allow, strangers=server.unauthenticated_per_second, per_key=server.per_key_per_second),
        now_ns=clock.mono_ns,
        observer=tally,
        limits=WEBHOOK,
        ledger=_ledger(server.regions, server.numbers),
        certificates=certificates,
        absences=Absences(after_s=server.absence_after / NS_PER_S, played=tally.absent),
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
