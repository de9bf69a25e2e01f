"""`config.load.load` in a child process that ends with it: a daemon that runs for months keeps the settings, and not the
memory that reading YAML takes. The child reads no secrets; places travel, never contents.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import select
import signal
import sys
from contextlib import ExitStack
from typing import NoReturn

from config.loaded import Loaded
from config.problem import ConfigInvalid

_LOOK_MS = 200


class LoaderDied(Exception):
    """The child ended before it had said what the file holds: killed, out of memory, or a fault of ours on stderr."""


def load_apart(path: str | os.PathLike[str]) -> Loaded:
    """As `config.load.load(path)`, for a process that has no threads yet. Raises ConfigInvalid, LoaderDied, OSError."""
    with ExitStack() as opened:
        reading, writing = os.pipe()
        pipe = opened.enter_context(os.fdopen(reading, "rb"))
        child = os.fork()
        if child == 0:
            os.close(reading)
            _be_the_child(path, writing)
        opened.callback(_put_down, child)
        os.close(writing)
        _await(reading)
        said = pipe.read()
    try:
        # From our own child, over a pipe that nobody else has.
        outcome = pickle.loads(said)  # noqa: S301
    except (EOFError, pickle.UnpicklingError):
        raise LoaderDied("the process that reads the configuration was ended before it was done") from None
    if isinstance(outcome, Loaded):
        return outcome
    raise ConfigInvalid(*outcome)


def _put_down(child: int) -> None:
    """Whatever ended the wait, no child stays behind; one that has ended by itself is only reaped."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _await(reading: int) -> None:
    """Look again and again: Python does not notice a signal that comes just before a call that blocks."""
    ready = select.poll()
    ready.register(reading, select.POLLIN)
    while not ready.poll(_LOOK_MS):
        pass


def _be_the_child(path: str | os.PathLike[str], writing: int) -> NoReturn:
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _end_with_the_reader(writing)
        said = _outcome(path)
        fcntl.fcntl(writing, fcntl.F_SETFL, 0)
        pipe = os.fdopen(writing, "wb")
        pipe.write(said)
        pipe.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        # Not sys.exit: what waits on the stack and in buffers is the parent's to do. This closes the pipe, last of all.
        os._exit(0)


def _end_with_the_reader(writing: int) -> None:
    """Have SIGIO, which ends a process, sent when the parent's end of the pipe closes, however the parent ended.

    A file need not end: the path may be that of a FIFO.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(writing, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(writing, fcntl.F_SETFL, os.O_ASYNC)
    closed = select.poll()
    closed.register(writing, 0)
    if closed.poll(0):  # before we asked to be told
        os._exit(0)


def _outcome(path: str | os.PathLike[str]) -> bytes:
    from config.load import load

    try:
        return pickle.dumps(load(path))
    except ConfigInvalid as invalid:
        return pickle.dumps((invalid.problems, invalid.warnings))
