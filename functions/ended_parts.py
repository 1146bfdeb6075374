"""Ended parts: read how a batch's requests, or a list's shards, have ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from functions.aws.batch_store import BatchStore
from functions.core import identity
from functions.core.batch_results import (
    RequestResult,
    RowIndex,
    SentRequest,
    most_common_error,
    parse_results,
)
from functions.core.model import BatchPosition, Job, Next, Outcome, Phase
from functions.core.routing import end_job


@dataclass(frozen=True, kw_only=True)
class EndedPart:
    """A part that has ended, in this attempt or in an earlier one, and its job.

    `rows` are the numbers of a request's rows, or the first and the last of a shard's.
    """

    result: RequestResult
    job: Job
    submission: int
    rows: Sequence[int]


def read_ended_parts(
    job: Job, index: RowIndex, *, answers: Sequence[Any], batch_store: BatchStore
) -> Sequence[EndedPart]:
    """Return the parts in their order, and note for a retry how they have ended.

    They are those of the Map, which `answers` tell of, and those that were kept.
    """
    items = [*batch_store.read_json("items.json"), *index.kept]
    results = parse_results(answers, requests=len(index.requests))
    for kept in index.kept:
        result = RequestResult(Outcome(kept["outcome"]), kept["error"])
        results[kept["part"]["number"]] = result
    items.sort(key=lambda item: item["part"]["number"])
    parts = [
        EndedPart(
            result=result,
            job=job.with_(
                job_id=item["job_id"],
                type=item["type"],
                part=BatchPosition.from_state(item["part"]),
            ),
            submission=item.get("submission", 1),  # 0.1.0 has none
            rows=rows,
        )
        for result, item, rows in zip(results, items, index.requests, strict=True)
    ]
    batch_store.write_ended_requests(
        {
            identity.of_part(job.job_id, part.rows): SentRequest(
                part.submission, part.result
            )
            for part in parts
        }
    )
    return parts


def with_ends(
    job: Job,
    results: Sequence[RequestResult],
    *,
    outcomes: Mapping[str, int],
    now: float,
) -> Job:
    """Return a batch or a list with how its parts ended, to be reported, or as failed.

    `outcomes` are the numbers of rows by outcome.
    """
    batch = replace(
        job.batch,
        outcomes=dict(sorted(outcomes.items())),
        resendable=sum(result.is_resendable for result in results),
        resumable=sum(
            not result.is_kept and not result.is_resendable for result in results
        ),
    )
    ended = job.with_(batch=batch, finished_at=now)
    if not any(result.has_result for result in results):
        return end_job(ended, Outcome.FAILED, most_common_error(results))
    is_complete = outcomes.keys() == {str(Outcome.SUCCEEDED)}
    return ended.with_(
        next=Next.REPORT, phase=Phase.FINISHED if is_complete else Phase.PARTIAL
    )
