"""Join: put the provider's verdict beside each record that the uploader gave us."""

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, clock, telemetry
from functions.aws.batch_store import REMEMBERED_FILE, BatchStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.results import Results, StoredObject
from functions.aws.settings import function_settings, provider_settings
from functions.aws.store_result import store_result
from functions.aws.verdict_memory import VerdictMemory
from functions.core.errors import RowsUnjoinable
from functions.core.file_formats import CSV, PARQUET
from functions.core.metrics import Metric
from functions.core.model import Job, State
from functions.core.result_keys import COMPLETE_KINDS, of_attempt, result_key
from functions.core.rows import (
    JOINED_KIND,
    JOINED_PARQUET_KIND,
    JOINED_SPREADSHEET_KIND,
)
from functions.joining.join import Join, Table
from functions.providers.bodies import FileBody
from functions.remembering import Remembering

#: The name and the format of the object of each kind.
_OBJECTS = {
    JOINED_KIND: (JOINED_KIND, CSV),
    JOINED_PARQUET_KIND: (JOINED_KIND, PARQUET),
    JOINED_SPREADSHEET_KIND: (JOINED_SPREADSHEET_KIND, CSV),
}


def join(
    job: Job,
    *,
    results: Results,
    batch_store: BatchStore,
    folder: Path,
    remembering: Remembering | None = None,
) -> Job:
    """Write the joined files of a job; return it with them and their numbers.

    What is new of the verdicts is remembered then, if anything is. Everything is read
    into an empty `folder` first. Where a result was not fetched,
    nothing is joined: the job ends without a manifest, and its retry comes here again.

    Raises:
        RowsUnjoinable: The records and the results could not be put together.
    """
    if any(file.error for file in job.files):
        return job
    read = _read(job, results, batch_store, folder)
    tells_verdicts = remembering is not None
    joined = replace(read, tells_verdicts=tells_verdicts).write(folder / "work")
    rows = joined.rows
    prepared = job.prepared
    if (rows.records, rows.sent) != (prepared.records, prepared.sent):
        raise RowsUnjoinable("the list of records is not the one that was prepared")
    files = [
        replace(
            store_result(
                results,
                result_key(job, of_attempt(job, name), file_format),
                file_format,
                job_id=job.job_id,
                kind=kind,
                open_body=partial(FileBody, path),
            ),
            rows=rows.records,
        )
        for kind, path in joined.files.items()
        for name, file_format in (_OBJECTS[kind],)
    ]
    if remembering and joined.verdicts:
        remembering.remember(job, joined.verdicts)
    return job.with_(files=(*job.files, *files), joined=rows)


def _read(job: Job, results: Results, batch_store: BatchStore, folder: Path) -> Join:
    """Copy what is joined into a folder."""
    (folder / "work").mkdir()
    prepared = job.prepared
    records = folder / "records.csv"
    _write(records, batch_store.chunks("records.csv", prepared.records_version_id))
    document = b"".join(batch_store.chunks("table.json", prepared.table_version_id))
    table = json.loads(document)
    remembered = None
    if version_id := prepared.remembered_version_id:
        remembered = folder / REMEMBERED_FILE
        _write(remembered, batch_store.chunks(REMEMBERED_FILE, version_id))
    paths = {}
    for file in sorted(job.files, key=lambda file: job.kinds.index(file.kind)):
        paths[file.kind] = folder / f"{file.kind}{PurePosixPath(file.key).suffix}"
        stored = StoredObject(key=file.key, version_id="", bytes=file.bytes)
        _write(paths[file.kind], results.chunks(stored))
    return Join(
        records=records,
        table=Table(header=tuple(table["header"]), width=table["width"]),
        results=paths,
        remembered=remembered,
        complete=COMPLETE_KINDS,
        lacking=job.batch.lacking,
        provider=job.provider,
        type=job.type,
        spreadsheet_safe=function_settings().spreadsheet_safe,
    )


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(chunks)


def _remembering(job: Job) -> Remembering | None:
    """Return what keeps the verdicts; None where nothing is to be remembered."""
    days = provider_settings(job.provider).remembered_days
    if not days:
        return None
    memory = VerdictMemory.from_environment()
    return Remembering(memory=memory, days=days, now=clock.now)


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Join for one list or batch."""
    job = read_job(event)

    with telemetry.count_errors(job), TemporaryDirectory(prefix="join-") as folder:
        joined = join(
            job,
            results=Results.from_environment(),
            batch_store=BatchStore(job, s3=clients.s3()),
            folder=Path(folder),
            remembering=_remembering(job),
        )

    rows = joined.joined
    telemetry.logger.info(
        "joined",
        records=rows.records,
        sent=rows.sent,
        missing=rows.missing,
        failed=rows.failed,
        unexpected=rows.unexpected,
    )
    telemetry.measure(
        {Metric.ROWS_MISSING: rows.missing, Metric.ROWS_UNEXPECTED: rows.unexpected},
        job,
    )
    return joined.to_state()
