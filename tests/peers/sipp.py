"""sipp, an independent SIP implementation, as a trunk: answers OPTIONS on a free loopback port as its scenario says."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.peers import need

SILENT = (Path(__file__).parent / "data" / "options_silent.xml").read_text()
LIFETIME_S = 120
START_S = 10
STOP_S = 5

PHRASES = {200: "OK", 404: "Not Found", 408: "Request Timeout", 500: "Server Internal Error", 503: "Service Unavailable"}

_TEST = '<test assign_to="is{turn}" variable="asked" compare="equal" value="{turn}"/>'
_JUMP = '<nop next="{turn}" test="is{turn}"/>'
_ANSWER = """\
  <label id="{turn}"/>
  <send next="99">
    <![CDATA[

      SIP/2.0 {status} {phrase}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[call_number]
      [last_Call-ID:]
      [last_CSeq:]{retry_after}
      Content-Length: 0

    ]]>
  </send>
"""
_SCENARIO = """\
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="{name}">
  <Global variables="asked"/>
  <recv request="OPTIONS">
    <action>
      <add assign_to="asked" value="1"/>
      {tests}
    </action>
  </recv>
  {jumps}
  <nop next="{last}"/>
{answers}  <label id="99"/>
  <timewait milliseconds="4000"/>
</scenario>
"""


def answers(*statuses: int, retry_after: int | None = None) -> str:
    """A scenario that gives each status once, in order, over all who ask, and stays with the last.

    `retry_after`, in seconds, goes into each 503.
    """
    turns = list(enumerate(statuses, start=1))
    header = "" if retry_after is None else f"\n      Retry-After: {retry_after}"
    return _SCENARIO.format(
        name=", ".join(map(str, statuses)),
        tests="\n      ".join(_TEST.format(turn=turn) for turn, _ in turns),
        jumps="\n  ".join(_JUMP.format(turn=turn) for turn, _ in turns),
        last=len(turns),
        answers="".join(
            _ANSWER.format(turn=turn, status=status, phrase=PHRASES[status], retry_after=header if status == 503 else "")
            for turn, status in turns
        ),
    )


@dataclass(frozen=True)
class Sipp:
    host: str
    port: int
    trace: Path

    def received(self) -> list[str]:
        """Each message that arrived, as sipp traced it, retransmissions too."""
        log = self.trace.read_text(errors="replace") if self.trace.exists() else ""
        records = re.split(r"^-{20,}.*\n", log, flags=re.MULTILINE)
        return [record.partition(":\n")[2].strip() for record in records if "message received" in record.partition("\n")[0]]

    def requests(self) -> int:
        """How many different requests arrived."""
        return len({branch for message in self.received() for branch in re.findall(r"branch=([^;\s,]+)", message)[:1]})


@contextlib.asynccontextmanager
async def sipp(scenario: str, host: str = "127.0.0.1", *, port: int = 0) -> AsyncIterator[Sipp]:
    """`scenario` is XML: `answers(…)`, `SILENT`, or one's own; `port` 0 takes a free one.

    Ended, by its process id, when the block is left.
    """
    port = port or free_udp_port(host)
    with tempfile.TemporaryDirectory(prefix="sipp-") as name:
        folder = Path(name)
        (folder / "scenario.xml").write_text(scenario)
        arguments = ["-sf", "scenario.xml", "-i", host, "-p", str(port), "-nostdin", "-timeout", f"{LIFETIME_S}s"]
        process = await asyncio.create_subprocess_exec(
            need("sipp"), *arguments, "-trace_msg", "-message_file", "messages", "-trace_err", "-error_file", "errors",
            cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            await _until_listening(process, port)
            yield Sipp(host, port, folder / "messages")
        finally:
            await _end(process)


def free_udp_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((host, 0))
        return int(holder.getsockname()[1])


async def _until_listening(process: asyncio.subprocess.Process, port: int) -> None:
    """The kernel's own list of bound sockets tells, so that no extra request is counted by the peer."""
    async with asyncio.timeout(START_S):
        while not _is_bound(port):
            try:
                await asyncio.wait_for(process.wait(), 0.01)
            except TimeoutError:
                continue
            assert process.stderr is not None
            raise RuntimeError(f"sipp ended before it listened: {(await process.stderr.read()).decode(errors='replace')}")


def _is_bound(port: int) -> bool:
    tables = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
    locals_ = (line.split()[1] for table in tables if table.exists() for line in table.read_text().splitlines()[1:])
    return any(int(local.rpartition(":")[2], 16) == port for local in locals_)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.communicate(), STOP_S)
        except TimeoutError:
            process.kill()
    await process.communicate()
