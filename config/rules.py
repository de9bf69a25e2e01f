"""What the annotation of a field says beyond its type: rules that `config.decode` obeys. They cost nothing to import.

In `Annotated[str, rule, …]` each rule is a function that is given the value, once it is of its type, and returns it or raises
ValueError with a sentence for the person who wrote the file. `Parsed` stands before them and replaces the reading by type.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Annotated, TypeVar

Item = TypeVar("Item")
Sizeable = TypeVar("Sizeable", bound=Sized)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The value is what `parse` makes of what YAML says, whatever that is: text, a number, a list."""

    parse: Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Between:
    """A number from `least` to `most`, both allowed."""

    least: int
    most: int

    def __call__(self, value: int) -> int:
        if value < self.least:
            raise ValueError(f"{value} is too small: at least {self.least}")
        if value > self.most:
            raise ValueError(f"{value} is too large: at most {self.most}")
        return value


@dataclass(frozen=True, slots=True)
class OrSingle:
    """Before a list of mappings: a mapping by itself is a list of one."""


def not_empty(value: Sizeable) -> Sizeable:
    if not value:
        raise ValueError("must not be empty: expected at least 1")
    return value


OneOrMore = Annotated[tuple[Item, ...], not_empty]


@dataclass(frozen=True, slots=True)
class Beside:
    """The path of a file. A relative one starts at the folder of the configuration file, which `located` is told."""

    def located(self, path: str, folder: str) -> str:
        if not path or not path.isprintable() or path.endswith("/"):
            raise ValueError("expected the path of a file")
        return path if path.startswith("/") else f"{folder.rstrip('/')}/{path}"


FilePath = Annotated[str, Beside()]
