"""What a registrar says it holds for an AOR, and how steadily (RFC 3261 §10.2.1, §10.3). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from probes.sample import Moment
from probes.sip.headers import ANY_CONTACT, Address
from probes.sip.message import Response
from probes.sip.target import Transport
from probes.sip.uri import host_text, parse_sip_uri


@dataclass(frozen=True, slots=True)
class Binding:
    """One Contact of a 200 to REGISTER. `expires_s` is what is left of it, None where the registrar does not say; `q` 0 to 1."""

    uri: str
    expires_s: int | None
    q: float | None = None

    @property
    def host(self) -> str:
        """Lower case; empty where the URI is not SIP."""
        try:
            return parse_sip_uri(self.uri).host.lower()
        except ValueError:
            return ""


def bindings(response: Response) -> tuple[Binding, ...]:
    return tuple(_binding(contact, response) for contact in response.contacts if contact != ANY_CONTACT)


def _binding(contact: Address, response: Response) -> Binding:
    return Binding(contact.uri, response.expires if contact.expires is None else contact.expires, contact.q)


def contact_key(uri: str) -> str:
    """Equal for URIs that lead to the same place: user, host without case, port. Parameters are left out, for registrars
    add, drop and reorder them."""
    try:
        parsed = parse_sip_uri(uri)
    except ValueError:
        return uri
    default = Transport.TLS.default_port if parsed.scheme == "sips" or parsed.transport == "tls" else Transport.UDP.default_port
    return f"{parsed.user or ''}@{host_text(parsed.host.lower(), parsed.port or default)}"


def granted_s(response: Response, contact: str, *, asked_s: int) -> int | None:
    """Seconds that our `contact` stays bound: its own parameter, the Expires header, or what was asked, in this order
    (RFC 3261 §10.2.4). None: the registrar accepted the request and does not hold us all the same."""
    key = contact_key(contact)
    for binding in bindings(response):
        if contact_key(binding.uri) == key:
            expires = asked_s if binding.expires_s is None else binding.expires_s
            return expires or None
    return None


class BindingWatch:
    """How steady the bindings of an AOR are, seen from outside.

    `flaps` counts how often a binding went away or became another; `stable_since` is when the present ones were first seen,
    None while there are none.
    """

    __slots__ = ("_known", "flaps", "stable_since")

    def __init__(self) -> None:
        self._known: frozenset[str] | None = None
        self.flaps = 0
        self.stable_since: Moment | None = None

    def see(self, seen: tuple[Binding, ...], *, now: Moment) -> None:
        found = frozenset(contact_key(binding.uri) for binding in seen)
        if found == self._known:
            return
        # One more beside those that stay is a second device and not a flap.
        if self._known and not self._known <= found:
            self.flaps += 1
        if self._known is None or not (self._known and self._known < found):
            self.stable_since = now if found else None
        self._known = found
