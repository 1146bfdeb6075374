"""A simulator by itself, as a process that ends when it is told to."""

import os
import signal
import sys
import threading
from argparse import ArgumentParser
from types import FrameType


def add_ending(parser: ArgumentParser) -> None:
    """Let the command line choose to end with its parent."""
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end with the parent process that holds the other end of stdin",
    )


def ending(*, until_stdin_closes: bool) -> threading.Event:
    """What is set by SIGINT and SIGTERM, and by the end of the parent if asked."""
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)
    if until_stdin_closes:
        threading.Thread(target=_wait_for_stdin, args=(ended,), daemon=True).start()
    return ended


def say(line: str) -> None:
    """A line that a parent process reads at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _wait_for_stdin(ended: threading.Event) -> None:
    # os.read, as a thread inside sys.stdin would disturb the interpreter's end.
    while os.read(0, 1024):
        pass
    ended.set()
