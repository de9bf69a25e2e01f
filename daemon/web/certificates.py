"""The webhook's own certificate: loaded at start, and again whenever its files change, without a restart.

Connections keep what they were made with; the next one gets the newest that works. A new certificate that cannot be used
changes nothing: the old one stays, it is said once, and `is_current` is False until the files are sound.
"""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from config.secrets import SecretUnavailable
from daemon.web.not_after import not_after

logger = logging.getLogger("cutoverd.web")

Stamp = tuple[int, int, int] | None
"""What changes when a file is written or replaced; None while it is not there."""

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class UnusableCertificate(SecretUnavailable):
    """A file that TLS needs is missing, unreadable or not what it should be; the text names it and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Files:
    certificate: str
    private_key: str
    client_ca: str | None = None
    minimum_version: str = "1.2"

    def paths(self) -> tuple[str, ...]:
        return tuple(path for path in (self.certificate, self.private_key, self.client_ca) if path is not None)


class Certificates:
    def __init__(self, files: Files) -> None:
        """Raises UnusableCertificate."""
        self._files = files
        self._stamps = _stamps(files)
        self.context = _context(files)
        """For the next connection."""
        self.ends = _ends(files)
        """When the one in use ends, in UTC seconds; None where that cannot be read."""
        self.is_current = True

    def look(self) -> None:
        """Call it now and then: a few `stat`s while nothing changes."""
        stamps = _stamps(self._files)
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self.context = _context(self._files)
        except UnusableCertificate as fault:
            if self.is_current:
                logger.error("the webhook's new certificate cannot be used, the old one stays: %s", fault)
            self.is_current = False
            return
        self.ends = _ends(self._files)
        self.is_current = True
        logger.info("the webhook's certificate was loaded again from %s", self._files.certificate)


def _stamps(files: Files) -> tuple[Stamp, ...]:
    return tuple(_stamp(path) for path in files.paths())


def _stamp(path: str) -> Stamp:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _context(files: Files) -> ssl.SSLContext:
    for path in files.paths():
        _readable(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[files.minimum_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    _load_own(context, files)
    if files.client_ca is not None:
        _load_authorities(context, files.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _ends(files: Files) -> int | None:
    try:
        return not_after(Path(files.certificate).read_text("ascii", "replace"))
    except OSError as fault:
        logger.warning("%s: when the certificate ends cannot be read: %s", files.certificate, fault.strerror)
        return None


def _readable(path: str) -> None:
    try:
        if not S_ISREG(Path(path).stat().st_mode):  # opening a pipe might last for ever
            raise UnusableCertificate(f"{path}: not a file")
        with Path(path).open("rb"):
            return
    except OSError as fault:
        raise UnusableCertificate(f"{path}: {fault.strerror}") from None


def _load_own(context: ssl.SSLContext, files: Files) -> None:
    """A passphrase is never asked for: it would be asked of a terminal, and stop the loop."""
    try:
        context.load_cert_chain(files.certificate, files.private_key, password=lambda: "")
    except (OSError, ValueError) as fault:
        if getattr(fault, "reason", None) == "KEY_VALUES_MISMATCH":
            raise UnusableCertificate(f"{files.private_key}: not the private key of {files.certificate}") from None
        _load_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), files.certificate)
        raise UnusableCertificate(f"{files.private_key}: no private key in PEM form, or one with a passphrase") from None


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ValueError):
        raise UnusableCertificate(f"{path}: no certificates in PEM form") from None
