"""Leave out the spaces at the ends of the lines that a table writes into a pipe."""

import io
from typing import TextIO, cast


def plain_lines(out: TextIO) -> TextIO:
    """Return a stream that writes to another one, without spaces at ends of lines.

    A terminal gets all: a line may be written over another one there.
    """
    return out if out.isatty() else cast("TextIO", _PlainLines(out))


class _PlainLines(io.TextIOBase):
    """Writes to a stream, without the spaces that fill cells up to the next border."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._held = ""  # spaces after which the line may end

    @property
    def encoding(self) -> str:  # type: ignore[override]  # whose setter nothing calls
        """The encoding of the stream, by which rich chooses its borders."""
        return self._out.encoding

    def write(self, text: str) -> int:
        """Write text, and keep the spaces at its end until more comes."""
        whole = self._held + text
        self._held = whole[len(whole.rstrip(" ")) :]
        self._out.write("\n".join(line.rstrip(" ") for line in whole.split("\n")))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._out.flush()
