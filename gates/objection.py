"""What an interlock has against a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Objection:
    """`name` is the interlock's, as an operator may override it; `says` is why, with its figures."""

    name: str
    says: str
