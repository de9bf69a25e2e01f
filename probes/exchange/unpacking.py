"""Bodies that come packed (RFC 9110 §8.4), unpacked piece by piece and never beyond a bound. Pure."""

from __future__ import annotations

import zlib

ACCEPTED = "gzip, deflate"
MOST_LAYERS = 2


class Unreadable(Exception):
    """The body is not what its header says."""


class TooLong(Exception):
    """More than was to be read, packed or unpacked."""


class Body:
    """`feed` what arrives, then take `content`. Raises TooLong and Unreadable."""

    def __init__(self, encodings: str, most: int) -> None:
        named = [each for part in encodings.split(",") if (each := part.strip().lower()) not in ("", "identity")]
        if len(named) > MOST_LAYERS:
            raise Unreadable("packed too many times")
        self._layers = [_Layer(name, most) for name in reversed(named)]
        self._most = most
        self._arrived = 0
        self._content = bytearray()

    def feed(self, data: bytes) -> None:
        self._arrived += len(data)
        if self._arrived > self._most:
            raise TooLong
        for layer in self._layers:
            data = layer.feed(data)
        if len(self._content) + len(data) > self._most:
            raise TooLong
        self._content += data

    def end(self) -> bytes:
        if self._arrived and not all(layer.is_complete for layer in self._layers):
            raise Unreadable("the packed body is cut short")
        return bytes(self._content)


class _Layer:
    def __init__(self, name: str, most: int) -> None:
        if name not in ("gzip", "x-gzip", "deflate"):
            raise Unreadable("packed in a way that was not asked for")
        self._is_deflate = name == "deflate"
        self._most = most
        self._unpack = zlib.decompressobj(wbits=47)  # gzip or zlib, by its head
        self._has_begun = False
        self._made = 0

    @property
    def is_complete(self) -> bool:
        return self._unpack.eof

    def feed(self, data: bytes) -> bytes:
        if not data:
            return b""
        if self._unpack.eof:
            raise Unreadable("something follows the packed body")
        try:
            made = self._unpack.decompress(data, self._most - self._made + 1)
        except zlib.error:
            made = self._without_head(data)
        self._has_begun = True
        self._made += len(made)
        if self._made > self._most:
            raise TooLong
        return made

    def _without_head(self, data: bytes) -> bytes:
        """Some servers send `deflate` without the head of zlib."""
        if self._has_begun or not self._is_deflate:
            raise Unreadable("the packed body is damaged") from None
        self._unpack = zlib.decompressobj(wbits=-15)
        try:
            return self._unpack.decompress(data, self._most + 1)
        except zlib.error:
            raise Unreadable("the packed body is damaged") from None
