"""Batch records: note the records of a batch, and what became of each."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from functions.aws.batch_store import BatchStore
from functions.core.model import PreparedList
from functions.core.quote import Remarks
from functions.csv_file import CsvFile
from functions.providers.protocol import BatchRequest, InvalidRow
from functions.records_file import RecordsFile
from functions.tables.list_reading import Status


class BatchRecords:
    """The records of one batch, on disk; implements `RecordKeeper`.

    What becomes of a record is known once the whole file has been read.
    """

    def __init__(self) -> None:
        self._kept = CsvFile(csv.QUOTE_ALL)
        self._table: dict[str, Any] = {"encoding": "", "separator": "", "notes": []}
        self._header: Sequence[str] = ()

    def __enter__(self) -> Self:
        self._kept.__enter__()
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._kept.__exit__(type_, error, traceback)

    def begin(self, *, encoding: str, separator: str, header: Sequence[str]) -> None:
        """Take what is known of the table (see `RecordKeeper.begin`)."""
        self._table |= {"encoding": encoding, "separator": separator}
        self._header = header

    def keep(self, number: int, cells: Sequence[str]) -> None:
        """Take a record (see `RecordKeeper.keep`)."""
        self._kept.write((number, *cells))

    def end(self, notes: Sequence[str]) -> None:
        """Take what was dropped of the file (see `RecordKeeper.end`)."""
        self._table["notes"] = list(notes)

    def write(
        self,
        type_: str,
        requests: Iterable[BatchRequest],
        invalid: Iterable[InvalidRow],
        *,
        batch_store: BatchStore,
    ) -> tuple[PreparedList, Remarks]:
        """Write `records.csv` and `table.json`, as for a list; return what they say.

        Raises:
            SourceTooLarge: One record is so wide that the table becomes too large.
        """
        reasons = {row.row: row.reason for row in invalid}
        originals = {
            row: request.duplicates.get(row, 0)
            for request in requests
            for row in request.rows
        }
        statuses: Counter[Status] = Counter()
        not_sent: Counter[str] = Counter()
        with RecordsFile() as records:
            for first, *cells in self._kept.rows():
                number, original = int(first), originals.get(int(first))
                reason = reasons.get(number, "")
                status = _status(reason, original)
                statuses[status] += 1
                not_sent.update([reason] if reason else [])
                records.add((number, status, reason, original or "", ""), cells)
            with records.padded() as padded:
                version_id = batch_store.put_file("records.csv", padded.content())
            width = records.width
        table = {
            "type": type_,
            **self._table,
            "header": list(self._header),
            "width": width,
            "not_sent_reasons": dict(not_sent),
        }
        document = json.dumps(table, ensure_ascii=False).encode()
        prepared = PreparedList(
            records_version_id=version_id,
            table_version_id=batch_store.put("table.json", document),
            records=statuses.total(),
            blank=statuses[Status.BLANK],
            duplicates=statuses[Status.DUPLICATE],
            not_sent=statuses[Status.NOT_SENT],
            sent=statuses[Status.SENT],
        )
        quote = {"not_sent": dict(not_sent), "notes": self._table["notes"]}
        return prepared, {"header": None, **quote}


def _status(reason: str, original: int | None) -> Status:
    if reason:
        return Status.NOT_SENT
    if original is None:  # neither in a request nor invalid
        return Status.BLANK
    return Status.DUPLICATE if original else Status.SENT
