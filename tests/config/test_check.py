"""`cutoverd check` as a person and as a program see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from daemon.cli.check import check
from daemon.cli.config_path import resolve_config_path
from tests.peers.certificates import authority

BAD = Path(__file__).parent / "bad" / "several-at-once.yaml"


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner(env={"CUTOVERD_CONFIG": None, **environ}).invoke(check, list(arguments))


def test_a_sound_file_is_one_line_and_exit_code_0(example: Path) -> None:
    result = run(str(example))
    assert (result.output, result.exit_code) == (f"{example}: ok: 2 probes, 1 gate, 1 plan\n", 0)


def test_a_bad_file_is_a_line_for_each_problem_and_exit_code_2() -> None:
    result = run(str(BAD))
    expected = BAD.with_suffix(".txt").read_text(encoding="utf-8").replace(BAD.name, str(BAD))
    assert (result.output, result.exit_code) == (expected, 2)


def test_warnings_are_shown_and_change_no_exit_code(tmp_path: Path, example: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(example.read_text(encoding="utf-8").replace("timeout: 2s ", "timeout: 400ms "), encoding="utf-8")
    result = run(str(file))
    assert result.exit_code == 0
    assert result.output.startswith(f"{file}:52:14: warning: probes.trunk-new.timeout: 400ms leaves no room")
    assert result.output.endswith(f"{file}: ok: 2 probes, 1 gate, 1 plan\n")


def test_a_missing_file_is_a_problem_like_any_other(tmp_path: Path) -> None:
    result = run(str(tmp_path / "gone.yaml"))
    assert (result.output, result.exit_code) == (f"{tmp_path / 'gone.yaml'}:1:1: cannot be read: No such file or directory\n", 2)


def test_json_holds_every_problem() -> None:
    result = run(str(BAD), "--json")
    document = json.loads(result.output)
    assert (document["ok"], document["warnings"], result.exit_code) == (False, [], 2)
    assert document["problems"][1] == {
        "file": str(BAD),
        "line": 8,
        "column": 99,
        "path": "probes.trunk-new",
        "message": "unknown key 'evry'; did you mean 'every'?",
    }


def test_json_of_a_sound_file_is_ok(example: Path) -> None:
    assert json.loads(run(str(example), "--json").output) == {"ok": True, "problems": [], "warnings": []}


def test_secrets_are_read_only_when_asked(example: Path) -> None:
    assert run(str(example)).exit_code == 0
    result = run(str(example), "--secrets", CREDENTIALS_DIRECTORY="")
    assert result.exit_code == 2
    assert "credential ivr-key: CREDENTIALS_DIRECTORY is not set" in result.output
    assert "credential tsig: CREDENTIALS_DIRECTORY is not set" in result.output


TLS = """  trunk-old:
    tls: {ca: %s, certificate: %s, private_key: %s}
