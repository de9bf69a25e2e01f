"""Whether the files that connections over TLS need are there, and are what they should be."""

from __future__ import annotations

from collections.abc import Iterator

from config.finding import Finding
from config.model import Settings
from config.probing import HttpProbe, SipOptionsProbe, SipRegisterProbe, Tls


def unusable_files(settings: Settings) -> Iterator[Finding]:
    """Reads the files of each probe as its connections would. At most one finding for authorities, and one for our own."""
    for name, probe in settings.probes.items():
        if isinstance(probe, SipOptionsProbe | SipRegisterProbe | HttpProbe) and probe.tls is not None:
            yield from (Finding(("probes", name, "tls", key), message) for key, message in _judged(probe.tls))


def _judged(tls: Tls) -> Iterator[tuple[str, str]]:
    # Half a megabyte of OpenSSL that a check without secrets has no use for.
    from probes.sip.engine.target import TlsSettings
    from probes.sip.engine.tls import Contexts, UnusableTls

    asked = []
    if tls.ca is not None:
        asked.append(({"ca": tls.ca}, TlsSettings("", ca=tls.ca)))
    if tls.certificate is not None and tls.private_key is not None:
        files = {"certificate": tls.certificate, "private_key": tls.private_key}
        asked.append((files, TlsSettings("", certificate=tls.certificate, private_key=tls.private_key)))
    for files, settings in asked:
        try:
            Contexts().get(settings)
        except UnusableTls as unusable:
            # The sentence begins with the path of the file that it is about.
            blamed = [key for key, path in files.items() if str(unusable).startswith(f"{path}: ")]
            yield blamed[0] if blamed else next(iter(files)), f"TLS cannot use it: {unusable}"
