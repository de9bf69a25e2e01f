"""Our own files: read once, read again when they change, and named, never quoted, where they are of no use."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from probes.sip.engine.target import TlsSettings, TlsVersion
from probes.sip.engine.tls import Contexts, TlsSession, UnusableTls
from tests.peers.certificates import Authority, Pair, authority, run_openssl


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def ours(ca: Authority) -> Pair:
    return ca.issue(common_name="cutoverd")


@pytest.fixture(scope="module")
def other(ca: Authority) -> Pair:
    return ca.issue(common_name="other")


@pytest.fixture
def settings(ca: Authority, ours: Pair) -> TlsSettings:
    return TlsSettings("sbc01", str(ca.certificate), str(ours.certificate), str(ours.private_key))


def with_file(settings: TlsSettings, name: str, path: Path) -> TlsSettings:
    return replace(settings, **{name: str(path)})  # type: ignore[arg-type]


def refusal(settings: TlsSettings) -> str:
    with pytest.raises(UnusableTls) as raised:
        Contexts().get(settings)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return str(raised.value)


# Read once


def test_targets_with_the_same_files_share_a_context_whatever_their_names(settings: TlsSettings) -> None:
    contexts = Contexts()
    assert contexts.get(settings) is contexts.get(replace(settings, server_name="sbc02"))


@pytest.mark.parametrize(
    "change", [{"ca": None}, {"certificate": None, "private_key": None}, {"minimum_version": TlsVersion.V1_3}]
)
def test_other_files_or_another_version_make_another_context(settings: TlsSettings, change: dict[str, object]) -> None:
    contexts = Contexts()
    assert contexts.get(settings) is not contexts.get(replace(settings, **change))  # type: ignore[arg-type]


def test_a_context_believes_only_certificates_that_it_verified_and_no_old_version(settings: TlsSettings) -> None:
    context = Contexts().get(settings)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert Contexts().get(replace(settings, minimum_version=TlsVersion.V1_3)).minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.options & ssl.OP_NO_RENEGOTIATION


def test_with_a_file_of_authorities_the_systems_are_not_believed(settings: TlsSettings) -> None:
    (only,) = Contexts().get(settings).get_ca_certs()
    assert only["subject"] == ((("commonName", "authority"),),)


def test_only_so_many_contexts_are_kept(ca: Authority, tmp_path: Path) -> None:
    contexts = Contexts()
    for serial in range(80):
        shutil.copy(ca.certificate, tmp_path / f"{serial}.pem")
        contexts.get(TlsSettings("sbc01", ca=str(tmp_path / f"{serial}.pem")))
    assert len(contexts._known) == 64


# Read again


@pytest.mark.parametrize("name", ["ca", "certificate", "private_key"])
def test_a_file_that_changes_is_read_again(settings: TlsSettings, tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.pem"
    shutil.copy(str(getattr(settings, name)), path)
    changing = with_file(settings, name, path)
    contexts = Contexts()
    before = contexts.get(changing)
    assert contexts.get(changing) is before
    os.utime(path, ns=(1, 1))
    assert contexts.get(changing) is not before


def test_a_file_that_is_replaced_by_one_of_the_same_age_and_length_is_read_again(ca: Authority, tmp_path: Path) -> None:
    path, copy = tmp_path / "ca.pem", tmp_path / "new.pem"
    for made in (path, copy):
        shutil.copy(ca.certificate, made)
        os.utime(made, ns=(1, 1))
    contexts = Contexts()
    before = contexts.get(TlsSettings("sbc01", ca=str(path)))
    copy.replace(path)
    assert contexts.get(TlsSettings("sbc01", ca=str(path))) is not before


def test_a_file_that_is_spoilt_and_mended_is_of_use_again(ca: Authority, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    settings = TlsSettings("sbc01", ca=str(path))
    contexts = Contexts()
    shutil.copy(ca.certificate, path)
    contexts.get(settings)
    path.write_text("")
    with pytest.raises(UnusableTls):
        contexts.get(settings)
    shutil.copy(ca.certificate, path)
    contexts.get(settings)


# Of no use


@pytest.mark.parametrize("name", ["ca", "certificate", "private_key"])
def test_a_file_that_is_missing_is_named(settings: TlsSettings, tmp_path: Path, name: str) -> None:
    missing = str(tmp_path / "missing.pem")
    assert refusal(with_file(settings, name, tmp_path / "missing.pem")) == f"{missing}: No such file or directory"


def test_a_file_that_is_no_file_is_named_and_not_waited_for(settings: TlsSettings, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(with_file(settings, "ca", tmp_path / "pipe")) == f"{tmp_path}/pipe: not a file"
    assert refusal(with_file(settings, "ca", tmp_path)) == f"{tmp_path}: not a file"


def test_a_file_that_cannot_be_opened_is_named(settings: TlsSettings, ca: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", forbidden)
    assert refusal(settings) == f"{ca.certificate}: Permission denied"


@pytest.mark.parametrize("held", ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
@pytest.mark.parametrize("name", ["ca", "certificate"])
def test_a_file_without_certificates_is_named(settings: TlsSettings, tmp_path: Path, name: str, held: str) -> None:
    path = tmp_path / "file.pem"
    path.write_text(held)
    assert refusal(with_file(settings, name, path)) == f"{path}: no certificates in PEM form"


def test_a_file_without_a_key_is_named_and_not_quoted(settings: TlsSettings, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    assert refusal(replace(settings, private_key=str(path))) == (f"{path}: no private key in PEM form, or one with a passphrase")


def test_a_key_with_a_passphrase_is_refused_without_asking_for_one(settings: TlsSettings, ours: Pair, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    run_openssl("pkcs8", "-topk8", "-in", str(ours.private_key), "-passout", "pass:word", "-out", str(path))
    assert refusal(replace(settings, private_key=str(path))) == (f"{path}: no private key in PEM form, or one with a passphrase")


ON_A_TERMINAL = """
import os, sys
from probes.sip.engine.target import TlsSettings
from probes.sip.engine.tls import Contexts, UnusableTls
os.open(sys.argv[1], os.O_RDWR)  # the first that a new session opens is its terminal
try:
    Contexts().get(TlsSettings("sbc01", None, sys.argv[2], sys.argv[3]))
