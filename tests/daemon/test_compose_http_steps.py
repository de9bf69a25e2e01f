"""An `http` step of a file, composed, captured and restored."""

from __future__ import annotations

import re
from pathlib import Path

from config.load import judge
from config.model import Settings
from config.steps import HttpStep
from daemon.compose import compose
from reverters import planner, registry
from reverters.capture import capture
from reverters.entries import Planned
from reverters.runner import End, Runner
from tests.probes.exchange.servers import apis_of, serving
from tests.reverters.http.bench import BASELINE, CUTOVER, Documents
from tests.reverters.test_runner import fold
from tests.reverters.world import Ledger, Still

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "http-steps.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "config" / "examples" / "cutoverd.yaml").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
PLAN = BLOCKS[0].removeprefix("plans:\n").replace("every: 2s", "every: 1ms")
WHERE = "/api/v2/architect/ivrs/8c1f0a52-0b1e-4c1e-9d20-b7e1f00d0001"


def settings(base: str, plan: str = PLAN) -> Settings:
    text = EXAMPLE.replace("\nplans:\n", f"\napis: {{genesys: {{base: {base!r}}}}}\nplans:\n{plan}", 1)
    return judge(text.encode(), file="f.yaml", folder="/").settings


def test_the_poll_of_the_page_is_one_that_the_file_takes() -> None:
    poll = " " * 12 + BLOCKS[1]
    (step,) = settings("http://127.0.0.1:1", PLAN + poll).plans["page"].stages[0].steps
    assert isinstance(step, HttpStep)
    assert step.poll is not None
    assert step.poll.failed == {"/status": ["Failure"]}


async def test_the_step_of_the_page_captures_the_old_path_and_brings_it_back() -> None:
    documents, ledger = Documents({WHERE: {**CUTOVER, **BASELINE}}), Ledger()
    async with serving(documents.answer) as server:
        loaded = settings(server.url)
        spec = compose.plan("page", loaded.plans["page"])
        async with apis_of(loaded.apis) as apis:
            reverters = registry.build(tsig={}, api=apis.named)
            found = await capture([spec], reverters)
            assert found.troubles == []
            documents.held[WHERE] = dict(CUTOVER)
            plan = planner.plan(spec, baseline="b", objects=found.objects)
            await ledger.append(Planned("page", plan.digest, plan.document(), [], "manual", "", 0, 0))
            runner = Runner(
                plan, fold(ledger.entries), reverters=reverters, append=ledger.append, first_failure_utc_ns=0, rng=Still()
            )
            assert await runner.carry_out() is End.CLOSED
    assert documents.held[WHERE]["dnis"] == BASELINE["dnis"]
    assert documents.held[WHERE]["openHoursFlow"] == {"id": "flow-old", "selfUri": "/flows/new"}
