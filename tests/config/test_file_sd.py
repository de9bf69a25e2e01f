"""Targets from a list in a file of its own: what is accepted, what each probe is called, and where a mistake is told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import file_sd
from config.load import load
from config.loaded import Loaded
from config.model import Settings
from config.probing import SipOptionsProbe
from config.problem import ConfigInvalid

TEXT = """\
name: night
cutover: {opens: 2026-12-05T22:00:00Z, closes: 2026-12-06T06:00:00Z}
server:
  webhook: {listen: "127.0.0.1:0", keys: [{name: ivr, secret: {env: IVR}}]}
  admin: {listen: "127.0.0.1:0"}
store: {url: "sqlite:///var/lib/cutoverd/night.db"}
probes:
  fleet: {kind: sip_options, path: new, targets: {file: fleet.json}, every: 5s}
  old: {kind: sip_options, path: baseline, target: "sip:192.0.2.99"}
gates:
  inbound:
    trip: {probes: [fleet], combine: {quorum: 2}}
    compare_with: [old]
maintenance:
  - {from: 2026-12-05T22:00:00Z, until: 2026-12-05T23:00:00Z, reason: cables, probes: [old, fleet]}
"""
TWO = '[{"targets": ["sbc1.example.net:5060", "sip:192.0.2.7;transport=tcp"], "labels": {"site": "emea"}}]'


def loaded(folder: Path, listed: str = TWO, text: str = TEXT) -> Loaded:
    (folder / "night.yaml").write_text(text)
    (folder / "fleet.json").write_text(listed)
    return load(folder / "night.yaml")


def problems(folder: Path, listed: str = TWO, text: str = TEXT) -> list[str]:
    with pytest.raises(ConfigInvalid) as invalid:
        loaded(folder, listed, text)
    return [problem.render().replace(f"{folder}/", "") for problem in invalid.value.problems]


def test_each_target_is_a_probe_of_its_own_and_the_gate_means_all_of_them(tmp_path: Path) -> None:
    settings: Settings = loaded(tmp_path).settings
    assert list(settings.probes) == ["fleet-sbc1-example-net-5060", "fleet-192-0-2-7-tcp", "old"]
    probe = settings.probes["fleet-192-0-2-7-tcp"]
    assert isinstance(probe, SipOptionsProbe)
    assert (str(probe.target), probe.every) == ("sip:192.0.2.7;transport=tcp", 5_000_000_000)
    rule = settings.gates["inbound"].trip[0]
    assert rule.probes == ("fleet-sbc1-example-net-5060", "fleet-192-0-2-7-tcp")
    assert settings.maintenance[0].probes == ("old", "fleet-sbc1-example-net-5060", "fleet-192-0-2-7-tcp")


def test_rules_in_a_list_mean_all_of_them_too(tmp_path: Path) -> None:
    text = TEXT.replace(
        "trip: {probes: [fleet], combine: {quorum: 2}}", "trip: [{probes: [old2, fleet]}, {probes: [fleet], consecutive: 9}]"
    )
    text = text.replace("  old:", '  old2: {kind: sip_options, path: new, target: "sip:192.0.2.98"}\n  old:')
    first, second = loaded(tmp_path, text=text).settings.gates["inbound"].trip
    assert (len(first.probes), len(second.probes)) == (3, 2)


def test_yaml_is_read_as_well_as_json(tmp_path: Path) -> None:
    found = loaded(
        tmp_path, "- targets: ['[2001:db8::1]:5061']\n  labels: {name: v6, rack: 12}\n- targets: [192.0.2.1, 192.0.2.2]\n"
    )
    assert list(found.settings.probes)[:3] == ["fleet-v6", "fleet-192-0-2-1", "fleet-192-0-2-2"]


def test_the_digest_is_of_the_list_too_and_the_list_is_stamped(tmp_path: Path) -> None:
    first = loaded(tmp_path)
    second = loaded(tmp_path, TWO.replace("5060", "5070"))
    assert first.source_digest != second.source_digest
    found = (tmp_path / "fleet.json").stat()
    assert second.lists == {str(tmp_path / "fleet.json"): (found.st_mtime_ns, found.st_size, found.st_ino)}


def test_mistakes_in_the_list_are_told_at_their_places_in_it(tmp_path: Path) -> None:
    listed = '[{"targets": ["sbc1:0", 7], "lables": {}},\n {"targets": []},\n "sbc2"]'
    assert [line for line in problems(tmp_path, listed) if line.startswith("fleet.json")] == [
        "fleet.json:1:15: [0].targets[0]: '0' is not a port: a number from 1 to 65535",
        "fleet.json:1:25: [0].targets[1]: expected a target such as sbc.example.net:5060 or sip:192.0.2.7;transport=tcp",
        "fleet.json:1:29: [0]: unknown key 'lables'; did you mean 'labels'?",
        "fleet.json:2:14: [1].targets: must not be empty: expected at least 1",
        "fleet.json:3:2: [2]: expected a mapping (key: value), found text",
    ]


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ("{}", "fleet.json:1:1: expected a list of groups"),
        ("[]", "fleet.json:1:1: must not be empty"),
        ("", "fleet.json:1:1: the file is empty"),
        ("[{", "fleet.json:1:"),
        ('[{"targets": ["a:1", "b:1"], "labels": {"name": "x"}}]', "has the same name 'x' as that on line 1"),
        ('[{"targets": ["a:1", "A:1"]}]', "has the same name 'a-1' as that on line 1"),
        ('[{"targets": ["%s.example"]}]' % ("a" * 60), "is not a name"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_used_says_why(tmp_path: Path, listed: str, said: str) -> None:
    assert any(said in line for line in problems(tmp_path, listed)), problems(tmp_path, listed)


def test_a_list_that_is_not_there_or_is_no_file_is_told_where_it_is_named(tmp_path: Path) -> None:
    for name, make in (("missing", None), ("folder", Path.mkdir), ("pipe", os.mkfifo)):
        (tmp_path / "night.yaml").write_text(TEXT.replace("fleet.json", name))
        if make is not None:
            make(tmp_path / name)
        with pytest.raises(ConfigInvalid) as invalid:
            load(tmp_path / "night.yaml")
        assert "probes.fleet.targets.file" in [problem.path for problem in invalid.value.problems]


def test_a_mistake_in_what_the_probes_share_is_told_once_and_beside_those_of_the_list(tmp_path: Path) -> None:
    text = TEXT.replace("every: 5s", "every: soon")
    assert [line for line in problems(tmp_path, text=text) if "soon" in line] == [
        "night.yaml:8:77: probes.fleet.every: 'soon' is not a duration: "
        "write one number and one unit, such as 200ms, 5s, 10m or 24h"
    ]
    assert any("soon" in line for line in problems(tmp_path, "[]", text))


def test_a_target_whose_name_another_probe_has_is_refused(tmp_path: Path) -> None:
    text = TEXT.replace("  old:", '  fleet-192-0-2-7-tcp: {kind: sip_options, path: new, target: "sip:192.0.2.98"}\n  old:')
    assert any("a target makes this probe's name 'fleet-192-0-2-7-tcp'" in line for line in problems(tmp_path, text=text))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fleet: {kind: sip_options", "fleet: {kind: http, url: 'https://a.example'", "a list of targets is for probes"),
        ("targets: {file: fleet.json}", "target: 'sip:192.0.2.1', targets: {file: fleet.json}", "target or targets, not both"),
        ("targets: {file: fleet.json}", "targets: {files: fleet.json}", "unknown key 'files'; did you mean 'file'?"),
        ("targets: {file: fleet.json}", "targets: fleet.json", "expected a mapping"),
    ],
)
def test_a_probe_that_names_a_list_wrongly_says_what_was_meant(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert any(said in line for line in problems(tmp_path, text=TEXT.replace(old, new)))


def test_more_targets_than_a_list_may_have_are_refused() -> None:
    many = json.dumps([{"targets": [f"h{index}:1" for index in range(file_sd.MOST_TARGETS + 1)]}])
    listed, flaws = file_sd.read(many)
    assert listed == []
    assert "1001 targets are too many" in flaws[0].message


HOSTS = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z]{2,4})?", fullmatch=True)


@given(st.sets(st.tuples(HOSTS, st.integers(1, 65535)), min_size=1, max_size=8), st.randoms())
def test_a_targets_name_does_not_depend_on_its_place_in_the_list(targets: set[tuple[str, int]], rng: Any) -> None:
    spelt = [f"{host}:{port}" for host, port in targets]
    shuffled = rng.sample(spelt, len(spelt))
    first, second = (file_sd.read(json.dumps([{"targets": each}]))[0] for each in (spelt, shuffled))
    assert {str(each.target): each.name for each in first} == {str(each.target): each.name for each in second}
