"""Gather: write the result of a batch, one line for each row, in their order."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, clock, telemetry
from functions.aws.adapters import batch_adapter_for
from functions.aws.batch_store import BatchStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.results import Results
from functions.aws.store_result import store_result
from functions.core import identity
from functions.core.batch_results import (
    RequestResult,
    RowIndex,
    SentRequest,
    invalid_line,
    most_common_error,
    parse_results,
)
from functions.core.file_formats import JSON_LINES
from functions.core.metrics import Metric
from functions.core.model import BatchPosition, File, Job, Next, Outcome, Phase, State
from functions.core.result_keys import (
    ERROR_OBJECT,
    SINGLE_RESULT_KIND,
    error_key,
    of_attempt,
    result_key,
)
from functions.core.routing import end_job
from functions.providers.bodies import IteratorBody
from functions.providers.protocol import BatchProvider
from functions.request_results import (
    NumberedLine,
    Request,
    RequestReader,
    ResolvedRequest,
)


class _ResultLines:
    """The lines of a batch's result in the order of its rows.

    `results` are those of the requests whose lines have been written.
    """

    def __init__(
        self,
        requests: Iterator[ResolvedRequest],
        invalid_rows: Sequence[Mapping[str, Any]],
    ) -> None:
        self.results: list[RequestResult] = []
        self._requests = requests
        self._invalid_rows = invalid_rows

    def __iter__(self) -> Iterator[bytes]:
        invalid = ((row["row"], invalid_line(row)) for row in self._invalid_rows)
        for _, line in heapq.merge(invalid, self._valid(), key=lambda line: line[0]):
            yield line

    def _valid(self) -> Iterator[NumberedLine]:
        for request in self._requests:
            self.results.append(request.result)
            yield from request.lines


@dataclass(frozen=True, kw_only=True)
class BatchGathering:
    """One batch whose requests have all ended, in this attempt or in an earlier one."""

    job: Job
    answers: Sequence[Any]  # how the Map says that the requests ended
    adapter: BatchProvider
    batch_store: BatchStore
    results: Results
    now: float

    def gather(self) -> Job:
        """Write a line for each row and return the batch.

        If no request has a result, it has failed, and the lines say why.
        """
        index = RowIndex.from_document(self.batch_store.read_json("rows.json"))
        requests = self._requests(index)
        self.batch_store.write_ended_requests(
            {
                identity.of_part(self.job.job_id, request.rows): SentRequest(
                    request.submission, request.result
                )
                for request in requests
            }
        )
        lines = _ResultLines(self._resolved_requests(requests), index.invalid)
        kind = SINGLE_RESULT_KIND
        key = result_key(self.job, of_attempt(self.job, kind), JSON_LINES)
        if not any(request.result.has_result for request in requests):
            kind, key = ERROR_OBJECT, error_key(self.job, JSON_LINES)
        file = store_result(
            self.results,
            key,
            JSON_LINES,
            job_id=self.job.job_id,
            kind=kind,
            open_body=lambda: IteratorBody(iter(lines)),
        )
        # Where an earlier try has stored the file, no line was written by this one.
        results = lines.results or [
            request.result for request in self._resolved_requests(requests)
        ]
        return self._ended(index, results, file)

    def _ended(
        self, index: RowIndex, results: Sequence[RequestResult], file: File
    ) -> Job:
        outcomes = index.outcomes(results)
        batch = replace(
            self.job.batch,
            outcomes=outcomes,
            resendable=sum(result.is_resendable for result in results),
            resumable=sum(
                not result.is_kept and not result.is_resendable for result in results
            ),
        )
        gathered = self.job.with_(batch=batch, finished_at=self.now)
        if not any(result.has_result for result in results):
            gathered = gathered.with_(error_key=file.key)
            return end_job(gathered, Outcome.FAILED, most_common_error(results))
        is_complete = outcomes.keys() == {str(Outcome.SUCCEEDED)}
        return gathered.with_(
            next=Next.REPORT,
            phase=Phase.FINISHED if is_complete else Phase.PARTIAL,
            kinds=(SINGLE_RESULT_KIND,),
            files=(file,),
        )

    def _requests(self, index: RowIndex) -> Sequence[Request]:
        """Return the requests in their order: those of the Map, and those kept."""
        items = [*self.batch_store.read_json("items.json"), *index.kept]
        results = parse_results(self.answers, requests=len(index.requests))
        for kept in index.kept:
            result = RequestResult(Outcome(kept["outcome"]), kept["error"])
            results[kept["part"]["number"]] = result
        items.sort(key=lambda item: item["part"]["number"])
        return [
            Request(
                result=result,
                job_id=item["job_id"],
                type=item["type"],
                part=BatchPosition.from_state(item["part"]),
                submission=item.get("submission", 1),  # 0.1.0 has none
                rows=rows,
            )
            for result, item, rows in zip(results, items, index.requests, strict=True)
        ]

    def _resolved_requests(
        self, requests: Iterable[Request]
    ) -> Iterator[ResolvedRequest]:
        bodies = self.batch_store.read("requests.jsonl")
        reader = RequestReader(
            job=self.job, adapter=self.adapter, results=self.results, bodies=bodies
        )
        yield from reader.resolve_all(requests)


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Gather for one batch."""
    job = read_job(event)

    with telemetry.count_errors(job):
        gathered = BatchGathering(
            job=job,
            answers=event["answers"],
            adapter=batch_adapter_for(job.provider),
            batch_store=BatchStore(job, s3=clients.s3()),
            results=Results.from_environment(),
            now=clock.now(),
        ).gather()

    telemetry.logger.info("gathered", outcomes=dict(gathered.batch.outcomes))
    for outcome, rows in gathered.batch.outcomes.items():
        telemetry.measure({Metric.BATCH_ROWS: rows}, job, outcome=outcome)
    return gathered.to_state()
