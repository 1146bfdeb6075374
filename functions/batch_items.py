"""Batch items: list what the Map runs of a batch or a list, and what a retry keeps."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from functions.aws.batch_store import ROW_INDEX, BatchStore
from functions.core import identity
from functions.core.batch_results import RequestResult, RowIndex
from functions.core.model import Batch, Job, Outcome

#: Of a part without anything to send.
_NOTHING = RequestResult(Outcome.SUCCEEDED)


@dataclass(frozen=True, kw_only=True)
class PlannedPart:
    """A request of a batch, or a shard of a list, before it is sent.

    Its body is `length` bytes from `offset`. Its id is made of `rows`, which are the
    numbers of its rows, or the first and the last one. `shard` is the number of a
    shard, from 1, and `values` how many it has.
    """

    type: str
    rows: Sequence[int]
    offset: int
    length: int
    shard: int = 0
    values: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send: a retry needs none of the values."""
        return bool(self.shard) and not self.values


def write_items(
    job: Job,
    parts: Iterable[PlannedPart],
    *,
    batch_store: BatchStore,
    sending_seconds: Callable[[int], float],
    invalid: Sequence[Mapping[str, Any]] = (),
    by_record: bool = True,
) -> Batch:
    """Write the items of the Map and the index of rows; return the batch.

    The job_id of a part depends only on its rows and on the number of its submission,
    so that a second try finds what the first one sent. A retry keeps parts with
    results, which are not among the items; it sends those again that the provider has
    failed.
    """
    parts = list(parts)
    ended = batch_store.ended_requests() if job.attempt > 1 else {}
    items: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        earlier = ended.get(identity.of_part(job.job_id, part.rows))
        submission = earlier.next_submission if earlier else 1
        item = _item(job, number, part, submission)
        if part.is_empty:
            kept.append({**item, **asdict(_NOTHING)})
        elif earlier and earlier.result.is_kept:
            kept.append({**item, **asdict(earlier.result)})
        else:
            items.append(item)
    if not items:  # a Map needs one; asking for what is known is not paid for
        items = [item for item in kept if item["part"].get("rows", 1)]
        kept = [item for item in kept if item not in items]
    seconds = sending_seconds(len(items))
    if seconds:
        for item in items:
            item["part"]["sending_seconds"] = seconds
    rows = RowIndex(
        requests=[part.rows for part in parts],
        invalid=invalid,
        kept=kept,
        by_record=by_record,
    )
    batch_store.put("items.json", json.dumps(items).encode())
    batch_store.put(ROW_INDEX, json.dumps(rows.to_document()).encode())
    return Batch(
        requests=len(parts),
        items_key=batch_store.key("items.json"),
        sending_seconds=seconds,
    )


def _item(job: Job, number: int, part: PlannedPart, submission: int) -> dict[str, Any]:
    position = {
        "batch_id": job.job_id,
        "number": number,
        "offset": part.offset,
        "length": part.length,
        "batch_since": job.waiting_since,
    }
    if part.shard:
        position |= {
            "shard": part.shard,
            "rows": part.values,
            "submission": submission,
        }
    return {
        "job_id": identity.of_part(job.job_id, part.rows, submission=submission),
        "type": part.type,
        "part": position,
        "submission": submission,
    }
