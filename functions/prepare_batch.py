"""Prepare batch: turn the rows of a batch into requests, before any of them is sent."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from itertools import islice
from typing import Any

from functions.aws.batch_store import ROW_INDEX, BatchStore
from functions.core import identity
from functions.core.batch_results import RowIndex
from functions.core.errors import RequestInvalid, SourceTooLarge
from functions.core.model import Batch, Job, Next
from functions.core.source import Source
from functions.providers.protocol import BatchProvider, BatchRequest, InvalidRow

#: A file with more than this is hardly a list with mistakes; all are kept in memory.
_MAX_INVALID_ROWS = 100_000
#: How many of the reasons why rows are invalid an error names, and rows of each.
_SHOWN_REASONS, _SHOWN_ROWS = 5, 3


def prepare_batch(
    job: Job,
    *,
    adapter: BatchProvider,
    source: Source,
    batch_store: BatchStore,
    max_requests: int,
    sending_seconds: Callable[[int], float],
) -> Job:
    """Write the requests of a batch into the inbox bucket; return the batch.

    `sending_seconds` returns how long the provider's rate takes for so many requests.

    The job_id of a request depends only on its rows and on the number of its
    submission, so that a second try finds what the first one sent. A retry keeps
    requests with results, which are not among the items of the Map; it sends those
    again that the provider has failed. Personal data stays in S3: an item of the Map
    has only the position of its request's body.

    Raises:
        RequestInvalid: No row is valid, or too many are invalid.
        SourceTooLarge: The file makes more requests than the settings allow.
    """
    earlier_index = batch_store.row_index() if job.attempt > 1 else None
    by_record = earlier_index.by_record if earlier_index else True
    requests, invalid = _split(
        adapter.pack(job.type, job.key, source, by_record=by_record),
        max_requests=max_requests,
    )

    ended = batch_store.ended_requests() if job.attempt > 1 else {}
    items: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    bodies, offset = [], 0
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
    seconds = sending_seconds(len(items))
    for item in items:
        item["part"]["sending_seconds"] = seconds
    rows = RowIndex(
        requests=[request.rows for request in requests],
        invalid=[asdict(row) for row in invalid],
        kept=kept,
        by_record=by_record,
    )
    batch = Batch(
        requests=len(requests),
        key=batch_store.key("requests.jsonl"),
        version_id=batch_store.put("requests.jsonl", b"".join(bodies)),
        items_key=batch_store.key("items.json"),
        sending_seconds=seconds,
    )
    batch_store.put("items.json", json.dumps(items).encode())
    batch_store.put(ROW_INDEX, json.dumps(rows.to_document()).encode())
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
                raise RequestInvalid(f"too many rows are invalid: {_reasons(invalid)}")
            invalid.append(entry)
        elif len(requests) == max_requests:
            raise SourceTooLarge(
                f"the file makes more than {max_requests:,} requests, which is "
                "max_batch_requests"
            )
        else:
            requests.append(entry)
    if not requests:
        raise RequestInvalid(f"no row is valid: {_reasons(invalid)}")
    return requests, invalid


def _reasons(invalid: Iterable[InvalidRow]) -> str:
    """Return why rows are invalid, with the places of some for each reason."""
    places: dict[str, list[str]] = {}
    for row in invalid:
        places.setdefault(row.reason, []).append(f"row {row.row} (line {row.line})")
    texts = []
    for reason, rows in islice(places.items(), _SHOWN_REASONS):
        more = len(rows) - _SHOWN_ROWS
        and_more = f" and {more:,} more" if more > 0 else ""
        texts.append(f"{', '.join(rows[:_SHOWN_ROWS])}{and_more}: {reason}")
    return "; ".join(texts)
