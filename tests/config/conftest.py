"""A sound file, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.load import judge
from config.loaded import Loaded
from config.problem import ConfigInvalid, Problem

EXAMPLE = Path(__file__).parents[2] / "config" / "examples" / "cutoverd.yaml"

Judge = Callable[..., Loaded]
Spoil = Callable[..., tuple[Problem, ...]]


@pytest.fixture
def example() -> Path:
    return EXAMPLE


@pytest.fixture
def judged() -> Judge:
    """The example with replacements (old, new), judged: `judged(("every: 5s", "every: 6s"))`."""

    def run(*replacements: tuple[str, str]) -> Loaded:
        return judge(_replaced(replacements).encode(), file="f.yaml", folder="/etc/cutoverd")

    return run


@pytest.fixture
def problems() -> Spoil:
    """What is wrong with the example after replacements (old, new); nothing is the empty tuple."""

    def run(*replacements: tuple[str, str]) -> tuple[Problem, ...]:
        try:
            judge(_replaced(replacements).encode(), file="f.yaml", folder="/etc/cutoverd")
        except ConfigInvalid as invalid:
            return invalid.problems
        return ()

    return run


def _replaced(replacements: tuple[tuple[str, str], ...]) -> str:
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text, f"the example no longer holds {old!r}"
        text = text.replace(old, new, 1)
    return text
