"""Where secrets come from, and that nothing but `read` ever holds their content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.decode import decode
from config.document import read_document
from config.secrets import MAX_BYTES, Secret, SecretUnavailable, read

CONTENT = b"hunter2"


def kept(folder: Path, content: bytes = CONTENT, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_env_is_read_from_the_given_environment() -> None:
    assert read(Secret(env="IVR_KEY"), {"IVR_KEY": "hunter2"}) == CONTENT


@pytest.mark.parametrize(("environ", "reason"), [({}, "env IVR_KEY: not set"), ({"IVR_KEY": ""}, "env IVR_KEY: empty")])
def test_an_env_without_content_is_unavailable(environ: dict[str, str], reason: str) -> None:
    with pytest.raises(SecretUnavailable, match=reason):
        read(Secret(env="IVR_KEY"), environ)


def test_an_env_longer_than_64_kib_is_unavailable() -> None:
    with pytest.raises(SecretUnavailable, match="env IVR_KEY: longer than 65536 bytes"):
        read(Secret(env="IVR_KEY"), {"IVR_KEY": "x" * (MAX_BYTES + 1)})


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o440])
def test_a_file_that_others_cannot_read_is_read(tmp_path: Path, mode: int) -> None:
    assert read(Secret(file=str(kept(tmp_path, mode=mode))), {}) == CONTENT


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602, 0o644, 0o660, 0o666])
def test_a_file_that_others_can_read_or_the_group_can_write_is_unavailable(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SecretUnavailable, match=f"mode {mode:04o} .* chmod 0640"):
        read(Secret(file=str(kept(tmp_path, mode=mode))), {})


@pytest.mark.parametrize(
    ("content", "secret"), [(b"x\n", b"x"), (b"x\n\n", b"x\n"), (b"x\r\n", b"x\r"), (b" x ", b" x "), (b"\x00\xff", b"\x00\xff")]
)
def test_exactly_one_trailing_newline_is_dropped(tmp_path: Path, content: bytes, secret: bytes) -> None:
    assert read(Secret(file=str(kept(tmp_path, content))), {}) == secret


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_an_empty_file_is_unavailable(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SecretUnavailable, match="key: empty"):
        read(Secret(file=str(kept(tmp_path, content))), {})


def test_a_file_of_64_kib_is_read_and_a_longer_one_is_not(tmp_path: Path) -> None:
    path = kept(tmp_path, b"x" * MAX_BYTES)
    assert len(read(Secret(file=str(path)), {})) == MAX_BYTES
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(SecretUnavailable, match="longer than 65536 bytes"):
        read(Secret(file=str(path)), {})


def test_a_file_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailable, match=r"file .*/gone: No such file or directory"):
        read(Secret(file=str(tmp_path / "gone")), {})


def test_a_folder_is_not_a_secret(tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailable, match="not a regular file"):
        read(Secret(file=str(tmp_path)), {})


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(SecretUnavailable, match="not a regular file"):
        read(Secret(file=str(tmp_path / "pipe")), {})


def test_a_credential_is_a_file_in_the_credentials_directory(tmp_path: Path) -> None:
    kept(tmp_path, b"hunter2\n", mode=0o400)
    assert read(Secret(credential="key"), {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == CONTENT


def test_a_credential_without_systemd_says_what_is_missing() -> None:
    with pytest.raises(SecretUnavailable, match="credential key: CREDENTIALS_DIRECTORY is not set"):
        read(Secret(credential="key"), {})


def written(text: str, *, folder: str = "/etc/cutoverd") -> Secret | list[str]:
    """A secret as a file names it, or what is wrong with it."""
    root, _ = read_document(text)
    decoded = decode(root, Secret, folder=folder)
    return [flaw.message for flaw in decoded.flaws] or Secret(**decoded.found)


def test_a_relative_file_starts_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    kept(tmp_path)
    secret = written("{file: key}", folder=str(tmp_path))
    assert secret == Secret(file=str(tmp_path / "key"))
    assert read(secret, {}) == CONTENT


@pytest.mark.parametrize(("folder", "found"), [("/", "/key"), ("/etc", "/etc/key")])
def test_a_folder_and_a_file_are_one_path(folder: str, found: str) -> None:
    assert written("{file: key}", folder=folder) == Secret(file=found)


def test_an_absolute_file_stays_where_it_is(tmp_path: Path) -> None:
    path = str(kept(tmp_path))
    assert written(f"{{file: {path}}}", folder="/elsewhere") == Secret(file=path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{env: not a name}", "expected the name of an environment variable"),
        ('{env: ""}', "expected the name of an environment variable"),
        ("{env: 1A}", "expected the name of an environment variable"),
        ('{file: ""}', "expected the path of a file"),
        ("{file: folder/}", "expected the path of a file"),
        (r'{file: "nul\0"}', "expected the path of a file"),
        ("{credential: a/b}", "expected the name of a systemd credential"),
        ("{credential: ..}", "expected the name of a systemd credential"),
        ('{credential: ""}', "expected the name of a systemd credential"),
    ],
)
def test_a_place_is_well_formed(text: str, message: str) -> None:
    wrong = written(text)
    assert isinstance(wrong, list)
    assert len(wrong) == 1
    assert wrong[0].startswith(message)


@pytest.mark.parametrize("places", [{}, {"env": "A", "file": "b"}, {"env": "A", "file": "b", "credential": "c"}])
def test_a_secret_has_exactly_one_place(places: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="exactly one place"):
        Secret(**places)


def test_a_refused_secret_does_not_show_what_was_written() -> None:
    wrong = written("{env: hunter2 or so, value: hunter2, hunter2: x}")
    assert isinstance(wrong, list)
    assert len(wrong) == 3
    assert "hunter2" not in str(wrong)


@pytest.mark.parametrize(
    ("secret", "place"),
    [(Secret(env="A"), "env A"), (Secret(file="/etc/key"), "file /etc/key"), (Secret(credential="ivr"), "credential ivr")],
)
def test_a_secret_shows_its_place(secret: Secret, place: str) -> None:
    assert str(secret) == place
