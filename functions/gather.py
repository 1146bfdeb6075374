"""Gather: make one result of a batch, with a line for every row in its order."""

import heapq
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.core import keys
from functions.core.errors import ResultsIncomplete
from functions.core.forms import JSON_LINES
from functions.core.gathering import (
    Rows,
    Told,
    commonest_error,
    failure_line,
    refusal_line,
    result_line,
    told_of,
)
from functions.core.metrics import Metric
from functions.core.model import File, Job, Next, Outcome, Part, Phase, State
from functions.core.routing import ended
from functions.providers.protocol import Batching
from functions.runtime import telemetry, wiring
from functions.runtime.delivery import deliver
from functions.runtime.lines import Lines
from functions.runtime.parcels import Parcels
from functions.runtime.results import Results

#: The one kind of result that a request has, and so its batch.
KIND = "result"
#: Read ahead of the writing, and at once.
_AHEAD = 64
_READERS = 16

#: A line and the number of its row.
_Numbered = tuple[int, bytes]
#: A request as it was prepared, the numbers of its rows, and how it ended.
_Request = tuple[dict[str, Any], Sequence[int], Told]


@dataclass(frozen=True, kw_only=True)
class Gathering:
    """One batch whose requests have all ended; `told` is how, in their order."""

    job: Job
    told: Sequence[Told]
    provider: Batching
    parcels: Parcels
    results: Results
    now: float

    def gather(self) -> Job:
        """Give the batch with its result, or as failed where no request brought one."""
        rows = Rows.from_document(self.parcels.document("rows.json"))
        outcomes = rows.outcomes(self.told)
        batch = replace(self.job.batch, outcomes=outcomes)
        counted = self.job.with_(batch=batch, finished_at=self.now)
        if not any(told.is_good for told in self.told):
            return ended(counted, Outcome.FAILED, commonest_error(self.told))

        complete = outcomes.keys() == {str(Outcome.SUCCEEDED)}
        return counted.with_(
            next=Next.REPORT,
            phase=Phase.FINISHED if complete else Phase.PARTIAL,
            kinds=(KIND,),
            files=(self._written(rows),),
        )

    def _written(self, rows: Rows) -> File:
        return deliver(
            self.results,
            keys.result(self.job, KIND, JSON_LINES),
            JSON_LINES,
            job_id=self.job.job_id,
            kind=KIND,
            open_body=lambda: Lines(self._lines(rows)),
        )

    def _lines(self, rows: Rows) -> Iterator[bytes]:
        refused = ((one["row"], refusal_line(one)) for one in rows.refused)
        merged = heapq.merge(refused, self._answered(rows), key=lambda line: line[0])
        return (line for _, line in merged)

    def _answered(self, rows: Rows) -> Iterator[_Numbered]:
        items = self.parcels.document("items.json")
        bodies = self.parcels.read("requests.jsonl")
        requests = zip(items, rows.requests, self.told, strict=True)

        def lines(request: _Request) -> list[_Numbered]:
            item, numbers, told = request
            if not told.is_good:
                return [(row, failure_line(row, told)) for row in numbers]
            results = self._results_of(item, bodies)
            return [
                (row, result_line(row, told, result))
                for row, result in zip(numbers, results, strict=True)
            ]

        with ThreadPoolExecutor(_READERS) as readers:
            while some := tuple(islice(requests, _AHEAD)):
                for numbered in readers.map(lines, some):
                    yield from numbered

    def _results_of(self, item: dict[str, Any], bodies: bytes) -> Sequence[Any]:
        part = Part.from_state(item["part"])
        job = self.job.with_(job_id=item["job_id"], type=item["type"], part=part)
        key = keys.result(job, KIND, self.provider.form)
        stored = self.results.find(key, job_id=job.job_id)
        if stored is None:
            raise ResultsIncomplete("the result of a request is gone")
        body = bodies[part.offset : part.offset + part.length]
        return self.provider.unpack(job.type, body, self.results.read(stored))


@wiring.handler
def handler(event: State, _context: LambdaContext) -> State:
    """Gather a batch, as the workflow's state of this name."""
    job = wiring.job(event)

    gathered = Gathering(
        job=job,
        told=told_of(event["answers"], requests=job.batch.requests),
        provider=wiring.batching(job),
        parcels=wiring.parcels(job),
        results=wiring.results(),
        now=wiring.now(),
    ).gather()

    telemetry.logger.info("gathered", outcomes=dict(gathered.batch.outcomes))
    for outcome, rows in gathered.batch.outcomes.items():
        telemetry.measure({Metric.BATCH_ROWS: rows}, job, outcome=outcome)
    return gathered.to_state()
