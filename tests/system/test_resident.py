"""What the installed daemon holds on to once it runs: no child, and no library that only its configuration needed."""

from __future__ import annotations

from pathlib import Path

from lab.sip import Uas
from tests.system.guard import Dns, guard, write_settings


async def test_a_running_daemon_keeps_neither_the_loader_nor_its_libraries(tmp_path: Path) -> None:
    async with Uas() as new:
        config = write_settings(tmp_path, new=new.port, dns=Dns("127.0.0.1:9", b"c2VjcmV0"))
        async with guard(config) as running:
            process = Path(f"/proc/{running.process.pid}")
            mapped = {Path(line.split()[-1]).parent.name for line in (process / "maps").read_text().splitlines()}
            assert "uvloop" in mapped
            assert not mapped & {"pydantic_core", "_ctypes", "ruamel"}
            assert [path.read_text() for path in process.glob("task/*/children")] == ["" for _ in process.glob("task/*")]
