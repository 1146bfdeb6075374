"""Manifest: write the manifest of a job, the last of its objects."""

import json
from collections.abc import Mapping

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.results import Results
from functions.aws.settings import function_settings
from functions.core.errors import ResultMismatch
from functions.core.job_record import JobRecord
from functions.core.manifest import (
    build_manifest,
    delivered_results,
    encode_manifest,
    read_manifest,
)
from functions.core.model import File, Job, Next, Outcome, Phase, State
from functions.core.result_keys import manifest_key, unjoined_key
from functions.core.rows import RowsVerdict


def write_manifest(
    job: Job,
    results: Results,
    *,
    source: Mapping[str, str | None] | None = None,
    label: str = "",
) -> Job:
    """Write a job's manifest and return the job as succeeded, or partially so.

    A manifest that is there already stands if it says the same about the results; the
    returned job then has the files that it names.

    Raises:
        ResultsIncomplete: Some results could not be fetched; nothing was written.
        ResultMismatch: Another manifest is there.
    """
    is_partial = job.phase is Phase.PARTIAL
    key = manifest_key(job)
    ended = job.with_(
        next=Next.CONCLUDE,
        outcome=Outcome.PARTIAL if is_partial else Outcome.SUCCEEDED,
        manifest_key=key,
    )

    shard_files, shard_errors = _shards(job, results)
    manifest = build_manifest(
        ended.with_(files=(*ended.files, *shard_files)),
        source=source,
        label=label,
        shard_errors=shard_errors,
    )
    if job.joined.error:  # a retry joins what was fetched, and asks for nothing
        results.put(
            unjoined_key(job),
            json.dumps(job.to_state()).encode(),
            metadata={"job-id": job.job_id, "kind": "unjoined"},
        )
    stored = results.put(
        key,
        encode_manifest(manifest),
        metadata={"job-id": job.job_id, "kind": "manifest"},
    )
    if stored.existed:
        first = read_manifest(results.read(stored))
        if delivered_results(first) != delivered_results(manifest):
            raise ResultMismatch("the manifest that is there names other results")
        of_shards = {file.kind for file in shard_files}
        files = map(File.from_state, first["files"])
        ended = ended.with_(
            files=tuple(file for file in files if file.kind not in of_shards)
        )
    return ended.with_(verdict=RowsVerdict(manifest["rows"]["verdict"]))


def _shards(job: Job, results: Results) -> tuple[list[File], Mapping[str, str]]:
    """Return the files of a list's shards, and the errors of those without."""
    key = job.batch.files_key
    stored = results.find(key, job_id=job.job_id) if key else None
    if stored is None:
        return [], {}
    document = json.loads(results.read(stored))
    return [File.from_state(file) for file in document["files"]], document["errors"]


def _source(record: JobRecord, *, shows_name: bool) -> dict[str, str | None]:
    """Return the name of a job's file, and of a list the header that was taken."""
    source = {"name": record.file_name} if shows_name and record.file_name else {}
    if not record.prepared_list.key:
        return {**source}
    return {**source, "header": json.loads(record.quote or "{}").get("header")}


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Manifest for one job."""
    job = read_job(event)

    with telemetry.count_errors(job):
        record = JobStore.from_environment().record(job)
        ended = write_manifest(
            job,
            Results.from_environment(),
            source=_source(record, shows_name=function_settings().show_file_names),
            label=record.label,
        )

    telemetry.logger.info(
        "manifest written", files=len(ended.files), verdict=ended.verdict
    )
    return ended.to_state()
