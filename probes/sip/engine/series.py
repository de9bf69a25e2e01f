"""Requests that differ in nothing but one identifier, which stands in branch, From tag and Call-ID.

RFC 3261 §8.1.1 wants each of the three unique, and the tag and the Call-ID hard to guess; nothing wants them to differ from one
another. One identifier for all three is drawn once, written at once, and found in an answer by one search. It is as long as two
would be, so that a stranger has as much to guess.
"""

from __future__ import annotations

from probes.sip.engine.likeness import MAGIC, Likeness, one_copy
from probes.sip.engine.outgoing import Outgoing
from probes.sip.messages.message import Request, UnsafeMessage
from probes.sip.messages.template import Template

BITS = 192
BRANCH_LENGTH = len(MAGIC) + BITS // 4
_GAP = b"-place-of-an-identifier-"


class Series:
    """`request` gives everything but the identifiers; `host` is what follows them in Call-ID.

    Raises UnsafeMessage where `Template` would.
    """

    __slots__ = ("_after_call_id", "_cseq", "_likeness", "_pieces")

    def __init__(self, request: Request, host: str) -> None:
        gap = _GAP.decode()
        data = Template(request).render(branch=MAGIC + gap, tag=gap, call_id=f"{gap}@{host}", number=request.cseq.number)
        self._pieces = one_copy(data.split(_GAP))
        if len(self._pieces) != 4:
            raise UnsafeMessage("an identifier where none belongs")
        self._after_call_id = f"@{host}"
        self._cseq = request.cseq
        self._likeness = Likeness()

    def request(self, bits: int) -> Outgoing:
        """The one with these random bits, `BITS` of them."""
        unique = b"%048x" % bits
        text = unique.decode()
        data = unique.join(self._pieces)
        return Outgoing(data, MAGIC + text, text + self._after_call_id, self._cseq, unique, self._likeness)
