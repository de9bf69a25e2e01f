"""`POST /v1/alerts/{probe}`: Alertmanager tells a probe what fires, with the keys and within the limits of every caller."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest

from daemon.web import absence
from daemon.web.alerting import BODY_BYTES, Alerting
from daemon.web.guard import Guard
from daemon.web.keys import Keys
from daemon.web.limits import Limits
from daemon.web.listener import Listener
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from probes.passive.alerts import Alerts, Wanted
from probes.sample import Outcome
from tests.daemon.web.world import NEW, OLD, World, exchange, status
from tests.probes.passive.alerting import alert, payload

FIRES = payload(alert())
KEY = f"X-Api-Key: {OLD}\r\n".encode()


@pytest.fixture
def alerts() -> Alerts:
    return Alerts(Wanted({"alertname": "TrunkDown"}, {}, 1))


@pytest.fixture
async def listener(world: World, tally: Tally, alerts: Alerts) -> AsyncIterator[Listener]:
    guard = Guard(Keys([("ivr", OLD.encode()), (absence.KEY, NEW.encode())]))
    limits = Limits(body_s=0.2, drain_s=0.2, body_bytes=8192)
    alerting = Alerting({"trunk": alerts}.get, clock=world.clock, heard=tally.heard)
    webhook = Webhook(world.board, guard, now_ns=world.mono_ns, observer=tally, limits=limits, alerting=alerting)
    listener = await webhook.serve("127.0.0.1", 0)
    yield listener
    await listener.close()


def post(body: bytes, *, probe: bytes = b"trunk", key: bytes = KEY, method: bytes = b"POST", length: int | None = None) -> bytes:
    head = b"%b /v1/alerts/%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b" % (method, probe, key)
    return head + b"Content-Length: %d\r\n\r\n%b" % (len(body) if length is None else length, body)


def content(response: bytes) -> object:
    return orjson.loads(response.partition(b"\r\n\r\n")[2])


async def test_what_is_told_reaches_the_probe_and_is_counted(
    world: World, listener: Listener, alerts: Alerts, tally: Tally
) -> None:
    response = await exchange(listener.port, post(FIRES))
    assert (status(response), content(response)) == (200, {"taken": 1})
    assert alerts.standing(now=world.now).outcome is Outcome.FAIL
    assert dict(tally.alerts) == {("trunk", "taken"): 1}
    assert set(tally.used_ns) == {"ivr"}
    assert not tally.answers  # Alertmanager is no caller


@pytest.mark.parametrize("body", [b"", b"{", b"[]", FIRES[:-1], payload(version="3"), b"\xff"])
async def test_a_malformed_payload_changes_nothing(
    world: World, listener: Listener, alerts: Alerts, tally: Tally, body: bytes
) -> None:
    await exchange(listener.port, post(FIRES))
    before = alerts.standing(now=world.now)
    response = await exchange(listener.port, post(body))
    assert status(response) == 400
    assert b'{"error":"malformed alerts: ' in response
    assert alerts.standing(now=world.now) == before
    assert tally.alerts["trunk", "malformed"] == 1
    assert tally.refusals["alerts"] == 1


@pytest.mark.parametrize(
    ("request_bytes", "code", "reason"),
    [
        (post(FIRES, probe=b"unheard-of"), 404, "unknown-probe"),
        (post(FIRES, probe=b""), 404, "unknown-probe"),
        (post(FIRES, key=f"X-Api-Key: {NEW}\r\n".encode()), 404, "unknown-probe"),
        (post(FIRES, key=b""), 401, "no-key"),
        (post(FIRES, key=b"X-Api-Key: wrong\r\n"), 401, "unauthorized"),
        (post(FIRES, key=b"", probe=b"unheard-of"), 401, "no-key"),
        (post(b"", method=b"GET"), 405, "method"),
        (post(FIRES[:50], length=len(FIRES)), 408, "body"),
        (post(b"", length=BODY_BYTES + 1), 413, "body"),
    ],
    ids=["unknown", "nameless", "reserved key", "no key", "wrong key", "unknown, no key", "GET", "half", "too long"],
)
async def test_what_is_refused_is_counted_and_changes_nothing(
    world: World, listener: Listener, alerts: Alerts, tally: Tally, request_bytes: bytes, code: int, reason: str
) -> None:
    assert status(await exchange(listener.port, request_bytes)) == code
    assert dict(tally.refusals) == {reason: 1}
    assert not tally.alerts
    assert alerts.standing(now=world.now).outcome is Outcome.PASS


async def test_a_group_of_many_alerts_is_longer_than_a_callers_body_may_be(listener: Listener) -> None:
    many = payload(*(alert(number=str(n)) for n in range(500)))
    assert 8192 < len(many) <= BODY_BYTES
    assert content(await exchange(listener.port, post(many))) == {"taken": 500}


async def test_without_probes_of_its_kind_there_is_none(world: World, webhook: Listener) -> None:
    assert status(await exchange(webhook.port, post(FIRES))) == 404
