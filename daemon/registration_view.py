"""Registrations as an onlooker sees them. What they are read from is handed to `daemon.metrics` as a callable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """One AOR at its registrar. `registered` is None while nobody knows; `expires_ns` is the monotonic moment at which the
    binding ends that the registrar was last known to hold, None where it holds none or does not say.
    """

    probe: str
    registered: bool | None
    expires_ns: int | None = None


@dataclass(frozen=True, slots=True)
class RegistrarView:
    """One registrar (`host:port`), for all AORs: REGISTERs sent to it, and those that had to wait for their turn, since the
    start; and now: messages per second that may go, how many wait, and what is left of a rest that it asked for."""

    registrar: str
    sent: int
    deferred: int
    rate: float = 0.0
    waiting: int = 0
    pause_ns: int = 0
