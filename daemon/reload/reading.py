"""The configuration read again, by a program of its own: a daemon that has threads must not fork, and what reading takes is
given back when the program ends.

Run as `python -m daemon.reload.reading FILE`, it reads secrets and TLS files too, so that each that cannot be used is a problem
at its place in the file. Places and sentences travel back, never contents.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from config.apart import LoaderDied
from config.loaded import Loaded
from config.problem import ConfigInvalid, Problem

READ_S = 20.0
"""A file need not end: the path may be that of a FIFO."""


MOST_TOLD = 100
"""Problems: a daemon that journals a hundred thousand of them, for a list went wrong, judges nothing meanwhile."""


@dataclass(frozen=True, slots=True)
class Reader:
    """`python` is the interpreter of the environment that the daemon runs in."""

    environ: Mapping[str, str]
    python: str = sys.executable
    within_s: float = READ_S

    async def read(self, path: str) -> Loaded:
        """Raises ConfigInvalid, LoaderDied (also when it takes too long), OSError."""
        # Isolated: neither the folder the daemon stands in nor PYTHON* variables may choose what is imported.
        child = await asyncio.create_subprocess_exec(
            *(self.python, "-I", "-m", "daemon.reload.reading", path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env=dict(self.environ),
        )
        try:
            async with asyncio.timeout(self.within_s):
                said, _ = await child.communicate()
        except TimeoutError:
            raise LoaderDied(f"{path} could not be read within {self.within_s:g} s") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return _outcome(said)


def _outcome(said: bytes) -> Loaded:
    try:
        # From our own child, over a pipe that nobody else has.
        outcome = pickle.loads(said)  # noqa: S301
    except (EOFError, pickle.UnpicklingError):
        raise LoaderDied("the process that reads the configuration was ended before it was done") from None
    if isinstance(outcome, Loaded):
        return outcome
    raise ConfigInvalid(*outcome)


def first(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """With a last one that says how many are left out."""
    told, more = problems[:MOST_TOLD], problems[MOST_TOLD:]
    if not more:
        return told
    last = more[-1]
    return (*told, Problem(last.file, last.line, last.column, "", f"and {len(more)} more: `cutoverd check` tells them all"))


def main(path: str) -> None:
    import os

    from config.load import load
    from daemon.cli.tls_files import unusable_files

    try:
        said = pickle.dumps(load(path, secrets_from=os.environ, also=unusable_files))
    except ConfigInvalid as invalid:
        said = pickle.dumps((first(invalid.problems), first(invalid.warnings)))
    sys.stdout.buffer.write(said)


if __name__ == "__main__":
    main(sys.argv[1])
