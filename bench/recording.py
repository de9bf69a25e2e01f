"""How much a recording takes on disk, and how long it takes to write and to read: `python -m bench.recording`.

Clocks and round trips are as noisy as they were measured on loopback: what does not fold is noise.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from daemon.recording.reading import pieces
from daemon.recording.reel import Reel, Tally
from daemon.recording.turn import Turn
from daemon.store.samples import open_samples, read_samples
from probes.sample import NS_PER_MS, NS_PER_S, Moment, Origin, Outcome, ProbeResult, Sample

START = Moment(1_796_508_000 * NS_PER_S, 26_060 * NS_PER_S)
TURN_NS = 250 * NS_PER_MS


def turns(probes: int, every_ns: int, seconds: int, rng: random.Random) -> Iterator[Turn]:
    """Each result in a turn of its own, and a turn each 250 ms at the latest; one in fifty fails."""
    due = sorted((rng.randrange(every_ns), index) for index in range(probes))
    now_ns, beat = 0, 0
    while True:
        for offset_ns, index in due:
            arrives = beat * every_ns + offset_ns + round(rng.gauss(8, 1) * NS_PER_MS)
            while arrives - now_ns > TURN_NS:
                now_ns += TURN_NS + rng.randrange(2 * NS_PER_MS)
                yield Turn(_moment(now_ns, rng))
            now_ns = max(now_ns, arrives) + rng.randrange(50_000, 400_000)
            if now_ns > seconds * NS_PER_S:
                return
            yield Turn(_moment(now_ns, rng), (_sample(index, beat, arrives, rng),), 1)
        beat += 1


def _moment(ns: int, rng: random.Random) -> Moment:
    return Moment(START.utc_ns + ns + round(rng.gauss(0, 400)), START.mono_ns + ns)


def _sample(index: int, beat: int, at_ns: int, rng: random.Random) -> Sample:
    took = round(rng.gauss(5, 1) * NS_PER_MS)
    sent = _moment(at_ns - took - rng.randrange(100_000, 900_000), rng)
    fails = rng.random() < 0.02
    facts = {"peer": f"192.0.2.{index % 250}:5060", "detail": "Service Unavailable" if fails else "OK"}
    kind = (Outcome.FAIL, 503, Origin.WIRE, "rejected") if fails else (Outcome.PASS, 200, Origin.WIRE, "accepted")
    return Sample(f"trunk-{index}", "local", beat, sent, _moment(at_ns, rng), ProbeResult(*kind, took, facts))


def measured(told: str, probes: int, every_ns: int, seconds: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path, tally = Path(folder) / "cutoverd.db.samples", Tally()
        made = list(turns(probes, every_ns, seconds, random.Random(5)))
        reel = Reel(lambda: open_samples(path), keep_ns=2**62, at_most=2**62, tally=tally)
        began = time.process_time()
        for turn in made:
            reel.add(turn)
        reel.finish()
        wrote = time.process_time() - began
        with closing(read_samples(path)) as reader:
            began = time.process_time()
            samples = sum(len(turn.samples) for piece in pieces(reader, from_utc_ns=0, to_utc_ns=2**62) for turn in piece.turns)
            took = time.process_time() - began
        size = path.stat().st_size
    return (
        f"{told}: {samples:,} samples, {len(made):,} turns, {size / 1e6:.1f} MB: {size / samples:.1f} bytes a sample, all told; "
        f"writing {wrote / samples * 1e6:.1f} µs and reading {took / samples * 1e6:.1f} µs a sample"
    )


def main() -> None:
    print(measured("10 probes at 5 s, a night of 12 h", 10, 5 * NS_PER_S, 12 * 3_600))
    print(measured("1,000 probes at 1 s, five minutes", 1_000, NS_PER_S, 300))


if __name__ == "__main__":
    main()
