"""Gather: make one result of a batch, with a line for every row in its order."""

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry, wiring
from functions.aws.batch_store import BatchStore
from functions.aws.results import Results
from functions.aws.store_result import store_result
from functions.core import keys
from functions.core.batch_results import (
    RequestResult,
    RowIndex,
    failure_line,
    invalid_line,
    most_common_error,
    parse_results,
    result_line,
)
from functions.core.errors import AnswerUnreadable, ResultsIncomplete
from functions.core.file_formats import JSON_LINES
from functions.core.metrics import Metric
from functions.core.model import File, Job, Next, Outcome, Part, Phase, State
from functions.core.routing import end_job
from functions.providers.bodies import IteratorBody
from functions.providers.protocol import BatchProvider

#: The one kind of result that a request has, and so its batch.
KIND = "result"
#: Read ahead of the writing, and at once.
_AHEAD = 64
_READERS = 16

#: A line and the number of its row.
_Numbered = tuple[int, bytes]
#: A request's number, as it was prepared, and the numbers of its rows.
_Request = tuple[int, dict[str, Any], Sequence[int]]


@dataclass(frozen=True, kw_only=True)
class BatchGathering:
    """One batch whose requests have all ended; `told` is how, in their order."""

    job: Job
    request_results: Sequence[RequestResult]
    provider: BatchProvider
    batch_store: BatchStore
    results: Results
    now: float

    def gather(self) -> Job:
        """Give the batch with its result, or as failed where no request brought one."""
        rows = RowIndex.from_document(self.batch_store.read_json("rows.json"))
        told = list(self.request_results)
        files: tuple[File, ...] = ()
        if any(one.has_result for one in told):
            files = (self._written(rows, told),)
        outcomes = rows.outcomes(told)
        batch = replace(self.job.batch, outcomes=outcomes)
        counted = self.job.with_(batch=batch, finished_at=self.now)
        if not any(one.has_result for one in told):
            return end_job(counted, Outcome.FAILED, most_common_error(told))

        complete = outcomes.keys() == {str(Outcome.SUCCEEDED)}
        return counted.with_(
            next=Next.REPORT,
            phase=Phase.FINISHED if complete else Phase.PARTIAL,
            kinds=(KIND,),
            files=files,
        )

    def _written(self, rows: RowIndex, told: list[RequestResult]) -> File:
        """Write the result; what turns out to be unreadable is told as failed."""
        lines = self._lines(rows, told)
        file = store_result(
            self.results,
            keys.result(self.job, self._name, JSON_LINES),
            JSON_LINES,
            job_id=self.job.job_id,
            kind=KIND,
            open_body=lambda: IteratorBody(lines),
        )
        deque(lines, maxlen=0)  # it was there before: read what is told in it
        return file

    @property
    def _name(self) -> str:
        # A result stays as it is, and a later attempt may bring more.
        attempt = self.job.attempt
        return KIND if attempt == 1 else f"{KIND}-{attempt}"

    def _lines(self, rows: RowIndex, told: list[RequestResult]) -> Iterator[bytes]:
        refused = ((one["row"], invalid_line(one)) for one in rows.invalid)
        answered = self._answered(rows, told)
        merged = heapq.merge(refused, answered, key=lambda line: line[0])
        return (line for _, line in merged)

    def _answered(
        self, rows: RowIndex, told: list[RequestResult]
    ) -> Iterator[_Numbered]:
        items = self.batch_store.read_json("items.json")
        bodies = self.batch_store.read("requests.jsonl")
        requests = zip(range(len(told)), items, rows.requests, strict=True)

        def lines(request: _Request) -> list[_Numbered]:
            number, item, numbers = request
            if told[number].has_result:
                try:
                    results = self._results_of(item, bodies)
                except AnswerUnreadable as error:
                    # It would be read no better again, and others have good ones.
                    told[number] = RequestResult(Outcome.FAILED, type(error).__name__)
                else:
                    return [
                        (row, result_line(row, told[number], result))
                        for row, result in zip(numbers, results, strict=True)
                    ]
            return [(row, failure_line(row, told[number])) for row in numbers]

        with ThreadPoolExecutor(_READERS) as readers:
            while some := tuple(islice(requests, _AHEAD)):
                for numbered in readers.map(lines, some):
                    yield from numbered

    def _results_of(self, item: dict[str, Any], bodies: bytes) -> Sequence[Any]:
        part = Part.from_state(item["part"])
        job = self.job.with_(job_id=item["job_id"], type=item["type"], part=part)
        key = keys.result(job, KIND, self.provider.result_format)
        stored = self.results.find(key, job_id=job.job_id)
        if stored is None:
            raise ResultsIncomplete("the result of a request is gone")
        body = bodies[part.offset : part.offset + part.length]
        return self.provider.unpack(job.type, body, self.results.read(stored))


@wiring.handler
def handler(event: State, _context: LambdaContext) -> State:
    """Gather a batch, as the workflow's state of this name."""
    job = wiring.job(event)

    with telemetry.count_errors(job):
        gathered = BatchGathering(
            job=job,
            request_results=parse_results(
                event["answers"], requests=job.batch.requests
            ),
            provider=wiring.batching(job),
            batch_store=wiring.parcels(job),
            results=wiring.results(),
            now=wiring.now(),
        ).gather()

    telemetry.logger.info("gathered", outcomes=dict(gathered.batch.outcomes))
    for outcome, rows in gathered.batch.outcomes.items():
        telemetry.measure({Metric.BATCH_ROWS: rows}, job, outcome=outcome)
    return gathered.to_state()
