"""What a registrar says it holds for an AOR, and how steadily (RFC 3261 §10.2.1, §10.3). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from probes.sample import Moment
from probes.sip.engine.target import Transport
from probes.sip.messages.headers import ANY_CONTACT, Address
from probes.sip.messages.message import Response
from probes.sip.messages.uri import host_text, parse_sip_uri


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


def unreadable(response: Response) -> int:
    """How many header lines of Contact nobody can read: each is a binding of somebody's."""
    return sum(name.lower() in ("contact", "m") for name, _ in response.headers)


def contact_differs(response: Response, contact: str) -> str:
    """How our `contact` is missing from what a registrar lists; empty where it is not."""
    if _ours(response, contact):
        return ""
    return "unreadable" if unreadable(response) else "rewritten" if bindings(response) else "not-listed"


def _ours(response: Response, contact: str) -> tuple[Binding, ...]:
    key = contact_key(contact)
    return tuple(binding for binding in bindings(response) if contact_key(binding.uri) == key)


def _user(uri: str) -> str:
    return contact_key(uri).rpartition("@")[0]


def granted_s(response: Response, contact: str, *, asked_s: int) -> int | None:
    """Seconds that our `contact` stays bound: its own parameter, the Expires header, or what was asked, in this order
    (RFC 3261 §10.2.4). None: the registrar accepted the request and does not hold us all the same.

    That is so only where every Contact it lists can be read and is somebody else's. Some list none and send an Expires; some,
    or an ALG on the way, list ours as they see it from outside: the only one with our user is ours then.
    """
    listed = _ours(response, contact)
    if not listed:
        listed = tuple(binding for binding in bindings(response) if _user(binding.uri) == _user(contact))
        if len(listed) != 1:
            listed = ()
    if listed:
        expires = listed[0].expires_s
    elif unreadable(response) or (not bindings(response) and response.expires is not None):
        expires = response.expires
    else:
        return None
    return (asked_s if expires is None else expires) or None


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
