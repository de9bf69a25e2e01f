"""The file format, field by field. Durations are nanoseconds once loaded, ratios are floats in 0…1.

Every model is frozen and refuses unknown keys. What can only be judged across fields lives in `config.cross`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from config.secrets import Secret
from config.units import Address, Duration, DnsName, SipTarget, StatusClass

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]

S = 1_000_000_000
MS = 1_000_000


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Window(Model):
    """The cutover night: arming is possible between `opens` and `closes`."""

    opens: AwareDatetime
    closes: AwareDatetime
    recovery_time_objective: Duration = 600 * S


class Key(Model):
    name: Name
    secret: Secret


class WebhookServer(Model):
    listen: Address
    keys: list[Key] = Field(min_length=1)


class AdminServer(Model):
    listen: Address


class Server(Model):
    webhook: WebhookServer
    admin: AdminServer
    control: str | None = None
    """Folder of the control socket `<name>.sock`; default: the first of $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR, /run/cutoverd."""


class Store(Model):
    url: str = Field(pattern=r"^sqlite:///.+")


class SipOptionsProbe(Model):
    kind: Literal["sip_options"]
    path: Literal["new", "baseline", "control"]
    target: SipTarget
    source: str | None = None
    """Local IP address to send from; default: what the route says."""
    every: Duration = 5 * S
    suspect_every: Duration | None = None
    timeout: Duration = 2 * S
    accept: list[StatusClass] = Field(default=["2xx"], min_length=1)
    """Statuses that PASS: a class ("2xx") or a number (404)."""


class Consecutive(Model):
    consecutive: int = Field(default=5, ge=1, le=1000)


class Trip(Model):
    consecutive: int = Field(default=3, ge=1, le=1000)
    codes: list[Annotated[int, Field(ge=300, le=699)]] = Field(default=[503, 408], min_length=1)
    probes: list[Name] = Field(min_length=1)


class OnTrip(Model):
    run: Name
    confirm_for: Duration = 10 * S


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
    server: Address
    key: TsigKey
    timeout: Duration = 2 * S


class DnsProvider(Model):
    rfc2136: Rfc2136


class DnsRecord(Model):
    name: str = Field(min_length=1, max_length=253)
    type: Literal["A", "AAAA"]
    values: list[str] | None = None
    """Asserts what the capture must find. The values restored come only from the baseline."""


class DnsStep(Model):
    kind: Literal["dns"]
    id: Name = "dns"
    provider: DnsProvider
    zone: DnsName
    records: list[DnsRecord] = Field(min_length=1)
    authoritative: list[Address] = []
    """Servers that must all answer the baseline before the step is done; default: the provider's server."""


class ThenWait(Model):
    for_: Duration = Field(alias="for")
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
