"""sipp as a client: so many OPTIONS to one address, so many of them under way at a time, one call for each."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from probes import clock
from tests.peers import need

CALLS_PER_S = 100_000
"""More than it can do: what holds it back is the number of calls under way."""
WITHIN_S = 120

SCENARIO = """\
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="OPTIONS">
  <send>
    <![CDATA[

      OPTIONS sip:[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
      From: <sip:cutoverd@[local_ip]>;tag=[call_number]
      To: <sip:[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 OPTIONS
      Max-Forwards: 70
      Contact: <sip:cutoverd@[local_ip]:[local_port]>
      Accept: application/sdp
      User-Agent: cutoverd
      Content-Length: 0

    ]]>
  </send>
  <recv response="200"/>
</scenario>
"""


async def sipp_client(port: int, *, window: int, count: int) -> float:
    """Seconds for the whole run, start and end of the process with it. Raises RuntimeError if a call fails."""
    with tempfile.TemporaryDirectory(prefix="sipp-") as name:
        Path(name, "options.xml").write_text(SCENARIO)
        began = clock.mono_ns()
        process = await asyncio.create_subprocess_exec(
            need("sipp"), f"127.0.0.1:{port}", "-sf", "options.xml", "-i", "127.0.0.1", "-m", str(count), "-l", str(window),
            "-r", str(CALLS_PER_S), "-nostdin", "-timeout", f"{WITHIN_S}s", cwd=name, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"sipp ended with {process.returncode}: {said.decode(errors='replace')[-300:]}")
        return (clock.mono_ns() - began) / 1e9
