"""A sound file: what it means once loaded, what is warned about, and where relative things start."""

from __future__ import annotations

import hashlib
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.addresses import Address, SipTarget
from config.load import MAX_BYTES, load
from config.loaded import Loaded
from config.model import AdminServer, SipOptionsProbe
from config.problem import ConfigInvalid
from tests.config.conftest import Judge, Spoil

S = 1_000_000_000
NEW = SipTarget("sbc-new.example.net", 5060, "udp")


def test_the_example_means_what_it_says(example: Path) -> None:
    settings = load(example).settings
    probe = settings.probes["trunk-new"]
    assert settings.cutover.opens == datetime(2026, 12, 5, 22, tzinfo=UTC)
    assert (probe.target, probe.every, probe.suspect_every) == (NEW, 5 * S, 1 * S)
    assert settings.gates["inbound"].on_trip[0].confirm_for == 10 * S
    assert settings.server.webhook.listen == Address("127.0.0.1", 8080)
    step = settings.plans["inbound-rollback"].stages[0].steps[0]
    assert (step.zone, step.records[0].name, step.provider.rfc2136.key.name) == ("example.net.", "sip.example.net.", "cutover.")


def test_the_example_has_no_warnings(example: Path) -> None:
    assert load(example).warnings == ()


def test_the_digest_is_of_the_bytes_of_the_file(example: Path) -> None:
    assert load(example).source_digest == hashlib.sha256(example.read_bytes()).hexdigest()


@pytest.mark.parametrize("written", ["sqlite:////var/x.db", "sqlite:///var//x.db", "sqlite:///var/x.db"])
def test_doubled_slashes_of_the_store_collapse(judged: Judge, written: str) -> None:
    store = judged(("sqlite:///var/lib/cutoverd/cutoverd.db", written)).settings.store
    assert (store.url, store.path) == ("sqlite:///var/x.db", "/var/x.db")


@pytest.mark.parametrize("written", ["2026-12-05T23:00:00+01:00", "2026-12-05 22:00:00Z", '"2026-12-05T22:00:00Z"'])
def test_a_time_is_one_instant_however_it_is_written(judged: Judge, written: str) -> None:
    assert judged(("2026-12-05T22:00:00Z", written)).settings.cutover.opens == datetime(2026, 12, 5, 22, tzinfo=UTC)


@pytest.mark.parametrize("name", ["no", "on", "8080", "1e3", "null", "true", "22-30"])
def test_a_name_is_text_whatever_older_yaml_took_it_for(judged: Judge, name: str) -> None:
    assert name in judged(("trunk-old:", f"{name}:"), ("compare_with: [trunk-old]", f'compare_with: ["{name}"]')).settings.probes


@pytest.mark.parametrize("plain", ["no", "on", "yes", "NO"])
def test_a_plain_no_is_text(judged: Judge, plain: str) -> None:
    assert judged(("name: acme-emea", f"name: {plain}")).settings.name == plain


def test_a_leading_zero_does_not_make_octal(judged: Judge) -> None:
    assert judged(("consecutive: 3", "consecutive: 010")).settings.gates["inbound"].trip[0].consecutive == 10


@pytest.mark.parametrize(("old", "new"), [("confirm_for: 10s", "confirm_for: 0s"), ("for: 30s", "for: 0s")])
def test_waiting_for_nothing_is_allowed(problems: Spoil, old: str, new: str) -> None:
    assert problems((old, new)) == ()


def test_free_ports_are_allowed_for_listening(problems: Spoil) -> None:
    assert problems(("127.0.0.1:8080", "127.0.0.1:0"), ("127.0.0.1:9465", "127.0.0.1:0")) == ()


def test_values_are_kept_in_their_canonical_form(judged: Judge) -> None:
    loaded = judged(("{name: sip, type: A}", '{name: sip, type: AAAA, values: ["2001:DB8::0:1"]}'))
    assert loaded.settings.plans["inbound-rollback"].stages[0].steps[0].records[0].values == ("2001:db8::1",)


def test_settings_made_in_code_are_those_of_a_file_that_says_the_same(judged: Judge) -> None:
    settings = judged().settings
    made = SipOptionsProbe(kind="sip_options", path="new", target=NEW, every=5 * S, suspect_every=1 * S, timeout=2 * S)
    assert settings.probes["trunk-new"] == made
    assert settings.server.admin == AdminServer(listen=Address("127.0.0.1", 9465))


def test_settings_cannot_be_changed(judged: Judge) -> None:
    settings = judged().settings
    for part, name in ((settings, "name"), (settings.cutover, "closes"), (settings.gates["inbound"].trip[0], "probes")):
        with pytest.raises(FrozenInstanceError):
            setattr(part, name, None)


def test_a_short_control_folder_and_a_long_enough_max_age_are_fine(problems: Spoil) -> None:
    assert problems(("  admin:", "  control: /run/cutoverd\n  admin:"), ("    recover:", "    max_age: 6s\n    recover:")) == ()


def test_a_timeout_of_t1_is_warned_about_and_a_longer_one_is_not(judged: Judge) -> None:
    assert [warning.message for warning in judged(("timeout: 2s ", "timeout: 500ms ")).warnings] == [
        "500ms leaves no room for a retransmission over UDP (T1 is 500ms): one lost packet is one failure"
    ]
    assert judged(("timeout: 2s ", "timeout: 501ms ")).warnings == ()


