"""Prepare list: write the unique values of a list, for submission."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from functions.aws.batch_store import BatchStore
from functions.aws.s3_source import S3Source
from functions.core.errors import SourceTooLarge
from functions.core.model import Job, Next, Phase, PreparedList
from functions.core.provider_settings import ProviderSettings
from functions.core.quote import Remarks
from functions.core.upload_options import ListOptions, word_for
from functions.recalling import Recall, RecalledBefore
from functions.records_file import RecordsFile
from functions.submission_file import Shard, SubmissionFile
from functions.tables.list_reading import ListReading, Status, read_list
from functions.tables.reader import ReadOptions

#: The header of a submission file by type, in plain words; of others it is `value`.
_HEADERS = {"email": "email", "phone": "phone", "proxy": "ip", "url": "url"}
#: The most characters of a header that a quote repeats.
_MAX_HEADER = 200


def prepare_list(
    job: Job,
    *,
    source: S3Source,
    settings: ProviderSettings,
    batch_store: BatchStore,
    now: float,
    asked: ListOptions,
    before: PreparedList,
    recall: Recall | RecalledBefore | None = None,
    may_cut: bool = True,
) -> tuple[Job, Remarks]:
    """Write the work files of a list; return the job, and what there is to say of it.

    What `asked` does not say of the table, the object's metadata may.

    `submission.csv` is what is sent: each value once, in one column. `records.csv` has
    every record of the source and what becomes of it, `table.json` describes the table.
    They depend only on the source and `asked`, on the settings, and on what the memory
    knows: there `remembered.jsonl` has the verdicts that are not asked for again. If
    none is, the job's results are there already.

    What is too large for one upload is cut into shards, which are sent like the
    requests of a batch, unless the whole may have been sent already (not `may_cut`).
    What an attempt `before` has cut is cut in the same places, with what does not fit
    only if it was there then: numbers have to be those of the shards that are kept.

    Raises:
        RequestInvalid: The object's metadata does not say how to read it.
        SourceTooLarge: There are more records or bytes than the settings allow.
        SourceMisnamed, SourceNotText, SourceEmpty, SourceColumnUnclear: The file is no
            list with values of the type.
    """
    said = asked.or_else(ListOptions.from_metadata(source.metadata))
    options = ReadOptions(
        column=said.column,
        header=said.header,
        windows_1252=settings.reads_windows_1252,
    )
    unfit = settings.sends_unfit if said.send_unfit is None else said.send_unfit
    if before.send_unfit:
        unfit = before.send_unfit == word_for(yes=True)
    reading = read_list(source, job.key, job.type, options, send_unfit=unfit)
    index = batch_store.row_index() if may_cut and before.shards else None
    with (
        SubmissionFile(
            _HEADERS.get(job.type, "value"),
            max_rows=settings.max_list_rows,
            max_bytes=settings.max_upload_bytes,
            cuts=[(first, last) for first, last in index.requests] if index else (),
        ) as submission,
        RecordsFile() as records,
    ):
        records_read = reading.records()
        if recall:
            records_read = recall.records(records_read)
        for record in records_read:
            if record.number > settings.max_list_records:
                raise SourceTooLarge(
                    f"the list has more than {settings.max_list_records:,} records, "
                    "which is max_source_records"
                )
            if record.status is Status.SENT:
                submission.add(record.number, record.value)
            records.add(
                (
                    record.number,
                    record.status,
                    record.reason,
                    record.duplicate_of or "",
                    record.value,
                ),
                record.cells,
            )
        shards = submission.shards()
        if len(shards) > 1 and not may_cut:
            raise SourceTooLarge("the values to send take more than one upload")
        version_id = batch_store.put_file("submission.csv", submission.content())
        with records.padded() as padded:
            records_version_id = batch_store.put_file("records.csv", padded.content())
    table = json.dumps(_table(job, reading), ensure_ascii=False).encode()
    counts = reading.counts
    remembered = recall.found if recall else 0
    prepared = PreparedList(
        key=batch_store.key("submission.csv"),
        version_id=version_id,
        records_version_id=records_version_id,
        table_version_id=batch_store.put("table.json", table),
        records=counts.records,
        blank=counts.blank,
        duplicates=counts.duplicates,
        not_sent=counts.not_sent,
        sent=counts.sent - remembered,
        remembered=remembered,
        remembered_version_id=recall.store(batch_store) if recall else "",
        shards=len(shards) if len(shards) > 1 else 0,
        send_unfit=word_for(yes=unfit) if len(shards) > 1 else "",
    )
    ready = job.with_(next=Next.SUBMIT, prepared=prepared)
    if not prepared.sent:
        ready = ready.with_(next=Next.COLLECT, phase=Phase.FINISHED, finished_at=now)
    elif len(shards) > 1:
        ready = _in_shards(ready, shards, settings=settings, batch_store=batch_store)
    return ready, _remarks(reading)


def _in_shards(
    job: Job,
    shards: Sequence[Shard],
    *,
    settings: ProviderSettings,
    batch_store: BatchStore,
) -> Job:
    """Write the items of the Map, one for each shard; return the job to run it."""
    from functions.batch_items import PlannedPart, write_items  # noqa: PLC0415 - few lists are that large

    parts = [
        PlannedPart(
            type=job.type,
            rows=shard.records,
            offset=shard.offset,
            length=shard.length,
            shard=number,
            values=shard.rows,
        )
        for number, shard in enumerate(shards, 1)
    ]
    batch = write_items(
        job,
        parts,
        batch_store=batch_store,
        sending_seconds=settings.sending_seconds,
    )
    prepared = job.prepared
    return job.with_(
        next=Next.REQUESTS,
        rows=prepared.sent,
        distinct_rows=prepared.sent,
        batch=replace(batch, key=prepared.key, version_id=prepared.version_id),
    )


def _table(job: Job, reading: ListReading) -> Mapping[str, Any]:
    """Return what Join and the manifest have to know of the table."""
    return {
        "type": job.type,
        "encoding": reading.table.encoding,
        "separator": reading.table.separator,
        "header": list(reading.header),
        "value_column": reading.value_column.index,
        "width": reading.counts.width,
        "notes": list(reading.notes),
        "not_sent_reasons": dict(reading.reasons),
    }


def _remarks(reading: ListReading) -> Remarks:
    column = reading.value_column
    return {
        "header": column.name[:_MAX_HEADER] if column.has_header else None,
        "not_sent": dict(reading.reasons),
        "notes": list(reading.notes),
    }
