"""Values that are made by the thousand each second: frozen for whoever reads and checks the code, and quick to make.

To the type checker `fast_dataclass` is `dataclass`, and `frozen=True` lets nobody assign to a field. When the program runs,
nothing is asked at an assignment: to ask at the first ones too is what makes a frozen dataclass take up to ten times as long
to make. It compares and hashes by its fields all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as fast_dataclass
else:
    from dataclasses import dataclass
    from functools import partial

    def fast_dataclass(*, frozen, slots, kw_only=False):
        return partial(dataclass, slots=slots, unsafe_hash=frozen, kw_only=kw_only)


__all__ = ["fast_dataclass"]
