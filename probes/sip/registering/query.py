"""`sip_register` in mode `query`: what does the registrar hold for the SBC's AOR (RFC 3261 §10.2.3)? Nothing is bound.

PASS: at least one binding (on `contact_host`, where that is configured). A registrar that holds none is FAIL 480, one that
refuses to tell is FAIL with its own status and the reason `query-refused`.
"""

from __future__ import annotations

from probes.clock import mono_ns, read
from probes.probe import Cancel, Report
from probes.sample import NS_PER_S, ProbeResult
from probes.sip.digest.auth import Credentials
from probes.sip.digest.login import Login, Why
from probes.sip.engine.exchanged import Answered
from probes.sip.engine.target import Target
from probes.sip.locating.each import Tell, ask_each
from probes.sip.locating.location import Location
from probes.sip.registering.attempt import RegisterAttempt, Verdict
from probes.sip.registering.binding import Binding, BindingWatch, bindings, unreadable
from probes.sip.registering.conversation import Conversation, Deferred, Line
from probes.sip.registering.proof import Proof
from probes.sip.registering.request import Aor, Voice
from probes.sip.registering.result import deferred, failed, is_success, registered, remembered, resting, unasked, unbound

_CLOSED = object()
MAX_CONTACTS = 200
"""Characters of the bindings, put together, that go into a result."""


class RegisterQueryProbe:
    """Asks one registrar, or each that a name leads to now: what one of them holds, another may have lost."""

    def __init__(
        self, aor: Aor, credentials: Credentials | None, way: Target | Location, line: Line, *, contact_host: str | None = None
    ) -> None:
        self.aor = aor
        self._credentials = credentials
        self._way = way
        self._line = line
        self._contact_host = None if contact_host is None else contact_host.lower()
        self._registrars: dict[Target, Registrar] = {}
        self._proof = Proof(has_credentials=credentials is not None)
        self._open: dict[_Query, None] = {}

    def begin(self, report: Report) -> Cancel:
        deadline_ns = mono_ns() + self.aor.timeout_ns
        if isinstance(self._way, Target):
            return self.registrar(self._way).ask(report, deadline_ns)

        def ask(target: Target, tell: Tell) -> Cancel:
            return self.registrar(target).ask(tell, deadline_ns)

        return ask_each(self._way, ask, report, deadline_ns=deadline_ns, found=self._keep)

    def again(self) -> None:
        """The operator's word that what was rejected may be right now."""
        self._proof.again()
        for registrar in self._registrars.values():
            registrar.again()

    def registrar(self, target: Target) -> Registrar:
        if target not in self._registrars:
            proof, opened = self._proof, self._open
            if self._credentials is None:
                # Nothing is shown to anybody: that one of them asks who we are says nothing of the others.
                proof, opened = Proof(has_credentials=False), {}
            voice, login = Voice(self.aor, self._line.rng), Login(self._credentials)
            self._registrars[target] = Registrar(target, self._line, voice, login, proof, opened, self._contact_host)
        return self._registrars[target]

    def _keep(self, targets: tuple[Target, ...]) -> None:
        """Forget what the name no longer leads to, but not what was said of our credentials."""
        self._proof.see(targets)
        for target in self._registrars.keys() - set(targets):
            del self._registrars[target]


