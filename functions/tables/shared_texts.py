"""Shared texts: keep the texts that the cells of a workbook refer to by number."""

import re
from array import array
from collections.abc import Iterable

from functions.core.errors import SourceTooLarge
from functions.tables.packed_parts import damaged
from functions.tables.text import Unreadable
from functions.tables.xml_events import (
    MAX_DEPTH,
    Attributes,
    feed,
    local_name,
    new_parser,
)

#: The most bytes of all of them.
_MAX_BYTES = 256 * 1024**2
_BYTES_OF_A_PLACE = 8
#: How a workbook writes a control character, and an underscore that could be of one.
_ESCAPE = re.compile(r"_x(00[01][0-9A-Fa-f]|005[Ff])_")


class SharedTexts:
    """The shared texts of a workbook: one piece of memory, and where each ends in it.

    As objects of Python they would take several times as much.
    """

    def __init__(self, chunks: Iterable[bytes] = ()) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])
        self._is_text = self._is_hint = False
        self._depth = 0
        parser = new_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._take
        if chunks:
            for _ in feed(parser, chunks):
                places = len(self._ends) * _BYTES_OF_A_PLACE
                if len(self._bytes) + places > _MAX_BYTES:
                    raise SourceTooLarge(
                        "the workbook's texts take more than "
                        f"{_MAX_BYTES // 1024**2} MiB: save its sheet as "
                        '"CSV UTF-8", or split it'
                    )

    def text(self, number: str) -> str:
        """Return a text by its number from 0, as a cell has it.

        Raises:
            Unreadable: There is no such text.
        """
        if not number.isdecimal() or len(number) > 9 or int(number) >= len(self):  # noqa: PLR2004 - far more than there are
            raise Unreadable("a cell refers to a text that the workbook has not")
        start, end = self._ends[int(number)], self._ends[int(number) + 1]
        return unescaped(self._bytes[start:end].decode())

    def __len__(self) -> int:
        return len(self._ends) - 1

    def _start(self, name: str, _attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise damaged()
        local = local_name(name)
        if local == "t":
            self._is_text = True
        elif local == "rPh":  # how to pronounce it
            self._is_hint = True

    def _end(self, name: str) -> None:
        self._depth -= 1
        local = local_name(name)
        if local == "t":
            self._is_text = False
        elif local == "rPh":
            self._is_hint = False
        elif local == "si":
            self._ends.append(len(self._bytes))

    def _take(self, text: str) -> None:
        if self._is_text and not self._is_hint:
            self._bytes += text.encode()


def unescaped(text: str) -> str:
    """Return a text with the control characters that it has escaped."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
