"""What the garbage collector is told once everything is built: what lives for good is not looked at again.

Reference counts free nearly everything here; the collector only looks for circles. By its usual settings it looks through all
that was built, some hundred thousand objects, again and again while the first answers of thousands of trunks are learned, and
nothing is asked or heard meanwhile.
"""

from __future__ import annotations

import gc

YOUNGEST, YOUNGER = 10_000, 1
"""How many new objects there are before the youngest are looked at, which takes 1 to 3 ms; and how often that happens before
those that outlived it are looked at too, which takes 5 to 10. With the usual 10 it would take 40."""


def settle() -> None:
    """Call it when all that lives as long as the process has been made, before anything must be on time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST, YOUNGER)
