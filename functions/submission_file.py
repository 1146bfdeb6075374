"""Submission file: write what is sent of a list, in one shard or in several."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.core.errors import SourceTooLarge
from functions.csv_file import CsvFile

#: The most shards of a list. Whoever asks for its results gets links to the files of
#: each, in an answer of six megabytes at most, which is Lambda's limit.
MAX_SHARDS = 500
_MOST_BYTES_OF_A_CHARACTER = 4


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A part of the submission file that is one upload, with a header of its own.

    `records` are the numbers of its first and its last record. They are its name: an
    attempt that cuts at the same records makes the same shard.
    """

    records: tuple[int, int]
    rows: int
    offset: int
    length: int


class SubmissionFile(CsvFile):
    """The values of a list in one column; its shards follow each other.

    A shard ends before it has more than `max_rows` or `max_bytes`. A list that was cut
    before is cut at the same records again (`cuts`), whatever the settings are now:
    else what one of its shards has paid for would be paid in others again.
    """

    def __init__(
        self,
        header: str,
        *,
        max_rows: int | None,
        max_bytes: int,
        cuts: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        self._header = header
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._cuts = cuts
        self._ended: list[Shard] = []
        self._last = 0  # record, of the shard that is being written
        self._most_bytes = self._offset = self._rows = self._first = 0
        self._begin()

    def add(self, record: int, value: str) -> None:
        """Add the value of a record.

        Raises:
            SourceTooLarge: There are too many shards, or the value fits into none.
        """
        while self._is_cut_before(record, value):
            if len(self._ended) == MAX_SHARDS - 1:
                raise SourceTooLarge(
                    f"the values make more than {MAX_SHARDS} uploads: raise "
                    "max_upload_rows or max_upload_bytes"
                )
            self._end()
            self._begin()
        characters = self.write([value])
        self._most_bytes += characters * (
            1 if value.isascii() else _MOST_BYTES_OF_A_CHARACTER
        )
        self._rows += 1
        self._first = self._first or record
        self._last = record

    def shards(self) -> list[Shard]:
        """Return the shards, once every value has been added."""
        self._end()
        while len(self._ended) < len(self._cuts):
            self._begin()
            self._end()
        return self._ended

    def _is_cut_before(self, record: int, value: str) -> bool:
        if self._cuts:
            number = len(self._ended)
            return number < len(self._cuts) - 1 and record > self._cuts[number][1]
        if not self._rows:
            return False
        if self._rows == self._max_rows:
            return True
        more = 2 * len(value.encode()) + 3  # each character may be a quote
        if self._most_bytes + more > self._max_bytes:
            self._most_bytes = self.size - self._offset  # it was an upper bound
        return self._most_bytes + more > self._max_bytes

    def _begin(self) -> None:
        self._offset = self.size
        self._most_bytes = self.write([self._header])
        self._rows = self._first = self._last = 0

    def _end(self) -> None:
        number, length = len(self._ended), self.size - self._offset
        if not self._cuts and length > self._max_bytes:
            raise SourceTooLarge("a value is larger than max_upload_bytes")
        records = self._cuts[number] if self._cuts else (self._first, self._last)
        self._ended.append(
            Shard(records=records, rows=self._rows, offset=self._offset, length=length)
        )
