"""`sip_register` in mode `query`: what does the registrar hold for the SBC's AOR (RFC 3261 §10.2.3)? Nothing is bound.

PASS: at least one binding (on `contact_host`, where that is configured). A registrar that holds none is FAIL 480, one that
refuses to tell is FAIL with its own status and the reason `query-refused`.
"""

from __future__ import annotations

from collections.abc import Mapping

from probes.clock import mono_ns, read
from probes.probe import Cancel, Report
from probes.sample import NS_PER_S, ProbeResult
from probes.sip.auth import Credentials
from probes.sip.binding import Binding, BindingWatch, bindings
from probes.sip.each import Tell, ask_each
from probes.sip.exchanged import Answered
from probes.sip.location import Location
from probes.sip.login import Login, Why
from probes.sip.register_attempt import RegisterAttempt, Verdict
from probes.sip.register_conversation import Conversation, Deferred, Line
from probes.sip.register_request import Aor, Voice
from probes.sip.register_result import deferred, failed, is_success, registered, remembered, unasked, unbound
from probes.sip.target import Target

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

    def begin(self, report: Report) -> Cancel:
        deadline_ns = mono_ns() + self.aor.timeout_ns
        if isinstance(self._way, Target):
            return self.registrar(self._way).ask(report, deadline_ns)

        def ask(target: Target, tell: Tell) -> Cancel:
            return self.registrar(target).ask(tell, deadline_ns)

        return ask_each(self._way, ask, report, deadline_ns=deadline_ns, found=self._keep)

    def again(self) -> None:
        """The operator's word that what was rejected may be right now."""
        for registrar in self._registrars.values():
            registrar.again()

    def registrar(self, target: Target) -> Registrar:
        if target not in self._registrars:
            self._registrars[target] = Registrar(self.aor, self._credentials, target, self._line, self._contact_host)
        return self._registrars[target]

    def _keep(self, targets: tuple[Target, ...]) -> None:
        """Forget what the name no longer leads to."""
        for target in self._registrars.keys() - set(targets):
            del self._registrars[target]


class Registrar:
    """What one registrar has told us so far."""

    def __init__(self, aor: Aor, credentials: Credentials | None, target: Target, line: Line, contact_host: str | None) -> None:
        self._voice = Voice(aor, line.rng)
        self._login = Login(credentials)
        self._target = target
        self._line = line
        self._contact_host = contact_host
        self._watch = BindingWatch()
        self._rejected: ProbeResult | None = None
        self._rejected_ns = 0
        # Beats overlap, and a wrong password must not be tried once for each of them.
        self._is_proven = credentials is None
        self._open: dict[_Query, None] = {}
        self._asked = self._seen = 0

    def ask(self, tell: Tell, deadline_ns: int) -> Cancel:
        if self._rejected is not None:
            tell(remembered(self._rejected, mono_ns() - self._rejected_ns))
            return _nothing
        if self._open and not self._is_proven:
            tell(unasked("pending", 0))
            return _nothing
        self._asked += 1
        query = _Query(self, tell, self._asked)
        self._open[query] = None
        query.begin(self._line, self._voice, self._target, self._login, deadline_ns)
        return query.cancel

    def again(self) -> None:
        self._rejected = None

    def load(self) -> Mapping[str, int]:
        return self._line.permits.load()

    def close(self, query: _Query) -> None:
        self._open.pop(query, None)

    def judge(self, verdict: Verdict, attempt: RegisterAttempt, serial: int) -> ProbeResult:
        answered, rejected = verdict.exchanged, verdict.rejected
        if isinstance(answered, Answered) and is_success(answered.response.status):
            self._is_proven = True
            return self._held(answered, serial)
        if rejected is not None and rejected.reason == Why.FORBIDDEN and not attempt.login.has_answered:
            # Nobody asked who we are: it is the question that is not welcome.
            return failed(Verdict(answered), is_query=True)
        result = failed(verdict, is_query=True)
        if rejected is not None and rejected.is_final:
            self._reject(result)
        return result

    def _reject(self, result: ProbeResult) -> None:
        self._rejected, self._rejected_ns, self._is_proven = result, mono_ns(), False
        for query in list(self._open):
            query.end(remembered(result, 0))

    def _held(self, answered: Answered, serial: int) -> ProbeResult:
        found = bindings(answered.response)
        wanted = tuple(binding for binding in found if self._contact_host in (None, binding.host))
        now = read()
        if serial > self._seen:
            # An answer that overtook an earlier one: what is older changes nothing any more.
            self._seen = serial
            self._watch.see(wanted, now=now)
        facts: dict[str, str | int] = {"bindings": len(found), "flaps": self._watch.flaps}
        if found:
            facts["contacts"] = _text(found)
        if self._watch.stable_since is not None:
            facts["stable_s"] = (now.mono_ns - self._watch.stable_since.mono_ns) // NS_PER_S
        left = [binding.expires_s for binding in wanted if binding.expires_s is not None]
        if left:
            facts["expires_s"] = min(left)
        if wanted:
            return registered(answered, facts)
        return unbound(answered, "other-contact" if found else "not-registered", facts)


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
            self._tell(deferred(word.elapsed_ns, self._registrar.load()))
        else:
            self._tell(self._registrar.judge(word, self._attempt, self._serial))

    def end(self, result: ProbeResult) -> None:
        self.cancel()
        self._tell(result)

    def cancel(self) -> None:
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