"""


def with_tls(folder: Path, example: Path, *, ca: Path, certificate: Path, private_key: Path) -> Path:
    """The example with a trunk over TLS, and with its secrets in a folder of credentials."""
    file = folder / "f.yaml"
    text = example.read_text(encoding="utf-8").replace("sbc-old.example.net:5060", "sbc-old.example.net;transport=tls")
    file.write_text(text.replace("  trunk-old:\n", TLS % (ca, certificate, private_key)), encoding="utf-8")
    for name in ("ivr-key", "tsig"):
        secret = folder / name
        secret.write_text("c2VjcmV0", encoding="utf-8")
        secret.chmod(0o600)
    return file


def found(file: Path) -> list[str]:
    result = run(str(file), "--secrets", CREDENTIALS_DIRECTORY=str(file.parent))
    return result.output.splitlines()


def test_tls_files_are_used_with_the_secrets_and_sound_ones_are_no_finding(tmp_path: Path, example: Path) -> None:
    trusted = authority(tmp_path)
    own = trusted.issue("DNS:sbc.example.net")
    file = with_tls(tmp_path, example, ca=trusted.certificate, certificate=own.certificate, private_key=own.private_key)
    assert found(file) == [f"{file}: ok: 2 probes, 1 gate, 1 plan"]


def test_each_tls_file_that_cannot_be_used_is_a_problem_at_its_place(tmp_path: Path, example: Path) -> None:
    gone, text = tmp_path / "gone.pem", tmp_path / "text.pem"
    text.write_text("no certificate", encoding="utf-8")
    own = authority(tmp_path).issue("DNS:sbc.example.net")
    file = with_tls(tmp_path, example, ca=gone, certificate=own.certificate, private_key=text)
    line = 1 + file.read_text(encoding="utf-8").splitlines().index(
        f"    tls: {{ca: {gone}, certificate: {own.certificate}, private_key: {text}}}"
    )
    ca, key = found(file)
    assert ca == f"{file}:{line}:15: probes.trunk-old.tls.ca: TLS cannot use it: {gone}: No such file or directory"
    assert key.startswith(f"{file}:{line}:")
    assert key.endswith(
        f": probes.trunk-old.tls.private_key: TLS cannot use it: {text}: no private key in PEM form, or one with a passphrase"
    )


def test_a_certificate_that_is_none_is_placed_at_the_certificate(tmp_path: Path, example: Path) -> None:
    text, trusted = tmp_path / "text.pem", authority(tmp_path)
    text.write_text("no certificate", encoding="utf-8")
    file = with_tls(tmp_path, example, ca=trusted.certificate, certificate=text, private_key=trusted.certificate)
    (certificate,) = found(file)
    assert certificate.endswith(f": probes.trunk-old.tls.certificate: TLS cannot use it: {text}: no certificates in PEM form")


def test_tls_files_are_not_read_without_being_asked(tmp_path: Path, example: Path) -> None:
    gone = tmp_path / "gone.pem"
    assert run(str(with_tls(tmp_path, example, ca=gone, certificate=gone, private_key=gone))).exit_code == 0


def test_the_password_of_a_registration_is_one_of_the_secrets(tmp_path: Path, example: Path) -> None:
    file = tmp_path / "f.yaml"
    probe = (
        "  reg: {kind: sip_register, path: new, target: sip:reg.example.net, aor: sip:t@example.net,"
        " credentials: {username: t, password: {env: REG}}}\n\ngates:"
    )
    file.write_text(example.read_text(encoding="utf-8").replace("\ngates:", probe, 1), encoding="utf-8")
    assert any("probes.reg.credentials.password: secret cannot be read: env REG: not set" in line for line in found(file))


def test_the_file_comes_from_the_argument_then_the_option_then_the_environment(example: Path) -> None:
    assert run(str(example), "-c", "/gone.yaml", CUTOVERD_CONFIG="/gone.yaml").exit_code == 0
    assert run("-c", str(example), CUTOVERD_CONFIG="/gone.yaml").exit_code == 0
    assert run(CUTOVERD_CONFIG=str(example)).exit_code == 0
    assert run("-c", "/gone.yaml", CUTOVERD_CONFIG=str(example)).exit_code == 2


@pytest.mark.parametrize("environ", [{}, {"CUTOVERD_CONFIG": ""}])
def test_without_any_hint_the_file_is_in_etc(environ: dict[str, str]) -> None:
    assert resolve_config_path(None, environ) == Path("/etc/cutoverd/cutoverd.yaml")


def test_output_survives_a_terminal_that_cannot_show_it(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("Нет: 1\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from daemon.cli.check import check; check()", str(file)],
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, b"")
    assert rb"unknown key '\u041d\u0435\u0442'" in done.stdout


def test_check_imports_neither_servers_nor_an_event_loop() -> None:
    heavy = "aiohttp asyncio ssl uvloop dns prometheus_client aiosqlite pyVoIP difflib pickle pydantic"
    script = f"import sys, daemon.cli.check; print(*[name for name in {heavy.split()!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == ""
