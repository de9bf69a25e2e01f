"""The settings in force: one place that a reload replaces whole, and everybody else reads at the moment of asking."""

from __future__ import annotations

from dataclasses import dataclass

from config.model import Settings


@dataclass(slots=True)
class Live:
    settings: Settings
