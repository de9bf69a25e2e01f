"""Where a request of an API leads: never to another host than the API's. Pure."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}


def joined(base: str | None, url: str) -> str | None:
    """A path follows the base's own path; an absolute URL must have the base's scheme, host and port. Without a base only an
    absolute URL leads anywhere. None: it does not lead to the API."""
    if url.startswith("/"):
        return None if base is None or url.startswith("//") else base.rstrip("/") + url
    origin = _origin(url)
    if origin is None or (base is not None and origin != _origin(base)):
        return None
    return url


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts: SplitResult = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return None
    # A backslash is a path's beginning to some, and part of the host to others.
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or "\\" in url:
        return None
    return parts.scheme, host, _PORTS[parts.scheme] if port is None else port
