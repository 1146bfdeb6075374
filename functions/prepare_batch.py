"""Prepare batch: turn the rows of a batch into requests, before any of them is sent."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from functions.aws.batch_store import BatchStore
from functions.core import identity
from functions.core.batch_results import RowIndex
from functions.core.errors import RequestInvalid, SourceTooLarge
from functions.core.model import Batch, Job, Next
from functions.core.source import Source
from functions.providers.protocol import BatchProvider, BatchRequest, InvalidRow

#: A file with more than this is hardly a list with mistakes; all are kept in memory.
_MAX_INVALID_ROWS = 100_000


def prepare_batch(
    job: Job,
    *,
    adapter: BatchProvider,
    source: Source,
    batch_store: BatchStore,
    max_requests: int,
) -> Job:
    """Write the requests of a batch into the inbox bucket; return the batch.

    The job_id of a request depends only on its rows and on the number of its
    submission, so that a second try finds what the first one sent. A retry keeps
    requests with results, which are not among the items of the Map; it sends those
    again that the provider has failed. Personal data stays in S3: an item of the Map
    has only the position of its request's body.

    Raises:
        RequestInvalid: No row is valid, or too many are invalid.
        SourceTooLarge: The file makes more requests than the settings allow.
    """
    requests, invalid = _split(
        adapter.pack(job.type, job.key, source), max_requests=max_requests
    )

    ended = batch_store.ended_requests() if job.attempt > 1 else {}
    items, kept, bodies, offset = [], [], [], 0
    for number, request in enumerate(requests):
        earlier = ended.get(identity.of_part(job.job_id, request.rows))
        submission = earlier.next_submission if earlier else 1
        item = {
            "job_id": identity.of_part(job.job_id, request.rows, submission=submission),
            "type": request.type,
            "part": {
                "batch_id": job.job_id,
                "number": number,
                "offset": offset,
                "length": len(request.body),
                "batch_since": job.waiting_since,
            },
            "submission": submission,
        }
        if earlier and earlier.result.is_kept:
            kept.append({**item, **asdict(earlier.result)})
        else:
            items.append(item)
        bodies.append(request.body + b"\n")
        offset += len(bodies[-1])
    if not items:  # a Map needs one; asking for what is known is not paid for
        items, kept = kept, []
    rows = RowIndex(
        requests=[request.rows for request in requests],
        invalid=[asdict(row) for row in invalid],
        kept=kept,
    )
    batch = Batch(
        requests=len(requests),
        key=batch_store.key("requests.jsonl"),
        version_id=batch_store.put("requests.jsonl", b"".join(bodies)),
        items_key=batch_store.key("items.json"),
    )
    batch_store.put("items.json", json.dumps(items).encode())
    batch_store.put("rows.json", json.dumps(rows.to_document()).encode())
    return job.with_(
        next=Next.REQUESTS,
        rows=len(invalid) + sum(len(request.rows) for request in requests),
        invalid=len(invalid),
        batch=batch,
    )


def _split(
    packed: Iterable[BatchRequest | InvalidRow], *, max_requests: int
) -> tuple[list[BatchRequest], list[InvalidRow]]:
    requests: list[BatchRequest] = []
    invalid: list[InvalidRow] = []
    for entry in packed:
        if isinstance(entry, InvalidRow):
            if len(invalid) == _MAX_INVALID_ROWS:
                example = f"for example: {invalid[0].reason}"
                raise RequestInvalid(f"too many rows are invalid, {example}")
            invalid.append(entry)
        elif len(requests) == max_requests:
            raise SourceTooLarge(
                f"the file makes more than {max_requests} requests, which is "
                "max_batch_requests"
            )
        else:
            requests.append(entry)
    if not requests:
        example = f"for example: {invalid[0].reason}"
        raise RequestInvalid(f"no row is valid, {example}")
    return requests, invalid
