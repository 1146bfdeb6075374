"""Gather: put the results of a batch, or of the shards of a list, together."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, clock, telemetry
from functions.aws.adapters import batch_adapter_for
from functions.aws.batch_store import BatchStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.results import Results
from functions.aws.settings import provider_settings
from functions.aws.store_result import store_result
from functions.core.batch_lines import ResolvedRequest, ResultLines
from functions.core.batch_results import RequestResult, RowIndex
from functions.core.error_details import REPORTED_ERRORS, details_for_row
from functions.core.errors import AnswerUnreadable, ResultsIncomplete
from functions.core.file_formats import JSON_LINES
from functions.core.metrics import Metric
from functions.core.model import Job, Outcome, State
from functions.core.result_keys import (
    ERROR_OBJECT,
    SINGLE_RESULT_KIND,
    error_key,
    of_attempt,
    result_key,
)
from functions.ended_parts import EndedPart, read_ended_parts, with_ends
from functions.gather_list import gather_list
from functions.providers.bodies import IteratorBody
from functions.providers.protocol import BatchProvider
from functions.reading_ahead import Read, read_ahead

#: The most bytes of results that are in memory before their lines are written.
_MOST_BYTES = 64 * 1024 * 1024


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
        requests = read_ended_parts(
            self.job, index, answers=self.answers, batch_store=self.batch_store
        )
        kind = SINGLE_RESULT_KIND
        key = result_key(self.job, of_attempt(self.job, kind), JSON_LINES)
        if not any(request.result.has_result for request in requests):
            kind, key = ERROR_OBJECT, error_key(self.job, JSON_LINES)
        # Closed where the file cannot be written: nobody waits for more results then.
        with closing(self._resolved_requests(requests)) as resolved:
            lines = ResultLines(resolved, index.invalid)
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
        gathered = with_ends(
            self.job, results, outcomes=index.outcomes(results), now=self.now
        )
        if gathered.outcome is Outcome.FAILED:
            return gathered.with_(error_key=file.key)
        return gathered.with_(kinds=(SINGLE_RESULT_KIND,), files=(file,))

    def _resolved_requests(
        self, requests: Iterable[EndedPart]
    ) -> Generator[ResolvedRequest]:
        """Yield the requests in their order, with their results."""
        bodies = self.batch_store.read("requests.jsonl")
        contents = read_ahead(
            ((request, self._reading(request)) for request in requests),
            readers=clients.CONNECTIONS,
            most_bytes=_MOST_BYTES,
        )
        for request, content in contents:
            if request.result.has_result:
                if content is None:
                    raise ResultsIncomplete("the result of a request is gone")
                yield self._resolved(request, bodies, content)
            else:
                details = details_for_row(content) if content else {}
                yield ResolvedRequest(request.result, request.rows, details=details)

    def _reading(self, request: EndedPart) -> Read | None:
        """Return what reads a request's result, or the provider's words instead."""
        job = request.job
        if request.result.has_result:
            key = result_key(job, SINGLE_RESULT_KIND, self.adapter.result_format)
        elif request.result.error in REPORTED_ERRORS:
            key = error_key(job)
        else:
            return None
        return lambda admit: self.results.load(key, job_id=job.job_id, admit=admit)

    def _resolved(
        self, request: EndedPart, bodies: bytes, content: bytes
    ) -> ResolvedRequest:
        """Return a request with the documents of its rows, in their order."""
        part = request.job.part
        body = bodies[part.offset : part.offset + part.length]
        try:
            documents = self.adapter.unpack(request.job.type, body, content)
        except AnswerUnreadable as error:
            # Reading it again would not help, and other rows have results.
            result = RequestResult(Outcome.FAILED, type(error).__name__)
            return ResolvedRequest(result, request.rows)
        return ResolvedRequest(request.result, request.rows, documents)


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Gather for one batch."""
    job = read_job(event)
    batch_store = BatchStore(job, s3=clients.s3())

    with telemetry.count_errors(job):
        answers = batch_store.answers(event["answers"])
        results, now = Results.from_environment(), clock.now()
        if job.prepared.key:
            gathered = gather_list(
                job,
                answers=answers,
                kinds=provider_settings(job.provider).list_kinds,
                batch_store=batch_store,
                results=results,
                now=now,
            )
        else:
            gathered = BatchGathering(
                job=job,
                answers=answers,
                adapter=batch_adapter_for(job.provider),
                batch_store=batch_store,
                results=results,
                now=now,
            ).gather()

    telemetry.logger.info("gathered", outcomes=dict(gathered.batch.outcomes))
    for outcome, rows in gathered.batch.outcomes.items():
        telemetry.measure({Metric.BATCH_ROWS: rows}, job, outcome=outcome)
    return gathered.to_state()