class Registrar:
    """What one registrar has told us so far."""

    def __init__(
        self,
        target: Target,
        line: Line,
        voice: Voice,
        login: Login,
        proof: Proof,
        opened: dict[_Query, None],
        contact_host: str | None,
    ) -> None:
        self._voice = voice
        self._login = login
        self._target = target
        self._line = line
        self._contact_host = contact_host
        self._watch = BindingWatch()
        self._proof = proof
        self._open = opened
        """Of all that share `proof`: targets and beats overlap, and a wrong password must not be tried once for each."""
        self._asked = self._seen = 0

    def ask(self, tell: Tell, deadline_ns: int) -> Cancel:
        proof = self._proof
        if proof.rejected is not None:
            tell(remembered(proof.rejected, mono_ns() - proof.rejected_ns))
            return _nothing
        if not proof.may_ask(self._target, is_busy=bool(self._open)):
            tell(unasked("pending", 0))
            return _nothing
        proof.asking(self._target)
        self._login.is_proven = proof.is_proven
        self._asked += 1
        query = _Query(self, tell, self._asked)
        self._open[query] = None
        query.begin(self._line, self._voice, self._target, self._login, deadline_ns)
        return query.cancel

    def again(self) -> None:
        self._proof.again()

    def unasked(self, elapsed_ns: int) -> ProbeResult:
        """Where there was no turn in time: because the registrar is down, or because it has much to do with us."""
        word = self._line.permits.word()
        if word is None:
            return deferred(elapsed_ns, self._line.permits.load())
        return resting(word.exchanged, mono_ns() - word.at_ns)

    def close(self, query: _Query) -> bool:
        """Whether it was open."""
        return self._open.pop(query, _CLOSED) is not _CLOSED

    def abandoned(self, attempt: RegisterAttempt, result: ProbeResult) -> ProbeResult:
        """No answer came in time, or nobody waited for it."""
        self._proof.abandoned(attempt.login)
        return self._final(result)

    def judge(self, verdict: Verdict, attempt: RegisterAttempt, serial: int) -> ProbeResult:
        answered, rejected = verdict.exchanged, verdict.rejected
        self._proof.hear(verdict, attempt.login)
        if isinstance(answered, Answered) and is_success(answered.response.status):
            return self._held(answered, serial)
        if rejected is not None and rejected.reason == Why.FORBIDDEN and not attempt.login.has_answered:
            # Nobody asked who we are: it is the question that is not welcome.
            return failed(Verdict(answered), is_query=True)
        result = failed(verdict, is_query=True)
        if rejected is not None and rejected.is_final:
            self._reject(result)
            return result
        return self._final(result)

    def _final(self, result: ProbeResult) -> ProbeResult:
        given_up = self._proof.given_up(result)
        if given_up is None:
            return result
        self._reject(given_up)
        return given_up

    def _reject(self, result: ProbeResult) -> None:
        self._proof.reject(result, now_ns=mono_ns())
        for query in list(self._open):
            query.end(remembered(result, 0))

    def _held(self, answered: Answered, serial: int) -> ProbeResult:
        found, unread = bindings(answered.response), unreadable(answered.response)
        wanted = tuple(binding for binding in found if self._contact_host in (None, binding.host))
        now = read()
        if serial > self._seen:
            # An answer that overtook an earlier one: what is older changes nothing any more.
            self._seen = serial
            self._watch.see(wanted, now=now)
        facts: dict[str, str | int] = {"bindings": len(found) + unread, "flaps": self._watch.flaps}
        if unread:
            facts["unreadable"] = unread
        if found:
            facts["contacts"] = _text(found)
        if self._watch.stable_since is not None:
            facts["stable_s"] = (now.mono_ns - self._watch.stable_since.mono_ns) // NS_PER_S
        left = [binding.expires_s for binding in wanted if binding.expires_s is not None]
        if left:
            facts["expires_s"] = min(left)
        if wanted or (unread and self._contact_host is None):
            return registered(answered, facts)
        return unbound(answered, "other-contact" if found or unread else "not-registered", facts)


class _Query:
    """One question under way."""

    __slots__ = ("_attempt", "_conversation", "_registrar", "_serial", "_tell")

    def __init__(self, registrar: Registrar, tell: Tell, serial: int) -> None:
        self._registrar = registrar
        self._tell = tell
        self._serial = serial
        self._conversation: Conversation | None = None

    def begin(self, line: Line, voice: Voice, target: Target, login: Login, deadline_ns: int) -> None:
        self._attempt = RegisterAttempt(login)
        # What others hold is not made fresh by asking: a query gives way to every binding that runs out before its deadline.
        self._conversation = Conversation(
            line,
            voice,
            target,
            self._attempt,
            contacts=lambda _: (),
            expires_ns=deadline_ns,
            ended=self._ended,
            deadline_ns=deadline_ns,
        )
        self._conversation.begin()

    def _ended(self, word: Verdict | Deferred) -> None:
        self._registrar.close(self)
        if isinstance(word, Deferred):
            self._tell(self._registrar.abandoned(self._attempt, self._registrar.unasked(word.elapsed_ns)))
        else:
            self._tell(self._registrar.judge(word, self._attempt, self._serial))

    def end(self, result: ProbeResult) -> None:
        self._hang_up()
        self._tell(result)

    def cancel(self) -> None:
        """Idempotent."""
        if self._registrar.close(self):
            self._hang_up()
            self._registrar.abandoned(self._attempt, unasked("stopped", 0))

    def _hang_up(self) -> None:
        self._registrar.close(self)
        if self._conversation is not None:
            self._conversation.cancel()


def _text(found: tuple[Binding, ...]) -> str:
    return ", ".join(_binding_text(binding) for binding in found)[:MAX_CONTACTS]


def _binding_text(binding: Binding) -> str:
    expires = "" if binding.expires_s is None else f";expires={binding.expires_s}"
    return f"{binding.uri}{expires}{'' if binding.q is None else f';q={binding.q:g}'}"


def _nothing() -> None:
    """There is nothing to cancel."""