def test_an_objective_is_warned_about_only_when_the_waits_alone_exceed_it(judged: Judge) -> None:
    assert judged(("recovery_time_objective: 10m", "recovery_time_objective: 30s")).warnings == ()
    assert len(judged(("recovery_time_objective: 10m", "recovery_time_objective: 29s")).warnings) == 1


def test_a_suspect_may_be_asked_as_often_as_a_healthy_probe(problems: Spoil) -> None:
    assert problems(("suspect_every: 1s", "suspect_every: 5s")) == ()


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, example: Path) -> None:
    file = tmp_path / "cutoverd.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + example.read_bytes().replace(b"\n", b"\r\n"))
    assert load(file).settings == load(example).settings


def test_a_file_that_is_not_there_is_a_problem_of_that_file(tmp_path: Path) -> None:
    file = tmp_path / "gone.yaml"
    with pytest.raises(ConfigInvalid) as invalid:
        load(file)
    assert str(invalid.value) == f"{file}:1:1: cannot be read: No such file or directory"


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_file_longer_than_a_mebibyte_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "big.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigInvalid, match="longer than 1048576 bytes"):
        load(file)


def with_file_secret(tmp_path: Path, example: Path) -> Path:
    file = tmp_path / "cutoverd.yaml"
    text = example.read_text(encoding="utf-8").replace("{credential: ivr-key}", "{file: keys/ivr}")
    file.write_text(text.replace("{credential: tsig}", "{env: TSIG}"), encoding="utf-8")
    return file


def test_a_relative_secret_starts_at_the_folder_of_the_file(tmp_path: Path, example: Path) -> None:
    loaded: Loaded = load(with_file_secret(tmp_path, example))
    assert loaded.settings.server.webhook.keys[0].secret.file == str(tmp_path / "keys" / "ivr")


def test_secrets_are_not_read_unless_asked(tmp_path: Path, example: Path) -> None:
    load(with_file_secret(tmp_path, example))


def test_secrets_that_cannot_be_read_are_problems_at_their_places(tmp_path: Path, example: Path) -> None:
    file = with_file_secret(tmp_path, example)
    with pytest.raises(ConfigInvalid) as invalid:
        load(file, secrets_from={})
    assert [(problem.path, problem.message) for problem in invalid.value.problems] == [
        (
            "server.webhook.keys[0].secret",
            f"secret cannot be read: file {tmp_path / 'keys' / 'ivr'}: No such file or directory",
        ),
        (
            "plans.inbound-rollback.stages[0].steps[0].provider.rfc2136.key.secret",
            "secret cannot be read: env TSIG: not set",
        ),
    ]


def test_secrets_that_can_be_read_are_no_problem(tmp_path: Path, example: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "ivr").touch(mode=0o600)
    (tmp_path / "keys" / "ivr").write_bytes(b"hunter2\n")
    loaded = load(with_file_secret(tmp_path, example), secrets_from={"TSIG": "hunter2"})
    assert "hunter2" not in repr(loaded)


REGISTRATION = (
    "  registration:\n    {kind: sip_register, path: new, target: sip:reg.example.net, aor: sip:t@example.net%s}\n\ngates:"
)


def test_a_gate_on_a_registration_whose_codes_leave_480_out_is_warned_about(judged: Judge) -> None:
    asked = ("\ngates:", REGISTRATION % ""), ("probes: [trunk-new]", "probes: [trunk-new, registration]")
    (warning,) = judged(*asked).warnings
    assert (warning.path, warning.message) == (
        "gates.inbound.trip.codes",
        "probe 'registration' fails with 480 when the registrar holds nothing, which never trips this gate: "
        "write codes: [503, 408, 480]",
    )
    assert judged(*asked, ("[503, 408]", "[480, 503]")).warnings == ()


def test_a_rule_on_a_fact_that_its_probe_does_not_tell_is_warned_about(judged: Judge) -> None:
    rule = "consecutive: 3\n      codes: [503, 408]"
    (warning,) = judged((rule, "value: {fact: conect_us, below: 5000}")).warnings
    assert (warning.path, warning.message) == (
        "gates.inbound.trip.value.fact",
        "probe 'trunk-new' (sip_options) tells no 'conect_us', so this rule would never decide; did you mean 'connect_us'?",
    )
    (warning,) = judged((rule, "value: {fact: mos, above: 3, percentile: 5}")).warnings
    assert warning.message.endswith("; known: duration, certificate_not_after, connect_us, copies")
    assert judged((rule, "value: {fact: connect_us, below: 5000}")).warnings == ()
    assert judged((rule, "value: {below: 1s}")).warnings == ()


def test_a_registration_that_only_compares_may_fail_with_any_code(judged: Judge) -> None:
    beside = REGISTRATION.replace("path: new", "path: baseline") % ""
    assert judged(("\ngates:", beside), ("compare_with: [trunk-old]", "compare_with: [registration]")).warnings == ()


@pytest.mark.parametrize("timeout", ["20s", "25s"])
def test_a_binding_that_lapses_before_its_refresh_is_given_up_is_warned_about(judged: Judge, timeout: str) -> None:
    bound = f", mode: bind, dedicated: true, expires: 20s, timeout: {timeout}"
    (warning,) = judged(("\ngates:", REGISTRATION % bound)).warnings
    assert (warning.path, warning.message) == (
        "probes.registration.timeout",
        f"{timeout} is not shorter than expires (20s): a binding lapses before one unanswered REGISTER is given up",
    )
    assert judged(("\ngates:", REGISTRATION % bound.replace(f"timeout: {timeout}", "timeout: 19s"))).warnings == ()
