"""What can only be judged across the fields of `server`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from config.addresses import Address, is_ip_address
from config.finding import Finding, repeated
from config.problem import Path, did_you_mean, quoted
from config.server import LedgerField, Server, WebhookServer

SOCKET_PATH_BYTES = 107
"""Linux `sun_path` holds 108 bytes, the last of them NUL."""

WEBHOOK: Path = ("server", "webhook")


def digits(number: str) -> str:
    """What makes two writings of a telephone number the same: `+49 30 123` and `tel:+4930123` are both `4930123`."""
    return "".join(character for character in number if character in "0123456789")


def errors(server: Server, *, name: str | None, gates: frozenset[str]) -> Iterator[Finding]:
    """`name` is the daemon's, `gates` are the names that the file gives."""
    webhook = server.webhook
    for index in repeated([key.name for key in webhook.keys]):
        yield Finding((*WEBHOOK, "keys", index, "name"), f"key {quoted(webhook.keys[index].name)} is named twice")
    yield from _listening(server)
    for index in repeated(webhook.allow):
        yield Finding((*WEBHOOK, "allow", index), f"network {webhook.allow[index]} is given twice")
    for index, agent in enumerate(webhook.agent_check):
        if agent.gate not in gates:
            message = f"unknown gate {quoted(agent.gate)}{did_you_mean(agent.gate, sorted(gates))}"
            yield Finding((*WEBHOOK, "agent_check", index, "gate"), message)
    yield from _ledger("regions", webhook.regions, str.casefold)
    yield from _numbers(webhook)
    if server.control is not None and name is not None:
        socket = f"{server.control.rstrip('/')}/{name}.sock"
        if len(socket.encode()) > SOCKET_PATH_BYTES:
            yield Finding(("server", "control"), f"the socket's path would be longer than {SOCKET_PATH_BYTES} bytes")


def warnings(server: Server) -> Iterator[Finding]:
    webhook = server.webhook
    if webhook.tls is None and not _is_loopback(webhook.listen):
        message = "keys would cross the network in clear: give tls, or listen on 127.0.0.1 behind a proxy that has it"
        yield Finding((*WEBHOOK, "listen"), message, reads=((*WEBHOOK, "tls"),))


def _listening(server: Server) -> Iterator[Finding]:
    webhook, admin = server.webhook.listen, server.admin.listen
    if webhook == admin and admin.port != 0:
        yield Finding(("server", "admin", "listen"), "the webhook listens here already: give admin another port")
    taken = {webhook: "the webhook", admin: "admin"}
    for index, agent in enumerate(server.webhook.agent_check):
        if agent.listen in taken and agent.listen.port != 0:
            message = f"{taken[agent.listen]} listens here already: give the agent check another port"
            yield Finding((*WEBHOOK, "agent_check", index, "listen"), message)
        taken.setdefault(agent.listen, "another agent check")


def _ledger(key: str, ledger: LedgerField | None, same: Callable[[str], str]) -> Iterator[Finding]:
    if ledger is None:
        return
    for index in repeated([same(value) for value in ledger.values]):
        yield Finding((*WEBHOOK, key, "values", index), f"{quoted(ledger.values[index])} is given twice")


def _numbers(webhook: WebhookServer) -> Iterator[Finding]:
    if webhook.numbers is None:
        return
    for index, value in enumerate(webhook.numbers.values):
        if not digits(value):
            yield Finding((*WEBHOOK, "numbers", "values", index), f"{quoted(value)} is not a telephone number: it has no digits")
            return
    yield from _ledger("numbers", webhook.numbers, digits)


def _is_loopback(address: Address) -> bool:
    if is_ip_address(address.host):
        return ip_address(address.host).is_loopback
    return address.host == "localhost"