except UnusableTls as fault:
    print(fault)
"""


def test_nobody_at_the_terminal_is_asked_for_a_passphrase(ours: Pair, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    run_openssl("pkcs8", "-topk8", "-in", str(ours.private_key), "-passout", "pass:word", "-out", str(path))
    near, far = os.openpty()
    try:
        command = [sys.executable, "-c", ON_A_TERMINAL, os.ttyname(far), str(ours.certificate), str(path)]
        done = subprocess.run(command, stdin=far, capture_output=True, text=True, start_new_session=True, timeout=20)
    finally:
        os.close(near)
        os.close(far)
    assert done.stdout == f"{path}: no private key in PEM form, or one with a passphrase\n"


def test_a_key_of_another_certificate_is_named(settings: TlsSettings, ours: Pair, other: Pair) -> None:
    found = refusal(replace(settings, private_key=str(other.private_key)))
    assert found == f"{other.private_key}: not the private key of {ours.certificate}"


def test_certificate_and_key_may_stand_in_one_file(settings: TlsSettings, ours: Pair, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_text(ours.private_key.read_text() + ours.certificate.read_text())
    Contexts().get(replace(settings, certificate=str(both), private_key=None))


def test_a_certificate_without_its_key_is_refused(settings: TlsSettings, ours: Pair) -> None:
    assert refusal(replace(settings, private_key=None)) == (
        f"{ours.certificate}: no private key in PEM form, or one with a passphrase"
    )


@pytest.mark.parametrize("name", ["", ".", ".example.com", "a..b", "x" * 70, "a\x00b"])
def test_what_cannot_be_the_name_of_a_server_is_our_own_mistake(name: str) -> None:
    context = Contexts().get(TlsSettings(name))
    with pytest.raises(UnusableTls, match="cannot be the name of a server"):
        TlsSession(TlsSettings(name), context)


@pytest.mark.parametrize("name", ["sbc01", "sbc_01.example.com", "sbc.example.com.", "192.0.2.7", "2001:db8::7"])
def test_names_of_private_networks_and_addresses_are_names_of_servers(name: str) -> None:
    session = TlsSession(TlsSettings(name), Contexts().get(TlsSettings(name)))
    session.start()
    assert session.end is None
    assert session.take_outgoing().startswith(b"\x16\x03")
