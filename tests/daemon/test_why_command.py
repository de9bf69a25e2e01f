"""`why` among the commands of the control socket: read-only, checked, and there only where something can explain."""

from __future__ import annotations

from typing import Any, cast

import pytest

from daemon.board import Board
from daemon.commands import Commands, Explain
from daemon.inbox import Inbox
from daemon.planbook import PlanBook
from daemon.reply import Exit, Reply


def commands(explain: Explain | None) -> Commands:
    """No store and no writer: `why` must not need them."""
    nothing = cast(Any, None)
    return Commands(
        inbox=Inbox(), board=Board(), book=PlanBook({}), store=nothing, writer=nothing, reverters=dict, explain=explain
    )


def echo(name: str, kind: str) -> Reply:
    return Reply(Exit.TRIPPED, "", {"name": name, "kind": kind})


async def test_why_answers_by_name_and_kind_with_the_state_as_its_exit() -> None:
    handled = commands(echo)
    assert await handled.handle("why", {"name": "inbound"}, "op") == echo("inbound", "")
    assert await handled.handle("why", {"name": "inbound", "kind": "probe"}, "op") == echo("inbound", "probe")
    assert "why" in handled.names


@pytest.mark.parametrize("arguments", [{}, {"name": " "}, {"name": 7}, {"name": "x" * 1_001}, {"name": "a", "kind": "plan"}])
async def test_what_is_no_name_or_no_kind_is_a_mistake_of_usage(arguments: dict[str, Any]) -> None:
    assert (await commands(echo).handle("why", arguments, "op")).exit is Exit.USAGE


async def test_where_nothing_can_explain_there_is_no_such_command() -> None:
    assert "why" not in commands(None).names
