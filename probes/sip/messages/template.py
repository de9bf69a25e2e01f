"""A request that is sent many times: written once, filled in for each sending.

Most of an OPTIONS or a REGISTER stays the same from one sending to the next, and most of the cost of sending is writing it
down. What varies is what RFC 3261 §8.1.1 wants new: branch, From tag, Call-ID and the number of CSeq. The local endpoint
stands in several places and seldom changes: a request from another one needs a template of its own.
"""

from __future__ import annotations

from dataclasses import replace

from probes.sip.messages.headers import CSeq, parse_call_id
from probes.sip.messages.message import Request, UnsafeMessage, serialise
from probes.sip.messages.syntax import MAX_UINT32, Params, is_plain, is_token

_GAP = "\0"


class Template:
    """`request` gives everything but branch, From tag, Call-ID and CSeq number; what it has of those is not looked at.

    Raises UnsafeMessage where `serialise` would, and where a value holds a NUL.
    """

    __slots__ = ("_after_branch", "_after_number", "_after_tag", "_before", "method")

    def __init__(self, request: Request) -> None:
        self.method = request.method
        topmost, *others = request.vias
        gaps = replace(
            request,
            vias=(replace(topmost, params=_with_gap(topmost.params, "branch")), *others),
            from_=replace(request.from_, params=_with_gap(request.from_.params, "tag")),
            call_id=_GAP,
            cseq=CSeq(0, request.method),
        )
        head, end, body = serialise(gaps).partition(b"\r\n\r\n")
        pieces = head.split(_GAP.encode())
        if len(pieces) != 4:
            raise UnsafeMessage("a NUL within a header")
        self._before, self._after_branch, self._after_tag, rest = pieces
        self._after_number = rest.removeprefix(b"\r\nCSeq: 0") + end + body

    def render(self, *, branch: str, tag: str, call_id: str, number: int = 1) -> bytes:
        """What `serialise` makes of the same request with these values. Raises UnsafeMessage where one does not fit its place."""
        if not (is_plain(branch) or is_token(branch)) or not (is_plain(tag) or is_token(tag)):
            raise UnsafeMessage("a branch and a tag are tokens")
        if not 0 <= number <= MAX_UINT32:
            raise UnsafeMessage("a CSeq number has 32 bits")
        try:
            parse_call_id(call_id)
        except ValueError as fault:
            raise UnsafeMessage(str(fault)) from fault
        return b"%b%b%b%b%b%b\r\nCSeq: %d%b" % (
            self._before,
            branch.encode(),
            self._after_branch,
            tag.encode(),
            self._after_tag,
            call_id.encode(),
            number,
            self._after_number,
        )


def _with_gap(params: Params, name: str) -> Params:
    """The same parameters, a gap for the value of `name`: where it stood, or else last."""
    if any(key.lower() == name for key, _ in params):
        return tuple((key, _GAP if key.lower() == name else value) for key, value in params)
    return (*params, (name, _GAP))
