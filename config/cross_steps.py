"""What can only be judged across the fields of an `http` step: what placeholders stand for, and what would never end. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from config.finding import Finding, repeated
from config.problem import Path, did_you_mean, quoted
from config.steps import Capture, HttpStep, Poll, Send
from config.templates import MERGE, Hole, holes, parts
from config.units import duration_text, is_accepted

SCOPES = ("baseline", "current", "response")
JOB, VERSIONED = "job", "versioned"
ACCEPTED = 202
_SECRET = re.compile(r"passw|secret|token$|api_?-?key$|access_?-?key$|private_?-?key|passphrase", re.IGNORECASE)


def errors(path: Path, step: HttpStep, *, apis: frozenset[str]) -> Iterator[Finding]:
    if step.api not in apis:
        known = sorted(apis)
        listed = f"; known: {', '.join(known)}" if known else "; the file has no apis"
        yield Finding((*path, "api"), f"unknown api {quoted(step.api)}{did_you_mean(step.api, known) or listed}")
    yield from _vars(path, step)
    yield from _capture((*path, "capture"), step)
    yield from _revert((*path, "revert"), step)
    if step.poll is not None:
        yield from _poll((*path, "poll"), step, step.poll)
    needs, within = (step.verify.stable - 1) * step.verify.every, step.verify.within
    if needs > within:
        message = (
            f"{duration_text(within)} is over before {step.verify.stable} readings, every {duration_text(step.verify.every)}"
        )
        yield Finding((*path, "verify", "within"), message, reads=((*path, "verify", "every"), (*path, "verify", "stable")))


def shown(step: HttpStep) -> str:
    """The object's path, with the variables filled."""
    found = [step.vars.get(part.name, str(part)) if isinstance(part, Hole) else part for part in parts(step.capture.path)]
    asked = "&".join(f"{name}={value}" for name, value in step.capture.query.items())
    return "".join(found) + (f"?{asked}" if asked else "")


def _vars(path: Path, step: HttpStep) -> Iterator[Finding]:
    used = {hole.name for _, template in _templates(step) for hole in holes(template)}
    for name, value in step.vars.items():
        where = (*path, "vars", name)
        if name in SCOPES:
            yield Finding(where, f"{name} means a document of the step: give the variable another name", at_key=True)
        elif name not in used:
            yield Finding(where, f"no placeholder {{{name}}} uses it", at_key=True)
        if value in ("", ".", ".."):
            yield Finding(where, "would make another path: expected the id of something")


def _templates(step: HttpStep) -> Iterator[tuple[Path, Any]]:
    """Everything that may hold placeholders, by its place within the step."""
    yield ("capture", "path"), step.capture.path
    yield from ((("capture", "query", name), text) for name, text in step.capture.query.items())
    for index, send in enumerate(step.revert):
        yield from _of_send(("revert", index), send)
    if step.poll is not None:
        yield from _of_poll(("poll",), step.poll)


def _of_send(path: Path, send: Send) -> Iterator[tuple[Path, Any]]:
    yield (*path, "path"), send.path
    yield (*path, "body"), send.body
    for key, texts in (("query", send.query), ("headers", send.headers)):
        yield from (((*path, key, name), text) for name, text in texts.items())


def _of_poll(path: Path, poll: Poll) -> Iterator[tuple[Path, Any]]:
    if poll.path is not None:
        yield (*path, "path"), poll.path
    yield from (((*path, "query", name), text) for name, text in poll.query.items())
    for key, conditions in (("match", poll.match), ("ok", poll.ok), ("failed", poll.failed), ("running", poll.running)):
        yield from (((*path, key, place), wanted) for place, wanted in conditions.items())


def _capture(path: Path, step: HttpStep) -> Iterator[Finding]:
    capture = step.capture
    yield from _unknown((*path, "path"), step, capture.path, ())
    for name, text in capture.query.items():
        yield from _unknown((*path, "query", name), step, text, ())
    if is_accepted(ACCEPTED, capture.expect):
        yield Finding((*path, "expect"), "202 is never a whole answer: leave it out, 200 for instance")
    yield from _kept(path, capture)


