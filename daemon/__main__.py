"""The command `cutoverd`. Every way to end has its exit code, and none of them shows a traceback for what a user did."""

from __future__ import annotations

import io
import sys

INTERRUPTED = 130
"""What a shell reports for SIGINT: 128 + 2."""


def main() -> int:
    """Run the command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a daemon or a journal says need not be text that this terminal can show.
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run()
    except KeyboardInterrupt:
        return INTERRUPTED


def _run() -> int:
    import click

    from daemon.cli.group import cutoverd

    try:
        done = cutoverd.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    return done if isinstance(done, int) else 0


if __name__ == "__main__":
    sys.exit(main())
