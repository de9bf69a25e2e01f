"""Why a datagram is not a SIP message: a closed set of reasons, fit for counting."""

from __future__ import annotations

from enum import StrEnum


class Malformation(StrEnum):
    TOO_LARGE = "too-large"
    EMPTY = "empty"
    NO_END = "no-end-of-headers"
    LINE_ENDING = "line-ending"
    START_LINE = "start-line"
    VERSION = "version"
    HEADER = "header"
    TOO_MANY_HEADERS = "too-many-headers"
    TOO_MANY_VALUES = "too-many-values"
    MISSING_HEADER = "missing-header"
    REPEATED_HEADER = "repeated-header"
    VIA = "via"
    FROM = "from"
    TO = "to"
    CALL_ID = "call-id"
    CSEQ = "cseq"
    CSEQ_METHOD = "cseq-method"
    MAX_FORWARDS = "max-forwards"
    CONTACT = "contact"
    RETRY_AFTER = "retry-after"
    EXPIRES = "expires"
    MIN_EXPIRES = "min-expires"
    CONTENT_LENGTH = "content-length"
    BODY_SHORT = "body-short"


class MalformedMessage(ValueError):
    """The peer's bytes are not a SIP message. `reason` is one of a closed set; the text says more."""

    def __init__(self, reason: Malformation, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
