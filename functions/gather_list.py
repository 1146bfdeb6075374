"""Gather list: merge the results of a list's shards, and list them for the manifest."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from functions.aws import telemetry
from functions.aws.batch_store import ROW_INDEX, BatchStore
from functions.aws.results import Results, StoredObject
from functions.aws.store_result import store_result
from functions.core.batch_results import RowIndex
from functions.core.error_details import REPORTED_ERRORS
from functions.core.errors import RowsUnjoinable
from functions.core.file_formats import CSV
from functions.core.model import File, Job
from functions.core.result_keys import (
    error_key,
    of_attempt,
    of_shard,
    result_key,
    shards_key,
)
from functions.ended_parts import EndedPart, read_ended_parts, with_ends
from functions.merging import merged
from functions.providers.bodies import IteratorBody


def gather_list(
    job: Job,
    *,
    answers: Sequence[Any],
    kinds: Sequence[str],
    batch_store: BatchStore,
    results: Results,
    now: float,
) -> Job:
    """Write a file of each kind with the rows of all shards; return the list.

    The shards' own files stay beside them. They are named in an object of their own,
    from which the manifest takes them: a state could not hold hundreds. If no shard has
    a result, the list has failed.
    """
    index = RowIndex.from_document(batch_store.read_json(ROW_INDEX))
    parts = read_ended_parts(job, index, answers=answers, batch_store=batch_store)
    parts = [part for part in parts if part.job.part.rows]
    outcomes: Counter[str] = Counter()
    for part in parts:
        outcomes[str(part.result.outcome)] += part.job.part.rows
    gathered = with_ends(
        job, [part.result for part in parts], outcomes=outcomes, now=now
    )
    gathered = gathered.with_(error_key=_first_error(parts, results))
    delivered = [part for part in parts if part.result.has_result]
    if not delivered:
        return gathered
    merge = _Merge(job, delivered, results)
    for kind in kinds:
        merge.add(kind)
    merge.write_list({str(p.job.part.shard): p.result.error for p in parts})
    return gathered.with_(
        kinds=tuple(file.kind for file in merge.files),
        absent=tuple(merge.absent),
        files=tuple(merge.files),
        batch=replace(
            gathered.batch,
            files_key=shards_key(job),
            lacking=tuple(merge.lacking),
        ),
    )


class _Merge:
    """The merged files of a list, and what they are made of.

    `absent` are the kinds that no shard has, `lacking` those that not all have.
    """

    def __init__(self, job: Job, parts: Sequence[EndedPart], results: Results) -> None:
        self._job, self._parts, self._results = job, parts, results
        self._of_shards: list[File] = []
        self.files: list[File] = []
        self.absent: list[str] = []
        self.lacking: list[str] = []

    def add(self, kind: str) -> None:
        """Merge the files of one kind."""
        found = [
            (part.job, stored)
            for part in self._parts
            if (
                stored := self._results.find(
                    result_key(part.job, kind, CSV), job_id=part.job.job_id
                )
            )
        ]
        if not found:
            self.absent.append(kind)
            return
        if len(found) < len(self._parts):
            self.lacking.append(kind)
        self._of_shards += [self._file(job, kind, stored) for job, stored in found]
        chunks = [partial(self._results.chunks, stored) for _, stored in found]
        try:
            file = store_result(
                self._results,
                result_key(self._job, of_attempt(self._job, kind), CSV),
                CSV,
                job_id=self._job.job_id,
                kind=kind,
                open_body=lambda: IteratorBody(merged(chunks)),
            )
        except RowsUnjoinable as error:
            # What was paid for is delivered all the same, shard by shard.
            telemetry.logger.warning("not merged", kind=kind, reason=str(error))
            self.lacking = [*{*self.lacking, kind}]
            return
        self.files.append(file)

    def write_list(self, errors: dict[str, str]) -> None:
        """Write the names of the shards' files, and the errors of shards without."""
        document = {
            "files": [asdict(file) for file in self._of_shards],
            "errors": {shard: error for shard, error in errors.items() if error},
        }
        self._results.put(
            shards_key(self._job),
            json.dumps(document).encode(),
            metadata={"job-id": self._job.job_id, "kind": "shards"},
        )

    def _file(self, job: Job, kind: str, stored: StoredObject) -> File:
        stats = self._results.measure(stored, CSV)
        return File(
            kind=of_shard(job, kind),
            key=stored.key,
            version_id=stored.version_id,
            bytes=stats.bytes,
            rows=stats.rows,
            sha256=stats.sha256,
        )


def _first_error(parts: Sequence[EndedPart], results: Results) -> str:
    """Return the key of what the provider said of a shard; empty if it said nothing."""
    said = (part.job for part in parts if part.result.error in REPORTED_ERRORS)
    keys = ((error_key(job), job.job_id) for job in said)
    return next((key for key, id_ in keys if results.find(key, job_id=id_)), "")
