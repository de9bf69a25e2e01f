"""What may be wrong with ourselves when an exchange fails."""

from __future__ import annotations

import errno
from enum import StrEnum


class Trouble(StrEnum):
    """Why we could not measure: never held against the target."""

    NO_ROUTE = "no-route"
    NO_SOURCE = "no-source-address"
    NO_SOCKET = "no-socket"
    NO_BUFFER = "no-buffer"
    FORBIDDEN = "forbidden"
    TOO_LONG = "too-long"
    SOCKET = "socket-error"
    TLS_FILES = "tls-files"
    OURSELVES = "own-answer"
    CLOSED = "closed"


_TROUBLES = {
    errno.ENETUNREACH: Trouble.NO_ROUTE,
    errno.EHOSTUNREACH: Trouble.NO_ROUTE,
    errno.ENETDOWN: Trouble.NO_ROUTE,
    errno.EINVAL: Trouble.NO_ROUTE,
    errno.EAFNOSUPPORT: Trouble.NO_ROUTE,
    errno.EADDRNOTAVAIL: Trouble.NO_SOURCE,
    errno.EMFILE: Trouble.NO_SOCKET,
    errno.ENFILE: Trouble.NO_SOCKET,
    errno.ENOMEM: Trouble.NO_BUFFER,
    errno.ENOBUFS: Trouble.NO_BUFFER,
    errno.EAGAIN: Trouble.NO_BUFFER,
    errno.EPERM: Trouble.FORBIDDEN,
    errno.EACCES: Trouble.FORBIDDEN,
    errno.EMSGSIZE: Trouble.TOO_LONG,
}


def trouble(fault: OSError) -> Trouble:
    """What a failed socket call of ours amounts to."""
    return _TROUBLES.get(fault.errno or 0, Trouble.SOCKET)


def errno_name(number: int) -> str:
    return errno.errorcode.get(number, str(number))
