"""Prepare batch: turn the rows of a batch into requests, before any of them is sent."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from itertools import islice

from functions.aws.batch_store import BatchStore
from functions.batch_items import PlannedPart, write_items
from functions.batch_records import BatchRecords
from functions.core.errors import RequestInvalid, SourceTooLarge
from functions.core.model import Job, Next, PreparedList
from functions.core.quote import Remarks
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
) -> tuple[Job, Remarks]:
    """Write the requests of a batch into the inbox bucket; return it, and its quote.

    `sending_seconds` returns how long the provider's rate takes for so many requests.

    Personal data stays in S3: an item of the Map has only the position of its request's
    body.

    The records are written for Join, but not of a batch whose rows are numbered as in
    0.1.0: these are no numbers of records.

    Raises:
        RequestInvalid: No row is valid, or too many are invalid.
        SourceTooLarge: The file makes more requests than the settings allow.
    """
    earlier_index = batch_store.row_index() if job.attempt > 1 else None
    by_record = earlier_index.by_record if earlier_index else True
    prepared: PreparedList = PreparedList()
    quote: Remarks = {}
    with BatchRecords() as records:
        requests, invalid = _split(
            adapter.pack(
                job.type, job.key, source, by_record=by_record, keeper=records
            ),
            max_requests=max_requests,
        )
        if by_record:
            prepared, quote = records.write(
                job.type, requests, invalid, batch_store=batch_store
            )

    parts, offset = [], 0
    for request in requests:
        length = len(request.body)
        parts.append(
            PlannedPart(
                type=request.type, rows=request.rows, offset=offset, length=length
            )
        )
        offset += length + 1
    bodies = b"".join(request.body + b"\n" for request in requests)
    version_id = batch_store.put("requests.jsonl", bodies)
    batch = write_items(
        job,
        parts,
        batch_store=batch_store,
        sending_seconds=sending_seconds,
        invalid=[asdict(row) for row in invalid],
        by_record=by_record,
    )
    batched = job.with_(
        next=Next.REQUESTS,
        rows=len(invalid) + sum(len(request.rows) for request in requests),
        invalid=len(invalid),
        batch=replace(
            batch,
            key=batch_store.key("requests.jsonl"),
            version_id=version_id,
            values=sum(request.values for request in requests),
        ),
        prepared=prepared,
    )
    return batched, quote


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
