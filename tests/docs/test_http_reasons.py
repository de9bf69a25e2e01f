"""`docs/http.md` explains every reason that a probe over HTTP can give, and no other; and every metric of APIs."""

from __future__ import annotations

import re
from pathlib import Path

from daemon.metrics.apis import Apis
from probes.exchange.budget import Figures
from probes.exchange.tally import ApiFigures
from probes.exchange.values import Reason
from probes.records import Fault
from probes.sip.engine.trouble import Trouble

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
VERDICTS = {"accepted", "rejected", "condition", "not-json", "slow", "not-authenticated", "not-permitted", "rate-limited"}
OURS = {"overrun", "exception"}
OF_SIP = {Trouble.OURSELVES, Trouble.CLOSED, Trouble.TOO_LONG}
OF_SRV = {Fault.UNAVAILABLE, Fault.NO_TARGETS, Fault.EXCEPTION}


def test_every_reason_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|[^|]+\|$", PAGE.partition("## Reasons")[2], flags=re.MULTILINE)
    known = {*map(str, Reason), *map(str, set(Trouble) - OF_SIP), *map(str, set(Fault) - OF_SRV)}
    assert sorted(rows) == sorted(known | VERDICTS | OURS)


def test_every_metric_of_apis_has_its_row() -> None:
    collector = Apis()
    collector.figures = lambda: [ApiFigures("crm", {"2xx": 1}, 1, 1, Figures(1, 1, 1, 1, 1.0))]
    names = {sample.name for family in collector.collect() for sample in family.samples}
    assert names == {name.partition("{")[0] for name in re.findall(r"^\| `(cutoverd_[^`]+)` \|", PAGE, flags=re.MULTILINE)}
