"""Which daemon a file speaks of: a glance where that is enough, the whole truth where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.problem import ConfigInvalid
from daemon.cli.locate import Identity, _glance, identify
from tests.daemon.cli.installed import CONFIG


def glance(folder: Path, text: str) -> Identity | None:
    file = folder / "cutoverd.yaml"
    file.write_text(text)
    return _glance(file)


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("name: acme\nserver: {control: /run/x}\n", "/run/x"),
        ("server:\n  webhook: {keys: [{name: other}, [a, {b: c}]]}\n  control: '/run/x'\nname: acme\n", "/run/x"),
        ("\ufeffname: acme\nserver: {}\n", None),
        ("name: acme\nserver:\n  control: null\n", None),
        ('{"name": "acme", "server": {"control": "/run/x"}, "gates": [', "/run/x"),
        ("probes: {name: {name: wrong}}\nlist: [name, server]\nserver: {name: wrong}\nname: acme\n", None),
    ],
)
def test_name_and_control_are_found_wherever_they_stand(tmp_path: Path, text: str, control: str | None) -> None:
    assert glance(tmp_path, text) == Identity("acme", control)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- name: acme\n",
        "name: acme\n",
        "server: {}\n",
        "name: 12\nserver: {}\n",
        "name: ../../etc/acme\nserver: {}\n",
        "name: acme/../../etc\nserver: {}\n",
        "name: [acme]\nserver: {}\n",
        "name: acme\nserver: here\n",
        "name: acme\nserver: {control: run}\n",
        "name: acme\nserver: {control: [x]}\n",
        "name: acme\nserver: {control: 7}\n",
        "name: {acme\nserver: {}\n",
        "name: *acme\nserver: {}\n",
        'name: "\\UFFFFFFFF"\nserver: {}\n',
        "name: " + "[" * 1100,
        "name: a\x07cme\n",
        "plain text",
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_not_plainly_in_order_is_left_to_the_whole_reading(tmp_path: Path, text: str) -> None:
    assert glance(tmp_path, text) is None
    with pytest.raises(ConfigInvalid) as caught:
        identify(tmp_path / "cutoverd.yaml")
    assert caught.value.problems


def test_what_the_glance_cannot_tell_the_whole_reading_may(tmp_path: Path) -> None:
    # A tab after the colon's space is fine YAML; so is a name written as a quoted number.
    file = tmp_path / "cutoverd.yaml"
    file.write_text(CONFIG.format(folder="/run/x").replace("name: acme-emea", 'name: "7"', 1))

    assert identify(file) == Identity("7", "/run/x")


def test_the_glance_and_the_whole_reading_agree(tmp_path: Path) -> None:
    from daemon.cli.locate import _load

    file = tmp_path / "cutoverd.yaml"
    file.write_text(CONFIG.format(folder="/run/x"))

    assert _glance(file) == _load(file) == Identity("acme-emea", "/run/x")


def test_a_file_that_is_not_text_is_left_to_the_whole_reading(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")

    assert _glance(tmp_path / "x.yaml") is None
    assert _glance(tmp_path / "none.yaml") is None
    assert _glance(tmp_path) is None
