"""A set of questions that must all be settled before a look-up goes on, aliases followed. No I/O.

A recursive resolver follows aliases by itself; one that only knows its own zones leaves the rest of the way to the asker.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from probes.records import Alias, Failed, Fault, Found, Question, Reply

MOST_ALIASES = 16
MOST_QUESTIONS = 128


@dataclass(frozen=True, slots=True)
class _Chase:
    """The question that was meant, and the names that it has led through so far."""

    meant: Question
    names: tuple[str, ...]
    ttl_s: int | None = None


class Inquiry:
    """`settled` holds the reply to each question that was meant, under its own name whatever aliases lie between."""

    def __init__(self) -> None:
        self.settled: dict[Question, Reply] = {}
        self._open: dict[Question, list[_Chase]] = {}
        self._unsent: list[Question] = []
        self._asked = 0

    @property
    def is_settled(self) -> bool:
        return not self._open

    def want(self, questions: Iterable[Question]) -> None:
        for question in dict.fromkeys(questions):
            self._pursue(question, _Chase(question, (question.name,)))

    def unsent(self) -> tuple[Question, ...]:
        """What is to be asked now; each is given once."""
        unsent, self._unsent = tuple(self._unsent), []
        return unsent

    def receive(self, question: Question, reply: Reply) -> None:
        """A reply to a question that is not open is ignored."""
        for chase in self._open.pop(question, ()):
            if isinstance(reply, Found):
                self._follow(chase, reply)
            else:
                self.settled[chase.meant] = reply

    def _pursue(self, question: Question, chase: _Chase) -> None:
        if question not in self._open:
            if self._asked == MOST_QUESTIONS:
                self.settled[chase.meant] = Failed(Fault.EXCESS, chase.ttl_s, f"more than {MOST_QUESTIONS} questions")
                return
            self._asked += 1
            self._unsent.append(question)
        self._open.setdefault(question, []).append(chase)

    def _follow(self, chase: _Chase, reply: Found) -> None:
        ttl = reply.ttl_s if chase.ttl_s is None else min(chase.ttl_s, reply.ttl_s)
        alias = next((record for record in reply.records if isinstance(record, Alias)), None)
        if alias is None:
            self.settled[chase.meant] = Found(reply.records, ttl)
        elif alias.name in chase.names:
            self.settled[chase.meant] = Failed(Fault.LOOP, ttl, f"{alias.name} is an alias of itself")
        elif len(chase.names) > MOST_ALIASES:
            self.settled[chase.meant] = Failed(Fault.EXCESS, ttl, f"more than {MOST_ALIASES} aliases in a row")
        else:
            further = _Chase(chase.meant, (*chase.names, alias.name), ttl)
            self._pursue(Question(alias.name, chase.meant.kind), further)
