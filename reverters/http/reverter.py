"""The `http` step: any object of any API, by its definition."""

from __future__ import annotations

from collections.abc import Callable

from config.steps import HttpStep, Send
from probes.exchange.api import Api
from probes.exchange.document import MISSING, at
from reverters.http import definition, places, redacting
from reverters.http.judging import Meaning, Verdict, wants_current
from reverters.http.polling import poll, settled
from reverters.http.proving import prove
from reverters.http.talking import Found, Pace, Talk
from reverters.plan import Document, Step
from reverters.step import Applied, Conflict, Inspection, Trouble, Verification

JOB = "job"


class HttpReverter:
    """`spec` is a `config.steps.HttpStep` as JSON. The state is an object with what stands at the capture's `keep`, each at its
    place; `live` is {"kept": that, "document": the whole, redacted and bounded}.

    `api` gives the API of a name and raises KeyError where there is none any more.
    """

    def __init__(self, api: Callable[[str], Api], *, pace: Pace | None = None) -> None:
        self._api = api
        self._pace = pace or Pace()

    async def capture(self, spec: Document) -> Document | Trouble:
        """What is kept now. Refused where it would hold a secret, or lacks what the definition writes from it."""
        talk = self._talk(spec, {})
        if isinstance(talk, Trouble):
            return talk
        found = await talk.read()
        if isinstance(found, Trouble):
            return found
        return _unfit(talk.step, found.kept) or found.kept

    async def inspect(self, step: Step) -> Inspection | Trouble:
        talk = self._talk(step.spec, step.wanted)
        if isinstance(talk, Trouble):
            return talk
        lacking = _lacking(talk.step, step.wanted)
        if lacking is not None:
            return lacking
        found = await settled(talk, self._pace)
        if isinstance(found, Trouble):
            return found
        differing = _differing(talk.step, found, step.wanted)
        detail = f"differs at {', '.join(differing)}" if differing else "is as in the baseline"
        live = {"kept": found.kept, "document": redacting.bounded(found.document)}
        return Inspection(not differing, live, f"{step.target} {detail}", may_repeat=not _has_job(talk.step))

    async def apply(self, step: Step, live: Document) -> Applied | Conflict | Trouble:
        """Each request once, in order; then waits until the platform says that it is over, where it does."""
        talk = self._talk(step.spec, step.wanted)
        if isinstance(talk, Trouble):
            return talk
        for index, send in enumerate(talk.step.revert):
            if wants_current(send):
                stale = await self._afresh(talk, live if index == 0 else None)
                if stale is not None:
                    return stale
            verdict = await talk.send(send)
            if verdict.meaning is not Meaning.DONE:
                return await self._not_done(talk, step, send, verdict)
        if talk.step.poll is not None:
            trouble = await poll(talk, talk.step.poll, self._pace, is_job=_has_job(talk.step))
            if trouble is not None:
                return trouble
        return Applied(f"{step.target}: accepted", talk.facts)

    async def verify(self, step: Step) -> Verification | Trouble:
        """Holds when so many readings in a row are as in the baseline."""
        talk = self._talk(step.spec, step.wanted)
        return talk if isinstance(talk, Trouble) else await prove(talk, step, self._pace)

    def _talk(self, spec: Document, wanted: Document) -> Talk | Trouble:
        step = definition.read(spec)
        try:
            return Talk(self._api(step.api), step, wanted)
        except KeyError:
            return Trouble(False, "noapi", f"the configuration has no api {step.api}: nothing was asked")

    async def _afresh(self, talk: Talk, live: Document | None) -> Conflict | Trouble | None:
        """The document that the request is made of. It must still be what was inspected, before the first change."""
        found = await talk.read()
        if isinstance(found, Trouble):
            return found
        differing = [] if live is None else _differing(talk.step, found, live["kept"])
        return Conflict(f"changed since it was inspected, at {', '.join(differing)}", talk.facts) if differing else None

    async def _not_done(self, talk: Talk, step: Step, send: Send, verdict: Verdict) -> Applied | Conflict | Trouble:
        where = f"{send.method} {send.path}"
        if verdict.meaning is Meaning.CONFLICT:
            return Conflict(f"{where}: {verdict.detail}", talk.facts)
        if verdict.meaning is not Meaning.UNKNOWN or send.idempotency != JOB:
            return talk.trouble(verdict, where)
        proof = await prove(talk, step, self._pace)
        if isinstance(proof, Verification):
            return Applied(f"{where}: {verdict.reason}, and found done on reading back", talk.facts)
        told = Verdict(verdict.meaning, "outcome-unknown", f"{verdict.detail}: it may have been started, and is not sent again")
        return talk.trouble(told, where, is_final=True)


def _has_job(step: HttpStep) -> bool:
    return any(send.idempotency == JOB for send in step.revert)


def _differing(step: HttpStep, found: Found, wanted: Document) -> list[str]:
    return places.differences(found.kept, wanted, step.capture.keep, step.capture.sets)


def _unfit(step: HttpStep, kept: Document) -> Trouble | None:
    if not kept:
        return Trouble(False, "no-object", f"none of keep ({', '.join(step.capture.keep)}) is in the answer")
    secret = next(redacting.secrets(dict(kept)), None)
    if secret is not None:
        detail = f"{secret} looks like a secret, which no baseline holds: keep less, or put it into ignore"
        return Trouble(False, "secret", detail)
    return _lacking(step, kept)


def _lacking(step: HttpStep, wanted: Document) -> Trouble | None:
    """Known before anything is touched: a request that would be made of something the baseline does not hold."""
    for hole in definition.of_baseline(step):
        if at(dict(wanted), hole.pointer) is MISSING:
            return Trouble(False, "unfilled", f"{hole}: the object has nothing there, and the step would write it")
    return None
