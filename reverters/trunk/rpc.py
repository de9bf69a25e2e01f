"""JSON-RPC 2.0 as Kamailio's `jsonrpcs` speaks it over HTTP, and what an answer means. Pure: values in, values out.

Kamailio gives an error twice: as the status of HTTP, with the message for its phrase, and as the `error` of the document. So
the document is read first, whatever the status; the status alone speaks when something before Kamailio has answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from probes.exchange.headers import Headers
from probes.exchange.limits_told import retry_after_ns
from probes.exchange.values import HttpRequest, HttpResponse, NoResponse, Reason
from reverters.step import Trouble

MOST_BODY = 4_000_000
"""A dispatcher list of some ten thousand destinations."""
MOST_SHOWN = 200
_HOPELESS = frozenset(
    {
        Reason.LOGIN_REJECTED, Reason.OUTSIDE, Reason.UNSENDABLE, Reason.BODY_TOO_LONG, Reason.TLS_UNTRUSTED, Reason.TLS_EXPIRED,
        Reason.TLS_WRONG_NAME,
    }
)  # fmt: skip
"""No answer, and asking again brings none either."""
_METHOD_NOT_FOUND = (-32601, "Method Not Found")
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Call:
    """One command to Kamailio. `params` in its order; numbers stay numbers, for `pl.set_pipe` takes nothing else."""

    method: str
    params: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.method, *map(str, self.params)))


@dataclass(frozen=True, slots=True)
class Answer:
    """`result` is as Kamailio wrote it, of any shape."""

    result: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """Kamailio's own error: the command was understood and not done, or not known."""

    message: str


def request(call: Call, *, path: str, id: int) -> HttpRequest:
    body = orjson.dumps({"jsonrpc": "2.0", "id": id, "method": call.method, "params": call.params})
    return HttpRequest("POST", path, Headers.of({"Content-Type": "application/json"}), body, MOST_BODY)


def judge(ended: HttpResponse | NoResponse, call: Call, *, where: str, id: int, now_utc_ns: int) -> Answer | Refused | Trouble:
    """What came of `call` at the API `where`. After a retryable trouble only a look tells whether the command was done."""
    if isinstance(ended, NoResponse):
        return _unanswered(ended, call, where)
    try:
        document = orjson.loads(ended.body)
    except ValueError:
        document = None
    if not _is_reply(document):
        return _foreign(ended, call, where, now_utc_ns)
    if document["id"] != id:
        return Trouble(True, "malformed", f"{where} answered {call} with the answer to another request")
    if "error" not in document:
        return Answer(document["result"])
    code, message = document["error"].get("code"), shown(str(document["error"].get("message", "")))
    if code == _METHOD_NOT_FOUND[0] or message == _METHOD_NOT_FOUND[1]:
        detail = f"{where} has no command {call.method}: load its module in kamailio.cfg, and let jsonrpcs run it"
        return Trouble(False, "no-command", detail)
    return Refused(message)


def refusal(refused: Refused, call: Call, where: str) -> Trouble:
    """A refusal that nothing else explains. Kamailio refuses while it reloads, too: a look and another try may help."""
    return Trouble(True, "refused", f"{where} refused {call}: {refused.message}")


def shown(text: str) -> str:
    """Somebody else's words, bounded and on one line."""
    plain = "".join(each if each.isprintable() else " " for each in text[:MOST_SHOWN])
    return plain.strip() or "without a word"


def _is_reply(document: Any) -> bool:
    if not isinstance(document, dict) or "id" not in document:
        return False
    return isinstance(document["error"], dict) if "error" in document else "result" in document


def _unanswered(ended: NoResponse, call: Call, where: str) -> Trouble:
    unknown = "; whether it was done is unknown" if ended.is_sent else ""
    why = f"{ended.reason}: {ended.detail}" if ended.detail else ended.reason
    return Trouble(ended.reason not in _HOPELESS, str(ended.reason), f"{where} did not answer {call} ({why}){unknown}")


def _foreign(response: HttpResponse, call: Call, where: str, now_utc_ns: int) -> Trouble:
    """The answer of something that is not Kamailio's JSON-RPC: a proxy, a login, another path."""
    status = response.status
    detail = f"{where} answered {call} with {status} {shown(response.reason)}, and not with JSON-RPC"
    if status == 200:
        return Trouble(True, "malformed", detail)
    wait = retry_after_ns(response.headers, now_utc_ns=now_utc_ns)
    return Trouble(status in _PASSING, f"http-{status}", detail, wait)
