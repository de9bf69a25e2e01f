"""sipp as a registrar that does as it is told: one answer for each REGISTER, in order, and the last for ever."""

from __future__ import annotations

from dataclasses import dataclass

REASONS = {200: "OK", 302: "Moved Temporarily", 404: "Not Found", 423: "Interval Too Brief", 503: "Service Unavailable"}

_TURN = """\
  <label id="{turn}"/>
  <recv request="REGISTER">
    <action><ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="contact"/></action>
  </recv>
  <send{next}>
    <![CDATA[

      SIP/2.0 {status} {reason}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[call_number]
      [last_Call-ID:]
      [last_CSeq:]{headers}
      Content-Length: 0

    ]]>
  </send>
"""
_SCENARIO = """\
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="registrar">
{steps}  <Reference variables="contact"/>
</scenario>
"""


@dataclass(frozen=True)
class Turn:
    """One answer. `headers` are whole lines; `[$contact]` stands for the URI that was to be bound."""

    status: int
    headers: tuple[str, ...] = ()


def granted(seconds: int, contact: str = "[$contact]") -> Turn:
    return Turn(200, (f"Contact: <{contact}>;expires={seconds}",))


def turns(*answers: Turn) -> str:
    """A scenario for `tests.peers.sipp.sipp`. All REGISTERs must have one Call-ID."""
    last = len(answers)
    steps = "".join(
        _TURN.format(
            turn=turn,
            next=f' next="{last}"' if turn == last else "",
            status=answer.status,
            reason=REASONS[answer.status],
            headers="".join(f"\n      {header}" for header in answer.headers),
        )
        for turn, answer in enumerate(answers, start=1)
    )
    return _SCENARIO.format(steps=steps)
