"""What is sound in a file that is not: so that checks across fields can run beside the errors of single fields. Pure.

Each top section is validated by itself, and each invalid value is taken out until the rest holds. Keys that were taken out
are remembered in `Node.lost`, for a default must not be judged as if it had been written.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from config.cross import Outline
from config.document import Node
from config.explain import locate
from config.model import Settings
from config.problem import Path


def salvage(root: Node, context: dict[str, Any]) -> Outline:
    """The sound parts. Prunes `root` in place."""
    sections = root.value if isinstance(root.value, dict) else {}
    declared = {name: frozenset(node.value) for name, node in sections.items() if isinstance(node.value, dict)}
    found: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        adapter: TypeAdapter[Any] = TypeAdapter(cast(Any, field.annotation))
        value = _sound_part(adapter, sections.get(name), context)
        if value is not None:
            found[name] = value
    return Outline(
        **found, declared_probes=declared.get("probes", frozenset()), declared_plans=declared.get("plans", frozenset())
    )


def _sound_part(adapter: TypeAdapter[Any], node: Node | None, context: dict[str, Any]) -> Any:
    while node is not None:
        try:
            return adapter.validate_python(node.plain(), context=context)
        except ValidationError as error:
            # The last first: taking an item out of a list moves those behind it.
            bad = {_at(node, details) for details in error.errors(include_url=False, include_input=False)}
            for path in sorted(bad, key=_order, reverse=True):
                if not path:
                    return None
                _take_out(node, path)
    return None


def _at(node: Node, details: ErrorDetails) -> Path:
    """Where in the pruned tree the error is, as the keys and indices that lead there now."""
    path: list[str | int] = []
    here = node
    for part in details["loc"]:
        if (child := here.child(part)) is not None:
            path.append(part)
            here = child
    return tuple(path)


def _order(path: Path) -> list[tuple[int, int, str]]:
    return [(0, part, "") if isinstance(part, int) else (1, 0, part) for part in path]


def _take_out(node: Node, path: Path) -> None:
    holder = locate(node, path[:-1])
    part = path[-1]
    if isinstance(holder.value, dict):
        del holder.value[str(part)]
        holder.lost.add(str(part))
    elif isinstance(holder.value, list) and isinstance(part, int):
        del holder.value[part]
