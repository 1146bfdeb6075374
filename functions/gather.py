"""Gather: write the result of a batch, one line for each row, in their order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, clock, telemetry
from functions.aws.adapters import batch_adapter_for
from functions.aws.batch_store import BatchStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.results import Results
from functions.aws.store_result import store_result
from functions.core import identity
from functions.core.batch_lines import ResolvedRequest, ResultLines
from functions.core.batch_results import (
    RequestResult,
    RowIndex,
    SentRequest,
    most_common_error,
    parse_results,
)
from functions.core.error_details import REPORTED_ERRORS, details_for_row
from functions.core.errors import AnswerUnreadable, ResultsIncomplete
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

#: The number of requests whose results are read ahead, and of threads that read them.
_READ_AHEAD = 64
_READERS = 16


@dataclass(frozen=True, kw_only=True)
class _Request:
    """A request: how it ended, its job, and the numbers of its rows."""

    result: RequestResult
    job_id: str
    type: str
    part: BatchPosition
    submission: int
    rows: Sequence[int]


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
        lines = ResultLines(self._resolved_requests(requests), index.invalid)
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

    def _requests(self, index: RowIndex) -> Sequence[_Request]:
        """Return the requests in their order: those of the Map, and those kept."""
        items = [*self.batch_store.read_json("items.json"), *index.kept]
        results = parse_results(self.answers, requests=len(index.requests))
        for kept in index.kept:
            result = RequestResult(Outcome(kept["outcome"]), kept["error"])
            results[kept["part"]["number"]] = result
        items.sort(key=lambda item: item["part"]["number"])
        return [
            _Request(
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
        self, requests: Iterable[_Request]
    ) -> Iterator[ResolvedRequest]:
        """Yield the requests in their order, with some results read ahead."""
        bodies = self.batch_store.read("requests.jsonl")
        remaining = iter(requests)

        def resolve(request: _Request) -> ResolvedRequest:
            if not request.result.has_result:
                details = self._error_details(request)
                return ResolvedRequest(request.result, request.rows, details=details)
            try:
                documents = self._read_result(request, bodies)
            except AnswerUnreadable as error:
                # Reading it again would not help, and other rows have results.
                result = RequestResult(Outcome.FAILED, type(error).__name__)
                return ResolvedRequest(result, request.rows)
            return ResolvedRequest(request.result, request.rows, documents)

        with ThreadPoolExecutor(_READERS) as readers:
            while ahead := tuple(islice(remaining, _READ_AHEAD)):
                yield from readers.map(resolve, ahead)

    def _read_result(self, request: _Request, bodies: bytes) -> Sequence[Any]:
        """Return the documents of a request's rows, in their order."""
        part, job = request.part, self._job_of(request)
        key = result_key(job, SINGLE_RESULT_KIND, self.adapter.result_format)
        stored = self.results.find(key, job_id=job.job_id)
        if stored is None:
            raise ResultsIncomplete("the result of a request is gone")
        body = bodies[part.offset : part.offset + part.length]
        return self.adapter.unpack(job.type, body, self.results.read(stored))

    def _error_details(self, request: _Request) -> Mapping[str, Any]:
        """Return what the provider said about a failed request, if it did."""
        if request.result.error not in REPORTED_ERRORS:
            return {}
        job = self._job_of(request)
        stored = self.results.find(error_key(job), job_id=job.job_id)
        return details_for_row(self.results.read(stored)) if stored else {}

    def _job_of(self, request: _Request) -> Job:
        return self.job.with_(
            job_id=request.job_id, type=request.type, part=request.part
        )


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Gather for one batch."""
    job = read_job(event)
    batch_store = BatchStore(job, s3=clients.s3())

    with telemetry.count_errors(job):
        gathered = BatchGathering(
            job=job,
            answers=batch_store.answers(event["answers"]),
            adapter=batch_adapter_for(job.provider),
            batch_store=batch_store,
            results=Results.from_environment(),
            now=clock.now(),
        ).gather()

    telemetry.logger.info("gathered", outcomes=dict(gathered.batch.outcomes))
    for outcome, rows in gathered.batch.outcomes.items():
        telemetry.measure({Metric.BATCH_ROWS: rows}, job, outcome=outcome)
    return gathered.to_state()
