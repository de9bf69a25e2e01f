"""The file format, field by field. Durations are nanoseconds once loaded, ratios are floats in 0…1.

Every model is frozen and refuses unknown keys. What can only be judged across fields lives in `config.cross`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from config.addresses import as_ip
from config.secrets import Secret
from config.units import (
    Address,
    Count,
    DnsName,
    Duration,
    DurationOrZero,
    Instant,
    IpText,
    RecordName,
    RemoteAddress,
    SipTarget,
    StatusClass,
    absolute,
)

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]

S = 1_000_000_000


def _store_url(url: str) -> str:
    path = re.sub("/+", "/", url.removeprefix("sqlite://"))
    if not url.startswith("sqlite:///") or not path.isprintable() or path.endswith("/"):
        raise ValueError("expected sqlite:// and the absolute path of a file, such as sqlite:///var/lib/cutoverd/cutoverd.db")
    return f"sqlite://{path}"


def _folder(path: str) -> str:
    if not path.startswith("/") or not path.isprintable():
        raise ValueError("expected the absolute path of a folder, such as /run/cutoverd")
    return path


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Window(Model):
    """The cutover night: arming is possible between `opens` and `closes`."""

    opens: Instant
    closes: Instant
    recovery_time_objective: Duration = 600 * S


class Key(Model):
    name: Name
    secret: Secret


class WebhookServer(Model):
    listen: Address
    """Port 0 takes any free port."""
    keys: list[Key] = Field(min_length=1)


class AdminServer(Model):
    listen: Address


class Server(Model):
    webhook: WebhookServer
    admin: AdminServer
    control: Annotated[str, AfterValidator(_folder)] | None = None
    """Folder of the control socket `<name>.sock`; default: the first of $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR, /run/cutoverd."""


class Store(Model):
    url: Annotated[str, AfterValidator(_store_url)]
    """`sqlite://` and an absolute path; doubled slashes collapse, so `sqlite:////var/x` is `sqlite:///var/x`."""

    @property
    def path(self) -> str:
        return self.url.removeprefix("sqlite://")


class SipOptionsProbe(Model):
    kind: Literal["sip_options"]
    path: Literal["new", "baseline", "control"]
    target: SipTarget
    source: IpText | None = None
    """Local IP address to send from; default: what the route says."""
    every: Duration = 5 * S
    suspect_every: Duration | None = None
    timeout: Duration = 2 * S
    accept: list[StatusClass] = Field(default=["2xx"], min_length=1)
    """Statuses that PASS: a class ("2xx") or a number (404)."""


class Consecutive(Model):
    consecutive: Count = Field(default=5, ge=1, le=1000)


class Trip(Model):
    consecutive: Count = Field(default=3, ge=1, le=1000)
    codes: list[Annotated[Count, Field(ge=300, le=699)]] = Field(default=[503, 408], min_length=1)
    probes: list[Name] = Field(min_length=1)


class OnTrip(Model):
    run: Name
    confirm_for: DurationOrZero = 10 * S


class Gate(Model):
    trip: Trip
    compare_with: list[Name] = []
    recover: Consecutive = Consecutive()
    max_age: Duration | None = None
    """Default: 3 × every + timeout of the slowest probe."""
    on_trip: list[OnTrip] = []


class TsigKey(Model):
    name: DnsName
    algorithm: Literal["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"] = "hmac-sha256"
    secret: Secret


class Rfc2136(Model):
    server: RemoteAddress
    key: TsigKey
    timeout: Duration = 2 * S


class DnsProvider(Model):
    rfc2136: Rfc2136


class DnsRecord(Model):
    name: RecordName
    """Relative to the zone (`sip`), absolute (`sip.example.net.`) or `@`; within a step always absolute once loaded."""
    type: Literal["A", "AAAA"]
    values: list[str] | None = Field(default=None, min_length=1)
    """Asserts what the capture must find. The values restored come only from the baseline."""

    @field_validator("values")
    @classmethod
    def _canonical(cls, values: list[str] | None) -> list[str] | None:
        return None if values is None else [str(as_ip(value) or value) for value in values]


class DnsStep(Model):
    kind: Literal["dns"]
    id: Name = "dns"
    provider: DnsProvider
    zone: DnsName
    records: list[DnsRecord] = Field(min_length=1)
    authoritative: list[RemoteAddress] = []
    """Servers that must all answer the baseline before the step is done; default: the provider's server."""

    @field_validator("records")
    @classmethod
    def _absolute_names(cls, records: list[DnsRecord], info: ValidationInfo) -> list[DnsRecord]:
        zone = info.data.get("zone")
        if zone is None:
            return records
        return [record.model_copy(update={"name": absolute(record.name, zone)}) for record in records]


class ThenWait(Model):
    for_: DurationOrZero = Field(alias="for")
    reason: str = ""


class Stage(Model):
    name: Name
    steps: list[DnsStep] = Field(min_length=1)
    then_wait: ThenWait | None = None


class Plan(Model):
    stages: list[Stage] = Field(min_length=1)


class Settings(Model):
    name: Name
    cutover: Window
    server: Server
    store: Store
    probes: dict[Name, SipOptionsProbe] = Field(min_length=1)
    gates: dict[Name, Gate] = Field(min_length=1)
    plans: dict[Name, Plan] = {}
