"""One `dns` step of the configuration becomes one step per record: each is swapped, verified and journaled by itself."""

from __future__ import annotations

from config.steps import DnsRecord, DnsStep
from reverters.plan import Document
from reverters.planner import StepSpec


def expand(step: DnsStep) -> tuple[StepSpec, ...]:
    return tuple(_record(step, record) for record in step.records)


def _record(step: DnsStep, record: DnsRecord) -> StepSpec:
    provider = step.provider.rfc2136
    name = record.name
    server = str(provider.server)
    spec: Document = {
        "provider": {
            "rfc2136": {
                "server": server,
                "key": provider.key.name,
                "algorithm": provider.key.algorithm,
                "timeout_ns": provider.timeout,
            }
        },
        "zone": step.zone,
        "name": name,
        "type": record.type,
        "authoritative": [str(address) for address in step.authoritative] or [server],
        "assert": sorted(record.values) if record.values is not None else None,
    }
    return StepSpec(
        id=step.id,
        kind=step.kind,
        target=f"{name}:{record.type}",
        object=f"dns:{step.zone}:{name}:{record.type}",
        spec=spec,
    )
