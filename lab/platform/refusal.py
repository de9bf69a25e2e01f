"""An error of the platform's own form. Pure."""

from __future__ import annotations


class Refusal(Exception):
    """`code` is one that the vendor documents for the path; `retry_after_s` adds the header."""

    def __init__(self, status: int, code: str, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after_s = status, code, message, retry_after_s


def not_found(what: str) -> Refusal:
    return Refusal(404, "not.found", f"The requested resource was not found: {what}")