def _kept(path: Path, capture: Capture) -> Iterator[Finding]:
    for index in repeated(capture.keep):
        yield Finding((*path, "keep", index), f"{quoted(capture.keep[index])} is kept twice")
    for index, pointer in enumerate(capture.keep):
        if _SECRET.search(pointer.rpartition("/")[2]):
            yield Finding((*path, "keep", index), f"{quoted(pointer)} looks like a secret, which no baseline holds: leave it out")
    for key, pointers in (("ignore", capture.ignore), ("sets", capture.sets)):
        for index, pointer in enumerate(pointers):
            if not _is_kept(pointer, capture.keep):
                message = f"{quoted(pointer)} is not within keep, so nothing is compared there"
                yield Finding((*path, key, index), message, reads=((*path, "keep"),))


def _revert(path: Path, step: HttpStep) -> Iterator[Finding]:
    named = [send.id for send in step.revert]
    for index, send in enumerate(step.revert):
        where = (*path, index)
        if send.id is not None and (send.id in SCOPES or send.id in step.vars or send.id in named[:index]):
            yield Finding((*where, "id"), f"{quoted(send.id)} has another meaning here already: give the request another id")
        answers = ("response", *(each for each in named[:index] if each is not None)) if index else ()
        for place, template in _of_send(where, send):
            yield from _unknown(place, step, template, ("baseline", "current", *answers))
        yield from _idempotency(where, send, is_last=index == len(step.revert) - 1)


def _idempotency(path: Path, send: Send, *, is_last: bool) -> Iterator[Finding]:
    if send.method == "POST" and send.idempotency is None:
        message = 'a POST says what sending it twice would do: key "idempotency" is missing'
        yield Finding(path, message, at_key=True)
    if send.idempotency == JOB and not is_last:
        yield Finding((*path, "idempotency"), "a job is the last request: what fails after it would start it again")
    if send.idempotency == VERSIONED and not _says_current(send):
        message = "a versioned request says which version it replaces: {current/version} in its body, for instance"
        yield Finding((*path, "idempotency"), message, reads=((*path, "body"),))


def _poll(path: Path, step: HttpStep, poll: Poll) -> Iterator[Finding]:
    answers = ("response", *(send.id for send in step.revert if send.id is not None))
    for place, template in _of_poll(path, poll):
        yield from _unknown(place, step, template, ("baseline",) if "running" in place else ("baseline", *answers))
    if not poll.ok:
        yield Finding((*path, "ok"), "must not be empty: a poll needs to know when the work is over")
    if poll.every > poll.timeout:
        message = f"{duration_text(poll.every)} is longer than timeout ({duration_text(poll.timeout)}): it would be asked once"
        yield Finding((*path, "every"), message, reads=((*path, "timeout"),))


def _unknown(path: Path, step: HttpStep, template: Any, scopes: tuple[str, ...]) -> Iterator[Finding]:
    """Placeholders that stand for nothing there."""
    for hole in holes(template):
        if hole.name in step.vars and hole.name not in SCOPES:
            if hole.pointer:
                yield Finding(path, f"{hole}: {hole.name} is a text of vars, and has no places")
        elif hole.name not in scopes:
            meant = did_you_mean(hole.name, [*step.vars, *scopes])
            later = ": there is none at that time" if hole.name in (*SCOPES, *(send.id for send in step.revert)) else ""
            yield Finding(path, f"{hole} stands for nothing{later or meant or ': name it in vars'}")
        elif hole.name == "baseline" and not _may_be_kept(hole.pointer, step.capture.keep):
            yield Finding(path, f"{hole}: the baseline holds only what capture keeps; put {quoted(hole.pointer)} into keep")


def _is_kept(pointer: str, keep: tuple[str, ...]) -> bool:
    return any(pointer == each or pointer.startswith(f"{each}/") for each in keep)


def _may_be_kept(pointer: str, keep: tuple[str, ...]) -> bool:
    return _is_kept(pointer, keep) or any(each.startswith(f"{pointer}/") for each in keep)


def _says_current(send: Send) -> bool:
    named = [hole.name for _, template in _of_send((), send) for hole in holes(template)]
    return "current" in named or _merges(send.body)


def _merges(body: Any) -> bool:
    if isinstance(body, dict):
        return MERGE in body or any(_merges(each) for each in body.values())
    return isinstance(body, list) and any(_merges(each) for each in body)
