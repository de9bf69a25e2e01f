"""How often a token may ask, and how long it lives. Told the time; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rate-limit headers say: requests counted in this window, how many are allowed, seconds until the next."""

    count: int
    allowed: int
    reset_s: int

    @property
    def is_over(self) -> bool:
        return self.count > self.allowed


@dataclass(slots=True)
class _Window:
    begins_ns: int
    count: int = 0


@dataclass(slots=True)
class Quota:
    """So many requests in each window of time, by token."""

    allowed: int = 300
    per_ns: int = 60 * NS_PER_S
    _windows: dict[str, _Window] = field(default_factory=dict)

    def take(self, token: str, *, now_ns: int) -> Standing:
        window = self._windows.get(token)
        if window is None or now_ns - window.begins_ns >= self.per_ns:
            window = self._windows[token] = _Window(now_ns)
        window.count += 1
        left_ns = window.begins_ns + self.per_ns - now_ns
        return Standing(window.count, self.allowed, -(-left_ns // NS_PER_S))


@dataclass(slots=True)
class Tokens:
    """Access tokens, each valid for `life_ns`."""

    life_ns: int = 86_400 * NS_PER_S
    granted: int = 0
    _ends_ns: dict[str, int] = field(default_factory=dict)

    def grant(self, *, now_ns: int) -> str:
        self.granted += 1
        token = f"lab-token-{self.granted}"
        self._ends_ns[token] = now_ns + self.life_ns
        return token

    def is_valid(self, token: str, *, now_ns: int) -> bool:
        return now_ns < self._ends_ns.get(token, 0)

    def expire(self) -> None:
        """All that were granted so far, before their time."""
        self._ends_ns.clear()
