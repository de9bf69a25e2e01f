"""Authorities and certificates for the TLS peers of one test, made by the openssl program as they are asked for."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.peers import need

_SERIAL = count()
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-sha256")
_LEAF = ("basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature")
_AUTHORITY = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign")
_DAYS = 2


@dataclass(frozen=True)
class Pair:
    """PEM files."""

    certificate: Path
    private_key: Path

    @property
    def not_after(self) -> int:
        """UTC seconds, as openssl reads it."""
        printed = run_openssl("x509", "-in", str(self.certificate), "-noout", "-enddate")
        return int(ssl.cert_time_to_seconds(printed.strip().removeprefix("notAfter=")))

    def server(self, *, ca: Path | None = None) -> ssl.SSLContext:
        """A server's context; one that demands a certificate by `ca`, if given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.private_key)
        if ca is not None:
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@dataclass(frozen=True)
class Authority:
    folder: Path
    pair: Pair

    @property
    def certificate(self) -> Path:
        return self.pair.certificate

    def issue(self, *names: str, common_name: str = "peer", days: int = _DAYS) -> Pair:
        """`names` as openssl spells alternative names: `DNS:sbc01`, `IP:127.0.0.1`, `URI:sip:example.com`.

        `days` 0 makes one that expires the moment it is made.
        """
        extensions = [*_LEAF, f"subjectAltName={','.join(names)}"] if names else [*_LEAF]
        return self._issue(common_name, extensions, days)

    def intermediate(self) -> Authority:
        return Authority(self.folder, self._issue("intermediate", [*_AUTHORITY], _DAYS))

    def _issue(self, common_name: str, extensions: list[str], days: int) -> Pair:
        made = _new(self.folder, common_name)
        request = made.certificate.with_suffix(".csr")
        run_openssl("req", "-new", *_wanted(made, common_name, extensions), "-out", str(request))
        run_openssl(
            *("x509", "-req", "-in", str(request), "-days", str(days), "-sha256", "-copy_extensions", "copy"),
            *("-CA", str(self.pair.certificate), "-CAkey", str(self.pair.private_key), "-out", str(made.certificate)),
        )
        return made


def authority(folder: Path) -> Authority:
    made = _new(folder, "authority")
    run_openssl("req", "-x509", *_wanted(made, "authority", [*_AUTHORITY]), "-days", str(_DAYS), "-out", str(made.certificate))
    return Authority(folder, made)


def _new(folder: Path, common_name: str) -> Pair:
    stem = f"{common_name}-{next(_SERIAL)}"
    return Pair(folder / f"{stem}.pem", folder / f"{stem}.key")


def _wanted(made: Pair, common_name: str, extensions: list[str]) -> list[str]:
    given = [part for extension in extensions for part in ("-addext", extension)]
    return [*_KEY, "-subj", f"/CN={common_name}", "-keyout", str(made.private_key), *given]


def run_openssl(*arguments: str) -> str:
    done = subprocess.run([need("openssl"), *arguments], capture_output=True, stdin=subprocess.DEVNULL, timeout=30, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
