"""Whether an answer says just what the last one said: then it need not be read from scratch.

A peer answers OPTIONS in the same words every time, but for four identifiers: branch, From tag and Call-ID, which hold the one
`unique` of the request (`engine.series`), and the tag in To, which the peer chooses. So what is remembered of the last answer
is the text between them, and what it was read as.

Why the outcome is what `parse` would give. `data` can be put together again out of its pieces: equal pieces mean that two
answers differ in the unique and the To tag alone. What was learned held the unique three times, and as three values: then no
other value depends on it. It held no body, so the line that begins with To and ends in the tag was the To header. And what
stands in the four places now is of the same kind, hexadecimal digits or a token, which is read without a second look there.
Whatever is not so is not learned, or not alike, and is left to `parse`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from probes.sip.engine.trace import may_hold_credentials
from probes.sip.messages.headers import Address, Via
from probes.sip.messages.message import Response
from probes.sip.messages.syntax import Params, parameter

MAGIC = "z9hG4bK"
"""What every branch begins with (RFC 3261 §8.1.1.7)."""
MOST = 4_096
"""Bytes: longer answers are always read from scratch."""

LONGEST_SHARED = 400
_seen = lru_cache(maxsize=10_000)(bytes)

_TO_TAG = re.compile(rb"\r\n(?:To|t)[ \t]*:[^\r\n]*;tag=", re.IGNORECASE)
_TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~"


class _Learned:
    """An answer in pieces, and as it was read; of each list of parameters, what stands before and after the one that changes."""

    __slots__ = (*("after", "before", "call_id_rest", "from_params", "is_public", "mark", "response", "to_params", "via_params"),)

    def __init__(self, response: Response, unique: str, mark: bytes, before: list[bytes], after: list[bytes]) -> None:
        self.response, self.mark, self.before, self.after = response, mark, one_copy(before), one_copy(after)
        self.via_params = _around(response.vias[0].params, "branch")
        self.from_params = _around(response.from_.params, "tag")
        self.to_params = _around(response.to.params, "tag")
        self.call_id_rest = response.call_id.removeprefix(unique)
        self.is_public = not any(may_hold_credentials(piece) for piece in (*before, mark, *after))

    def having(self, unique: str, to_tag: str) -> Response:
        said = self.response
        via, from_, to = said.vias[0], said.from_, said.to
        before_branch, branch, after_branch = self.via_params
        before_tag, tag, after_tag = self.from_params
        before_to_tag, to_tag_name, after_to_tag = self.to_params
        via_params = (*before_branch, (branch, MAGIC + unique), *after_branch)
        return Response(
            status=said.status,
            reason=said.reason,
            vias=(Via(via.transport, via.host, via.port, via_params),),
            from_=Address(from_.display, from_.uri, (*before_tag, (tag, unique), *after_tag)),
            to=Address(to.display, to.uri, (*before_to_tag, (to_tag_name, to_tag), *after_to_tag)),
            call_id=unique + self.call_id_rest,
            cseq=said.cseq,
            max_forwards=said.max_forwards,
            contacts=said.contacts,
            expires=said.expires,
            min_expires=said.min_expires,
            retry_after=said.retry_after,
            headers=said.headers,
        )


class Likeness:
    """The last answer to one series of requests. `unique` is the identifier of the request that is being answered."""

    __slots__ = ("_learned",)

    def __init__(self) -> None:
        self._learned: _Learned | None = None

    @property
    def is_public(self) -> bool:
        """Whether the last answer held nothing that people may not see."""
        return self._learned is not None and self._learned.is_public

    def read(self, data: bytes, unique: bytes) -> Response | None:
        """What `parse` makes of `data`; None where `parse` must be asked."""
        learned = self._learned
        if learned is None or len(data) > MOST:
            return None
        before, _, rest = data.partition(learned.mark)
        to_tag, _, after = rest.partition(b"\r\n")
        if before.split(unique) != learned.before or after.split(unique) != learned.after or not _is_token(to_tag):
            return None
        return learned.having(unique.decode(), to_tag.decode())

    def learn(self, data: bytes, unique: bytes, response: Response) -> None:
        """`response` is what `parse` made of `data`, and an answer to the request with this identifier."""
        self._learned = None
        found = _TO_TAG.search(data)
        if found is None or len(data) > MOST or data.find(b"\r\n\r\n") != len(data) - 4:
            return
        to_tag, _, after = data[found.end() :].partition(b"\r\n")
        befores, afters = data[: found.start()].split(unique), after.split(unique)
        has_three = len(befores) + len(afters) == 5
        if has_three and _is_token(to_tag) and response.to.tag == to_tag.decode() and _holds(response, unique.decode()):
            self._learned = _Learned(response, unique.decode(), found[0], befores, afters)


def one_copy(pieces: list[bytes]) -> list[bytes]:
    """The same pieces; what many targets have in common is held, and found in the processor's caches, once."""
    return [_seen(piece) if len(piece) <= LONGEST_SHARED else piece for piece in pieces]


def _is_token(text: bytes) -> bool:
    return text != b"" and not text.translate(None, _TOKEN)


def _holds(response: Response, unique: str) -> bool:
    """The identifier as three values, each by itself."""
    branches = [parameter(via.params, "branch") for via in response.vias]
    return branches == [MAGIC + unique] and response.from_.tag == unique and response.call_id.startswith(unique)


def _around(params: Params, wanted: str) -> tuple[Params, str, Params]:
    at = next(at for at, (name, _) in enumerate(params) if name.lower() == wanted)
    return params[:at], params[at][0], params[at + 1 :]
