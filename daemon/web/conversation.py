"""Whose call it is, as a request tells it: what decides whether a caller belongs to the share that is let in (`gates.admit`)."""

from __future__ import annotations

from daemon.web.ledger import fields
from daemon.web.query import Query
from gates import admit

FIELD = "conversationId"
LONGEST = 256
"""Characters of an id. What is longer is none: nobody is let in by what we would have to cut."""


def ticket(name: str, query: str, body: bytes) -> int | None:
    """`name` is the field, `query` what follows the question mark as sent. None where the request names no conversation, or two:
    one of them may be what a caller brought along in another field.
    """
    named = Query(query).all(name)
    if len(named) > 1:
        return None
    said = named.pop() if named else fields(body).get(name)
    if isinstance(said, bool) or not isinstance(said, str | int):
        return None
    conversation = str(said)
    return admit.ticket(conversation) if 0 < len(conversation) <= LONGEST else None
