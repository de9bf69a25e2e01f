"""Registrations as an onlooker sees them. What they are read from is handed to `daemon.metrics` as a callable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """One AOR at its registrar. `registered` is None while nobody knows; `expires_ns` is the monotonic moment at which the
    binding ends that the registrar holds, None where it holds none.
    """

    probe: str
    registered: bool | None
    expires_ns: int | None = None


@dataclass(frozen=True, slots=True)
class RegistrarView:
    """One registrar, for all AORs: REGISTERs sent to it, and those that had to wait for their turn, since the start."""

    registrar: str
    sent: int
    deferred: int
