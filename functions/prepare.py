"""Prepare: make the requests of a batch, before any of them is sent."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry, wiring
from functions.aws.batch_store import BatchStore
from functions.core import identity
from functions.core.batch_results import RowIndex
from functions.core.errors import CourierError, RequestInvalid, SourceTooLarge
from functions.core.model import Batch, Job, State
from functions.providers.protocol import BatchProvider, BatchRequest, InvalidRow, Source

#: Beyond these a file is no list with mistakes, and they are all held in memory.
_MOST_REFUSED = 100_000


def prepare(
    job: Job,
    *,
    provider: BatchProvider,
    source: Source,
    batch_store: BatchStore,
    max_bytes: int,
    max_requests: int,
) -> Job:
    """Give the batch with its requests written down in the inbox bucket.

    The same rows give the same request, so that a second attempt finds what the first
    one sent, whatever became of other rows. Personal data stays in S3: the list of the
    requests, of which each becomes an item of the Map, says only where their bodies
    are.

    Raises:
        RequestInvalid: Not one row is worth sending, or far too many are not.
        SourceTooLarge: It is more than the settings allow.
    """
    if source.size > max_bytes:
        raise SourceTooLarge("the file is larger than max_upload_bytes")
    packed, refused = _sorted(
        provider.pack(job.type, job.key, source), max_requests=max_requests
    )

    items, bodies, offset = [], [], 0
    for number, request in enumerate(packed):
        body = request.body + b"\n"
        items.append(
            {
                "job_id": identity.of_part(job.job_id, request.rows),
                "type": request.type,
                "part": {
                    "batch_id": job.job_id,
                    "number": number,
                    "offset": offset,
                    "length": len(request.body),
                },
            }
        )
        bodies.append(body)
        offset += len(body)
    batch = Batch(
        requests=len(packed),
        key=batch_store.key("requests.jsonl"),
        version_id=batch_store.put("requests.jsonl", b"".join(bodies)),
        items_key=batch_store.key("items.json"),
    )
    batch_store.put("items.json", json.dumps(items).encode())
    batch_store.put("rows.json", json.dumps(_rows(packed, refused)).encode())
    rows = len(refused) + sum(len(request.rows) for request in packed)
    return job.with_(rows=rows, invalid=len(refused), batch=batch)


def _sorted(
    found: Iterable[BatchRequest | InvalidRow], *, max_requests: int
) -> tuple[list[BatchRequest], list[InvalidRow]]:
    packed: list[BatchRequest] = []
    refused: list[InvalidRow] = []
    for one in found:
        if isinstance(one, InvalidRow):
            if len(refused) == _MOST_REFUSED:
                raise RequestInvalid(f"too many rows are invalid, {_such_as(refused)}")
            refused.append(one)
        elif len(packed) == max_requests:
            raise SourceTooLarge("the file makes more than max_batch_requests requests")
        else:
            packed.append(one)
    if not packed:
        raise RequestInvalid(f"no row is valid, {_such_as(refused)}")
    return packed, refused


def _such_as(refused: list[InvalidRow]) -> str:
    return f"for example: {refused[0].reason}"


def _rows(packed: list[BatchRequest], refused: list[InvalidRow]) -> dict[str, Any]:
    return RowIndex(
        requests=[request.rows for request in packed],
        invalid=[asdict(one) for one in refused],
    ).to_document()


@wiring.handler
def handler(event: State, _context: LambdaContext) -> State:
    """Prepare a batch, as the workflow's state of this name."""
    job = wiring.job(event)
    known = wiring.provider_settings(job)

    try:
        with telemetry.count_errors(job):
            prepared = prepare(
                job,
                provider=wiring.batching(job),
                source=wiring.inbox(job),
                batch_store=wiring.parcels(job),
                max_bytes=known.max_upload_bytes,
                max_requests=known.max_batch_requests,
            )
    except CourierError as error:
        telemetry.logger.warning(
            "not prepared", error=type(error).__name__, reason=str(error)
        )
        raise

    telemetry.logger.info(
        "prepared",
        rows=prepared.rows,
        invalid=prepared.invalid,
        requests=prepared.batch.requests,
    )
    return prepared.to_state()
