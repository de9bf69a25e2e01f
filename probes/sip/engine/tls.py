"""TLS without a socket: contexts out of `TlsSettings`, and one session as bytes in and bytes out.

Why not the loop's own TLS: on uvloop and asyncio it fails in different ways, and says less of what failed.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Any

from probes.sip.engine.certificate_names import is_for, whom
from probes.sip.engine.exchanged import Break
from probes.sip.engine.flow_end import FlowEnd
from probes.sip.engine.target import TlsSettings, TlsVersion

_VERSIONS = {TlsVersion.V1_2: ssl.TLSVersion.TLSv1_2, TlsVersion.V1_3: ssl.TLSVersion.TLSv1_3}
_READ = 1 << 16
_MOST_CONTEXTS = 64

Stamp = tuple[int, int, int]
"""What changes when a file is written or replaced."""
Files = tuple[str | None, str | None, str | None, TlsVersion]


class UnusableTls(Exception):
    """A file of ours that TLS needs is missing, unreadable or not what it should be; the text names it and quotes nothing."""


class Contexts:
    """One context for each set of files, read again when one of them changes. Server names share them."""

    def __init__(self) -> None:
        self._known: dict[Files, tuple[list[Stamp], ssl.SSLContext]] = {}

    def get(self, settings: TlsSettings) -> ssl.SSLContext:
        """Raises UnusableTls."""
        files = (settings.ca, settings.certificate, settings.private_key, settings.minimum_version)
        stamps = [_stamp(path) for path in files[:3] if path is not None]
        known = self._known.get(files)
        if known is not None and known[0] == stamps:
            return known[1]
        self._known.pop(files, None)
        context = _load(settings)
        if len(self._known) >= _MOST_CONTEXTS:
            del self._known[next(iter(self._known))]
        self._known[files] = stamps, context
        return context


CONTEXTS = Contexts()
"""For the whole process: it holds what files hold, and nothing of any connection."""


def _stamp(path: str) -> Stamp:
    try:
        found = Path(path).stat()
        if not S_ISREG(found.st_mode):  # opening a pipe might last for ever
            raise UnusableTls(f"{path}: not a file")
        with Path(path).open("rb"):
            pass
    except OSError as fault:
        raise UnusableTls(f"{path}: {fault.strerror}") from None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _load(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # `is_for` does
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = _VERSIONS[settings.minimum_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    if settings.ca is None:
        context.load_default_certs()
    else:
        _load_authorities(context, settings.ca)
        # Whoever is named in that file is believed, be it an intermediate authority.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if settings.certificate is not None:
        _load_own(context, settings.certificate, settings.private_key)
    return context


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ValueError):
        raise UnusableTls(f"{path}: no certificates in PEM form") from None


def _load_own(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    """A passphrase is never asked for: it would be asked of a terminal, and stop the loop."""
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as fault:
        if getattr(fault, "reason", None) == "KEY_VALUES_MISMATCH":
            raise UnusableTls(f"{key or certificate}: not the private key of {certificate}") from None
        _load_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate)
        raise UnusableTls(f"{key or certificate}: no private key in PEM form, or one with a passphrase") from None


# One session


class TlsSession:
    """The client's side of one TLS connection. After each call `take_outgoing()` has what is to be sent.

    `end` is set, and stays, once the session is over, with the reason; what came before was handed over.
    """

    def __init__(self, settings: TlsSettings, context: ssl.SSLContext) -> None:
        """Raises UnusableTls where the server's name cannot be one."""
        self._name = settings.server_name
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=self._name.rstrip("."))
        except (ValueError, TypeError):
            raise UnusableTls(f"{self._name!r} cannot be the name of a server") from None
        self.is_open = False
        self.end: FlowEnd | None = None
        self.certificate_not_after: int | None = None
        """UTC seconds: when the peer's certificate expires."""
        self._has_heard = False

    def start(self) -> None:
        self._shake_hands()

    def receive(self, data: bytes) -> bytes:
        """What the peer sent on the wire; returns what it said."""
        self._incoming.write(data)
        if not self.is_open and self.end is None:
            self._shake_hands()
        said = bytearray()
        while self.is_open and self.end is None:
            try:
                part = self._tls.read(_READ)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError as fault:
                self.end = self._failure(fault)
                break
            if not part:
                self.end = FlowEnd(Break.CLOSED)
            said += part
        self._has_heard = self._has_heard or bool(said)
        return bytes(said)

    def receive_end(self) -> FlowEnd:
        """The peer closed the connection beneath."""
        if self.end is None:
            how = Break.CLOSED if self.is_open else Break.HANDSHAKE
            self.end = FlowEnd(how, "without a word of TLS" if self.is_open else "closed by the peer")
        return self.end

    def send(self, data: bytes) -> None:
        if self.end is None:
            try:
                self._tls.write(data)
            except ssl.SSLError as fault:
                self.end = self._failure(fault)

    def close(self) -> None:
        """Say so to the peer, and wait for no answer."""
        if self.is_open and self.end is None:
            with suppress(ssl.SSLError):
                self._tls.unwrap()

    def take_outgoing(self) -> bytes:
        return self._outgoing.read()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLCertVerificationError as fault:
            self.end = FlowEnd(Break.CERTIFICATE, fault.verify_message)
            return
        except ssl.SSLError as fault:
            self.end = self._failure(fault)
            return
        certificate: dict[str, Any] = self._tls.getpeercert() or {}
        if not is_for(certificate, self._name):
            self.end = FlowEnd(Break.CERTIFICATE, f"for {whom(certificate)} and not for {self._name}")
            return
        self.certificate_not_after = int(ssl.cert_time_to_seconds(certificate["notAfter"]))
        self.is_open = True

    def _failure(self, fault: ssl.SSLError) -> FlowEnd:
        """With TLS 1.3 the peer judges our certificate when for us the handshake is over: its alert is the first we hear."""
        reason = (fault.reason or type(fault).__name__).lower().replace("_", " ")
        if not self.is_open or ("alert" in reason and not self._has_heard):
            return FlowEnd(Break.HANDSHAKE, reason)
        return FlowEnd(Break.RESET if "alert" in reason else Break.GARBAGE, reason)
