"""Write to terminals and pipes, whatever characters and readers they have."""

import codecs
import os
import sys
from typing import NoReturn

from rich.console import Console

from verdict_courier.cli.exit_codes import ExitCode

#: One character for each of ours that ASCII lacks, so that columns stay aligned.
_ASCII = {"…": "~", "·": ".", "✗": "x", "━": "-"}


class StreamConsole(Console):
    """Writes to a stream, and ends the command quietly when its reader ended."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True)

    @property
    def spinner(self) -> str:
        """The name of a spinner of characters that the stream has."""
        return "dots" if self.encoding.startswith("utf") else "line"

    def write_line(self, text: str) -> None:
        """Write a line as it is; `print` would replace tabs by spaces."""
        try:
            self.file.write(f"{text}\n")
            self.file.flush()
        except BrokenPipeError:
            self.on_broken_pipe()

    def on_broken_pipe(self) -> NoReturn:
        """End with the code that a shell gives to a command whose pipe was closed."""
        self.quiet = True
        close_output()
        raise SystemExit(ExitCode.OUTPUT_CLOSED)


def asks() -> bool:
    """Whether a person can be asked: input and notes are those of a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def says_yes(question: str) -> bool:
    """Ask a person a question that only a plain yes answers."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def close_output() -> None:
    """Discard what the interpreter would still write at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def accept_any_text() -> None:
    """Make the output streams replace the characters that they do not have."""
    codecs.register_error("courier", _replacement)
    for stream in (sys.stdout, sys.stderr):
        # Tests and other programs put streams of their own in place.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="courier")


def _replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    shown = [
        _ASCII.get(character, character.encode("ascii", "backslashreplace").decode())
        for character in text
    ]
    return "".join(shown), error.end
