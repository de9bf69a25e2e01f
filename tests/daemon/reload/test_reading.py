"""The configuration read by a program of its own: what comes back, and what happens when nothing does."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from config.apart import LoaderDied
from config.load import load
from config.problem import ConfigInvalid
from daemon.reload.reading import MOST_TOLD, Reader
from tests.daemon.reload.bench import gate, text, trunk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "night.yaml"
    path.write_text(text(tmp_path, {"new": trunk(5060)}, {"inbound": gate("new")}))
    return path


async def test_it_reads_what_load_reads(file: Path) -> None:
    assert await Reader({"IVR": "key"}).read(str(file)) == load(file)


async def test_a_secret_that_cannot_be_read_is_a_problem_at_its_place(file: Path) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        await Reader({}).read(str(file))
    assert [problem.path for problem in invalid.value.problems] == ["server.webhook.keys[0].secret"]


async def test_all_that_is_wrong_comes_back_with_the_warnings(file: Path) -> None:
    file.write_text(file.read_text().replace("max_age: 10s", "max_age: soon").replace("name: night", "nome: night"))
    with pytest.raises(ConfigInvalid) as invalid:
        await Reader({"IVR": "key"}).read(str(file))
    assert len(invalid.value.problems) == 2
    assert invalid.value.warnings


async def test_of_very_many_problems_the_first_are_told_and_how_many_there_are(file: Path) -> None:
    listed = "{kind: sip_options, path: new, targets: {file: fleet.json}, every: 1h, timeout: 600ms}"
    file.write_text(text(file.parent, {"new": listed}, {"inbound": gate("new")}))
    (file.parent / "fleet.json").write_text(json.dumps([{"targets": ["x y"] * 5_000}]))
    with pytest.raises(ConfigInvalid) as whole:
        load(file)
    with pytest.raises(ConfigInvalid) as invalid:
        await Reader({"IVR": "key"}).read(str(file))
    *told, last = invalid.value.problems
    assert tuple(told) == whole.value.problems[:MOST_TOLD]
    assert last.message == f"and {len(whole.value.problems) - MOST_TOLD} more: `cutoverd check` tells them all"


async def test_a_file_that_never_ends_is_given_up_and_its_reader_ended(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless")
    with pytest.raises(LoaderDied, match="could not be read within"):
        await Reader({}, within_s=0.2).read(str(tmp_path / "endless"))


async def test_a_reader_that_dies_is_no_answer(file: Path) -> None:
    with pytest.raises(LoaderDied, match="ended before it was done"):
        await Reader({}, python="/bin/false").read(str(file))


async def test_an_interpreter_that_is_gone_is_an_os_error(file: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        await Reader({}, python=f"{sys.executable}-gone").read(str(file))
