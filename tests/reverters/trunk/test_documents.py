"""What the operator is told is so: the example is sound, and holds each line that the page asks for."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from config.load import judge
from config.trunk_steps import TrunkStep
from tests.peers import need
from tests.peers.kamailio_trunk import EXAMPLE, arguments, write

PAGE = (EXAMPLE.parent / "trunk-steps.md").read_text()
BARE = Path(__file__).parents[2] / "config" / "bad" / "record-restored-twice.yaml"


@pytest.mark.parametrize("defines", [(), ("WITH_SWITCH",)], ids=["by set", "by switch"])
async def test_kamailio_finds_nothing_wrong_with_the_example(tmp_path: Path, defines: tuple[str, ...]) -> None:
    write(tmp_path, "1 sip:192.0.2.10:5060 4 10\n1 sip:192.0.2.20:5060 0 5\n")
    process = await asyncio.create_subprocess_exec(
        *(need("kamailio"), "-c", *arguments(tmp_path, *defines)),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert "config file ok" in said.decode()


def words(text: str) -> str:
    return " ".join(text.split())


def test_each_line_of_kamailio_cfg_on_the_page_stands_in_the_example() -> None:
    page = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    lines = [line.strip() for line in re.findall(r"^    (.*)$", page, flags=re.MULTILINE)]
    asked = [part for line in lines for part in re.split(r"(?<=;) (?=\w)|[{}]", line) if part.strip()]
    example = words(EXAMPLE.read_text()).replace("LISTEN", "127.0.0.1:5060")
    listed = [part for part in asked if not re.match(r"# set uri|\d sip:", part)]
    assert len(listed) >= 15
    assert [part for part in listed if words(part) not in example] == []


def test_the_pages_plan_is_accepted_by_check() -> None:
    block = re.search(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert block is not None
    text = BARE.read_text().partition("plans:")[0] + block[1]
    settings = judge(text.encode(), file="page.yaml", folder="/etc/cutoverd").settings
    stages = settings.plans["inbound-rollback"].stages
    kinds = [(stage.name, type(step) is TrunkStep) for stage in stages for step in stage.steps]
    assert kinds == [("before", True), ("dns", False), ("trunk", True), ("close", True)]
