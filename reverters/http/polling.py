"""Work that a platform does behind a 202: asked after until it is over."""

from __future__ import annotations

from config.steps import Poll
from probes.exchange.document import Json
from reverters.http import filling
from reverters.http.filling import Sources, Unfilled
from reverters.http.judging import ABSENT, Meaning, Verdict, unmet
from reverters.http.talking import Found, Pace, Talk
from reverters.step import Trouble


async def poll(talk: Talk, wanted: Poll, pace: Pace, *, is_job: bool) -> Trouble | None:
    """None when it is over and went well. Bad answers are asked again until the time is up. What was started by a job that did
    not end is not started again."""
    try:
        where = _where(talk, wanted)
        match, ok, failed = (_filled(each, talk.sources) for each in (wanted.match, wanted.ok, wanted.failed))
    except Unfilled as error:
        return Trouble(False, "unfilled", f"poll: {error}", facts=talk.facts)
    ends_ns = pace.mono_ns() + wanted.timeout
    while True:
        verdict, document = await talk.ask(where)
        if verdict.meaning is Meaning.REFUSED and verdict.reason != ABSENT:
            return talk.trouble(verdict, where)
        waiting = verdict.detail or verdict.reason
        if verdict.meaning is Meaning.DONE:
            waiting = unmet(document, match)
            if not waiting and failed and any(not unmet(document, {place: bad}) for place, bad in failed.items()):
                return Trouble(
                    False, "failed", f"{where}: the platform says that it failed: {_states(document, failed)}", None, talk.facts
                )
            waiting = waiting or unmet(document, ok)
            if not waiting:
                return None
        pause = max(wanted.every, verdict.retry_after_ns or 0)
        if pace.mono_ns() + pause > ends_ns:
            told = Verdict(Meaning.AGAIN, "outcome-unknown" if is_job else "unfinished", f"not over in time: {waiting}")
            return talk.trouble(told, where, is_final=is_job)
        await pace.sleep(pause)


async def settled(talk: Talk, pace: Pace) -> Found | Trouble:
    """The object once no work on it goes on any more, as far as the definition says how that shows."""
    wanted = talk.step.poll
    running = _filled(wanted.running, talk.sources) if wanted else {}
    ends_ns = pace.mono_ns() + (wanted.timeout if wanted else 0)
    while True:
        found = await talk.read()
        if isinstance(found, Trouble) or wanted is None or not running or unmet(found.document, running):
            return found
        if pace.mono_ns() + wanted.every > ends_ns:
            return Trouble(True, "running", "the platform still works on it", facts=talk.facts)
        await pace.sleep(wanted.every)


def _where(talk: Talk, wanted: Poll) -> str:
    if wanted.path is None:
        return filling.path(talk.step.capture.path, talk.step.capture.query, talk.sources)
    return filling.path(wanted.path, wanted.query, talk.sources)


def _filled(conditions: dict[str, Json], sources: Sources) -> dict[str, Json]:
    return {place: filling.value(each, sources) for place, each in conditions.items()}


def _states(document: Json, failed: dict[str, Json]) -> str:
    return ", ".join(told for place in failed if (told := unmet(document, {place: []})))
