"""The installed command, run as its users run it, and a configuration file for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CUTOVERD = Path(sys.executable).parent / "cutoverd"
CONFIG = """\
name: acme-emea
cutover: {{opens: 2026-12-05T22:00:00Z, closes: 2026-12-06T06:00:00Z, recovery_time_objective: 10m}}
server:
  webhook: {{listen: 127.0.0.1:8080, keys: [{{name: ivr, secret: {{env: IVR_KEY}}}}]}}
  admin: {{listen: 127.0.0.1:9465}}
  control: {folder}
store: {{url: "sqlite://{folder}/cutoverd.db"}}
probes:
  trunk-new: {{kind: sip_options, path: new, target: "sip:127.0.0.1:5060;transport=udp", every: 5s, timeout: 2s}}
  trunk-old: {{kind: sip_options, path: baseline, target: "sip:127.0.0.1:5062;transport=udp", every: 5s, timeout: 2s}}
gates:
  inbound:
    trip: {{consecutive: 3, codes: [503, 408], probes: [trunk-new]}}
    compare_with: [trunk-old]
plans: {{}}
"""

Done = subprocess.CompletedProcess[str]


LEFT_OUT = ("CUTOVERD_CONFIG", "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR")


def environment() -> dict[str, str]:
    """Ours, in UTC, without anything that points at a daemon or a configuration of this machine."""
    return {name: value for name, value in os.environ.items() if name not in LEFT_OUT} | {"TZ": "UTC"}


def cutoverd(*arguments: str, **variables: str) -> Done:
    """The installed command, with nothing on its stdin."""
    return subprocess.run(
        [CUTOVERD, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment() | variables,
        timeout=60,
        check=False,
    )
