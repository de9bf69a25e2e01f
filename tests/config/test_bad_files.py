"""Each bad file beside the exact lines that it must produce, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import judge
from config.problem import ConfigInvalid

FOLDER = Path(__file__).parent / "bad"
FILES = sorted(FOLDER.glob("*.yaml"))


def test_the_corpus_is_whole() -> None:
    assert len(FILES) >= 60
    assert {file.stem for file in FILES} == {file.stem for file in FOLDER.glob("*.txt")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_bad_file_says_exactly_what_is_wrong(file: Path) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        judge(file.read_bytes(), file=file.name, folder="/etc/cutoverd")
    lines = [problem.render() for problem in invalid.value.problems]
    lines += [warning.render("warning") for warning in invalid.value.warnings]
    assert lines == file.with_suffix(".txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_message_repeats_a_secret(file: Path) -> None:
    text = file.with_suffix(".txt").read_text(encoding="utf-8")
    assert "hunter2" not in text
    assert "aHVudGVyMi10c2ln" not in text
