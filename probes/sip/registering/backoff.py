"""When to try again, and when to refresh. Pure; `chance` is uniform in 0…1, durations are nanoseconds."""

from __future__ import annotations

from probes.sample import NS_PER_S

BASE_NS, MOST_NS = 30 * NS_PER_S, 1_800 * NS_PER_S
"""RFC 5626 §4.5: base-time when every flow has failed (we have one), and max-time."""

LEAST_NS = NS_PER_S
"""Between two attempts while the binding stands."""

EARLIEST, LATEST = 0.75, 0.85
"""The shares of the granted interval between which a refresh is sent."""
MARGIN_NS = 5 * NS_PER_S
"""What a refresh leaves before the expiry at least: enough for a challenge and some retransmissions. A third of the interval
where that is less."""


QUICK = 4
"""So many failures of an AOR that was never bound are followed by 1, 2, 4 and 8 s: it may just have been provisioned."""


def after_own_trouble(*, chance: float) -> int:
    """1 to 5 s."""
    return NS_PER_S + int(4 * NS_PER_S * chance)


def after_failure(failures: int, *, retry_after_s: int | None, chance: float, is_first: bool = False) -> int:
    """How long to wait after so many failures in a row, the last included (RFC 5626 §4.5).

    A Retry-After replaces the first guess: the registrar knows better. It does not replace the growth, and it is added to,
    never shortened, by chance, so that all who were told the same do not come back together. More than MOST_NS is not believed.
    `is_first`: nothing was ever bound, and the first waits are short.
    """
    if is_first and retry_after_s is None:
        if failures <= QUICK:
            return NS_PER_S << (failures - 1)
        failures -= QUICK
    guess = min(MOST_NS, BASE_NS << min(failures, 16))
    wait = int(guess * (0.5 + 0.5 * chance))
    if retry_after_s is None:
        return wait
    told = min(retry_after_s * NS_PER_S, MOST_NS)
    told += int(told * 0.25 * chance)
    return told if failures <= 1 else max(told, wait)


def while_bound(left_ns: int, wait_ns: int) -> int:
    """How long to wait where a binding still stands for `left_ns`: each attempt halves what is left, so that one lost REGISTER
    does not cost it, and never longer than `wait_ns`, which `after_failure` gave. No more than some dozen attempts come of it.
    """
    return min(wait_ns, max(LEAST_NS, left_ns // 2))


def until_refresh(granted_ns: int, *, chance: float) -> int:
    latest = min(int(granted_ns * LATEST), granted_ns - min(MARGIN_NS, granted_ns // 3))
    earliest = int(latest * EARLIEST / LATEST)
    return earliest + int((latest - earliest) * chance)
