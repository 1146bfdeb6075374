"""Recalling: leave out of a list what was verified lately, and note its verdicts.

Join reads the note, and never the memory: in between a verdict may expire, or be
forgotten.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Self, cast

from functions.aws import telemetry
from functions.aws.batch_store import REMEMBERED_FILE, BatchStore
from functions.aws.verdict_memory import RememberedVerdict, VerdictMemory
from functions.core import identity
from functions.core.keys import FRESH_OPTION
from functions.core.metrics import Metric
from functions.core.model import Job, PreparedList
from functions.core.upload_options import yes_or_no
from functions.tables.list_reading import ListRecord, Status
from functions.tables.values import match_key

#: Records are looked up together: so many at most, with so many characters.
_MOST_RECORDS = 3200
_MOST_CHARACTERS = 4 * 1024 * 1024


def asks_for_fresh(job: Job, metadata: Mapping[str, str]) -> bool:
    """Return whether a list is to be verified anew, whatever is remembered of it.

    By `fresh` of the API, whose job is not that of the upload, or by the object's
    metadata.

    Raises:
        RequestInvalid: The metadata says neither yes nor no.
    """
    id_of_upload = identity.of_object(job.bucket, job.key, job.version_id)
    return bool(yes_or_no(metadata, FRESH_OPTION)) or job.job_id != id_of_upload


class Recall:
    """What the memory knows about the values of a list, until its `with` block ends."""

    def __init__(self, job: Job, memory: VerdictMemory, *, now: float) -> None:
        self._job = job
        self._memory = memory
        self._now = now
        # Unnamed, so that nothing is left of it if the process is killed.
        self._file = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - closed below
        self.found = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def records(self, records: Iterator[ListRecord]) -> Iterator[ListRecord]:
        """Yield the records; one that was to be sent and is remembered says so.

        Raises:
            AwsUnavailable, AwsRefused: The memory could not be read.
        """
        for together in _together(records):
            ids = {
                record.number: self._id(record.value)
                for record in together
                # What does not fit is not remembered either.
                if record.status is Status.SENT and not record.reason
            }
            verdicts = self._memory.recall(ids.values(), now=self._now)
            for record in together:
                verdict = verdicts.get(ids.get(record.number, ""))
                yield self._remembered(record, verdict) if verdict else record

    def store(self, batch_store: BatchStore) -> str:
        """Write the work file; return its version id, "" where nothing was found."""
        telemetry.measure({Metric.VERDICTS_RECALLED: self.found}, self._job)
        if not self.found:
            return ""
        return batch_store.put_file(REMEMBERED_FILE, self._file)

    def _id(self, value: str) -> str:
        job = self._job
        return self._memory.id_of(job.provider, job.type, match_key(job.type, value))

    def _remembered(self, record: ListRecord, verdict: RememberedVerdict) -> ListRecord:
        row = {
            name: record.value if cell is None else cell
            for name, cell in verdict.row.items()
        }
        day = datetime.fromtimestamp(verdict.verified_at, UTC).date()
        reason = f"verified on {day}"
        line = {
            "record": record.number,
            "list": verdict.list,
            "row": row,
            "reason": reason,
        }
        self._file.write(json.dumps(line).encode() + b"\n")
        self.found += 1
        return record._replace(status=Status.REMEMBERED, reason=reason)


class RecalledBefore:
    """What an earlier attempt recalled of a list in shards: its shards stay as cut.

    The memory knows more by now, if only of the shards that were delivered.
    """

    def __init__(self, batch_store: BatchStore, prepared: PreparedList) -> None:
        self._batch_store = batch_store
        self._version_id = prepared.remembered_version_id
        self.found = prepared.remembered

    def records(self, records: Iterator[ListRecord]) -> Iterator[ListRecord]:
        """Yield the records; one that was recalled says so again."""
        lines = self._lines()
        line = next(lines, None)
        for record in records:
            if line is None or line["record"] != record.number:
                yield record
                continue
            yield record._replace(status=Status.REMEMBERED, reason=line["reason"])
            line = next(lines, None)

    def store(self, _: BatchStore) -> str:
        """Return the version id of the work file, which is there already."""
        return self._version_id

    def _lines(self) -> Iterator[Any]:
        if not self._version_id:
            return
        rest = b""
        for chunk in self._batch_store.chunks(REMEMBERED_FILE, self._version_id):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from map(json.loads, lines)


def _together(records: Iterator[ListRecord]) -> Iterator[list[ListRecord]]:
    together: list[ListRecord] = []
    characters = 0
    for record in records:
        together.append(record)
        characters += sum(map(len, record.cells))
        if len(together) == _MOST_RECORDS or characters >= _MOST_CHARACTERS:
            yield together
            together, characters = [], 0
    if together:
        yield together
