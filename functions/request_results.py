"""Request results: read what came of a batch's requests, as lines of its rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from functions.aws.results import Results
from functions.core.batch_results import RequestResult, failure_line, result_line
from functions.core.error_details import REPORTED_ERRORS, details_for_row
from functions.core.errors import AnswerUnreadable, ResultsIncomplete
from functions.core.model import BatchPosition, Job, Outcome
from functions.core.result_keys import SINGLE_RESULT_KIND, error_key, result_key
from functions.providers.protocol import BatchProvider

#: The number of requests whose results are read ahead, and of threads that read them.
_READ_AHEAD = 64
_READERS = 16

#: A line of the result and the number of its row.
NumberedLine = tuple[int, bytes]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request: how it ended, its job, and the numbers of its rows."""

    result: RequestResult
    job_id: str
    type: str
    part: BatchPosition
    submission: int
    rows: Sequence[int]


@dataclass(frozen=True)
class ResolvedRequest:
    """A request whose result was read: how it ended, and the lines of its rows."""

    result: RequestResult
    lines: Sequence[NumberedLine]


@dataclass(frozen=True, kw_only=True)
class RequestReader:
    """Reads the results of a batch's requests; `bodies` are those that were sent."""

    job: Job
    adapter: BatchProvider
    results: Results
    bodies: bytes

    def resolve_all(self, requests: Iterable[Request]) -> Iterator[ResolvedRequest]:
        """Yield the requests in their order, with some results read ahead."""
        remaining = iter(requests)
        with ThreadPoolExecutor(_READERS) as readers:
            while ahead := tuple(islice(remaining, _READ_AHEAD)):
                yield from readers.map(self._resolve, ahead)

    def _resolve(self, request: Request) -> ResolvedRequest:
        result, rows = request.result, request.rows
        if result.has_result:
            try:
                documents = self._read_result(request)
            except AnswerUnreadable as error:
                # Reading it again would not help, and other rows have results.
                result = RequestResult(Outcome.FAILED, type(error).__name__)
            else:
                lines = [
                    (row, result_line(row, result, document))
                    for row, document in zip(rows, documents, strict=True)
                ]
                return ResolvedRequest(result, lines)
        details = self._error_details(request, result)
        lines = [(row, failure_line(row, result, details)) for row in rows]
        return ResolvedRequest(result, lines)

    def _read_result(self, request: Request) -> Sequence[Any]:
        """Return the documents of a request's rows, in their order."""
        part, job = request.part, self._job_of(request)
        key = result_key(job, SINGLE_RESULT_KIND, self.adapter.result_format)
        stored = self.results.find(key, job_id=job.job_id)
        if stored is None:
            raise ResultsIncomplete("the result of a request is gone")
        body = self.bodies[part.offset : part.offset + part.length]
        return self.adapter.unpack(job.type, body, self.results.read(stored))

    def _error_details(
        self, request: Request, result: RequestResult
    ) -> Mapping[str, Any]:
        """Return what the provider said about a failed request, if it did."""
        if result.error not in REPORTED_ERRORS:
            return {}
        job = self._job_of(request)
        stored = self.results.find(error_key(job), job_id=job.job_id)
        return details_for_row(self.results.read(stored)) if stored else {}

    def _job_of(self, request: Request) -> Job:
        return self.job.with_(
            job_id=request.job_id, type=request.type, part=request.part
        )
