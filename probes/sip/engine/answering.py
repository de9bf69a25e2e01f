"""What we say to requests that peers send us (RFC 3261 §8.2, §11.2): enough to be taken for alive, and nothing that costs.

An SBC asks its neighbours by OPTIONS too, and would mark us down if we kept silent. A call must never be drawn to a prober:
INVITE gets 480 at once.
"""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

from probes.sip.engine.target import Endpoint
from probes.sip.messages.headers import Via
from probes.sip.messages.message import Request, Response

Headers = tuple[tuple[str, str], ...]

ALLOWED = "OPTIONS"

_REASONS = {200: "OK", 405: "Method Not Allowed", 480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist"}
_STATUSES = {"OPTIONS": 200, "INVITE": 480, "BYE": 481, "CANCEL": 481, "PRACK": 481, "UPDATE": 481, "INFO": 481, "NOTIFY": 481}


class Answering:
    """Whoever asks is answered at most `per_second` times: more than neighbours need, too little to be a nuisance with."""

    def __init__(self, *, per_second: int = 2000) -> None:
        self._per_second = per_second
        self._second = 0
        self._left = per_second

    def answer(self, request: Request, source: Endpoint, *, now: int) -> Response | None:
        """The final response; none to ACK (RFC 3261 §17), and none beyond the limit."""
        if request.method == "ACK" or not self._may(now):
            return None
        status = _STATUSES.get(request.method, 405)
        return response_to(request, source, status, _REASONS[status], tag=_tag(request), headers=(("Allow", ALLOWED),))

    def _may(self, now: int) -> bool:
        second = now // 1_000_000_000
        if second != self._second:
            self._second, self._left = second, self._per_second
        self._left -= 1
        return self._left >= 0


def _tag(request: Request) -> str:
    """The same for a request that comes again: nothing is remembered of it (RFC 3261 §8.2.7)."""
    return f"{crc32(f'{request.call_id} {request.vias[0].branch}'.encode('utf-8', 'surrogateescape')):08x}"


def response_to(request: Request, source: Endpoint, status: int, reason: str, *, tag: str, headers: Headers = ()) -> Response:
    """A response with everything that is copied from its request (RFC 3261 §8.2.6)."""
    to = request.to
    if to.tag is None:
        to = replace(to, params=(*to.params, ("tag", tag)))
    return Response(
        status=status,
        reason=reason,
        vias=(marked(request.vias[0], source), *request.vias[1:]),
        from_=request.from_,
        to=to,
        call_id=request.call_id,
        cseq=request.cseq,
        headers=headers,
    )


def marked(via: Via, source: Endpoint) -> Via:
    """The topmost Via with where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4)."""
    host, port = source
    params = [("rport", str(port)) if name.lower() == "rport" else (name, value) for name, value in via.params]
    if via.host != host or via.wants_rport:
        params = [(name, value) for name, value in params if name.lower() != "received"]
        params.append(("received", host))
    return replace(via, params=tuple(params))


def reply_address(via: Via, source: Endpoint) -> Endpoint:
    """Where a response over UDP goes: back to the source port if the sender asked for that, else to sent-by's."""
    return source if via.wants_rport else (source[0], via.port or 5060)
