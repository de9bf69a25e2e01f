"""Certificates by real openssl, renewed under a running server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from daemon.web.certificates import Certificates, Files, UnusableCertificate
from daemon.web.front import Front
from daemon.web.keys import Keys
from daemon.web.tally import Tally
from daemon.web.webhook import Webhook
from tests.daemon.web.secured import KEPT, LIMITS, asked, client, common_name, install, secured, trusting
from tests.daemon.web.world import DEADLINE_S, OLD, World, status
from tests.peers.certificates import Authority, Pair


async def test_a_renewed_certificate_is_shown_to_the_next_and_drops_nobody(
    world: World, tally: Tally, files: Files, ca: Authority, pairs: tuple[Pair, Pair], untroubled: None
) -> None:
    certificates = Certificates(files)
    async with secured(world, tally, certificates) as listener, client(listener, trusting(ca)) as (reader, writer):
        writer.write(KEPT)
        assert status(await reader.readuntil(b"}")) == 200
        install(pairs[1], files)
        certificates.look()
        assert await asked(listener, trusting(ca)) == (200, "second")
        writer.write(KEPT)
        async with asyncio.timeout(DEADLINE_S):
            assert status(await reader.readuntil(b"}")) == 200
        assert common_name(writer) == "first"


def spoilt(how: str, files: Files, pairs: tuple[Pair, Pair]) -> None:
    certificate, private_key = Path(files.certificate), Path(files.private_key)
    if how == "no certificate":
        certificate.write_text("garbage")
    elif how == "empty":
        certificate.write_text("")
    elif how == "missing":
        certificate.unlink()
    elif how == "key of another":
        private_key.write_bytes(pairs[1].private_key.read_bytes())
    elif how == "no key":
        private_key.write_text("garbage-4711")
    else:
        certificate.unlink()
        certificate.mkdir()


SPOILT = ["no certificate", "empty", "missing", "key of another", "no key", "folder"]


@pytest.mark.parametrize("how", SPOILT)
async def test_an_unusable_certificate_keeps_the_old_one_and_is_logged_once(
    world: World, tally: Tally, files: Files, ca: Authority, pairs: tuple[Pair, Pair], how: str, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = Certificates(files)
    async with secured(world, tally, certificates) as listener:
        spoilt(how, files, pairs)
        for _ in range(3):
            certificates.look()
        assert not certificates.is_current
        assert await asked(listener, trusting(ca)) == (200, "first")
        assert len(caplog.records) == 1
        assert "the old one stays" in caplog.text
        assert "4711" not in caplog.text


@pytest.mark.parametrize("how", SPOILT)
def test_at_start_an_unusable_certificate_is_refused_and_named(files: Files, pairs: tuple[Pair, Pair], how: str) -> None:
    spoilt(how, files, pairs)
    with pytest.raises(UnusableCertificate) as refused:
        Certificates(files)
    assert str(refused.value).startswith((files.certificate, files.private_key))


def test_files_that_are_sound_again_are_used_again(files: Files, pairs: tuple[Pair, Pair]) -> None:
    certificates = Certificates(files)
    old = certificates.context
    Path(files.private_key).write_bytes(pairs[1].private_key.read_bytes())
    certificates.look()
    assert certificates.context is old
    Path(files.certificate).write_bytes(pairs[1].certificate.read_bytes())
    certificates.look()
    assert certificates.is_current
    assert certificates.context is not old


def test_the_end_that_is_told_is_that_of_the_certificate_in_use(files: Files, pairs: tuple[Pair, Pair]) -> None:
    certificates = Certificates(files)
    assert certificates.ends == pairs[0].not_after
    Path(files.certificate).write_text("garbage")
    certificates.look()
    assert certificates.ends == pairs[0].not_after
    install(pairs[1], files)
    certificates.look()
    assert certificates.ends == pairs[1].not_after


def test_unchanged_files_are_not_read_again(files: Files) -> None:
    certificates = Certificates(files)
    context = certificates.context
    certificates.look()
    assert certificates.context is context


async def test_the_front_looks_for_a_new_certificate_by_itself(
    world: World, tally: Tally, files: Files, ca: Authority, pairs: tuple[Pair, Pair]
) -> None:
    certificates = Certificates(files)
    world.is_healthy()
    webhook = Webhook(
        world.board, Keys([("old", OLD.encode())]), now_ns=world.mono_ns, observer=tally, limits=LIMITS, certificates=certificates
    )
    opened = await Front(webhook, tally=tally, certificates=certificates, look_s=0.01).serve("127.0.0.1", 0)
    try:
        assert (tally.certificate, tally.certificate_ends) == (True, certificates.ends)
        Path(files.certificate).write_text("garbage")
        async with asyncio.timeout(DEADLINE_S):
            while tally.certificate is not False:
                await asyncio.sleep(0)
        install(pairs[1], files)
        async with asyncio.timeout(DEADLINE_S):
            while tally.certificate is not True:
                await asyncio.sleep(0)
        assert (await asked(opened, trusting(ca)))[1] == "second"  # type: ignore[arg-type]
    finally:
        await opened.close()


def test_one_unusable_certificate_after_another_is_said_once(
    files: Files, pairs: tuple[Pair, Pair], caplog: pytest.LogCaptureFixture
) -> None:
    certificates = Certificates(files)
    for spoiling in ("garbage", "other garbage", ""):
        Path(files.certificate).write_text(spoiling)
        certificates.look()
    assert len(caplog.records) == 1


async def test_after_closing_nobody_looks_any_more(
    world: World, tally: Tally, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates, looked = Certificates(files), []
    monkeypatch.setattr(certificates, "look", lambda: looked.append(1))
    webhook = Webhook(world.board, Keys([]), now_ns=world.mono_ns, observer=tally, limits=LIMITS, certificates=certificates)
    opened = await Front(webhook, tally=tally, certificates=certificates, look_s=0.01).serve("127.0.0.1", 0)
    await opened.close()
    looked.clear()
    later = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, later.set)
    await later.wait()
    assert looked == []
