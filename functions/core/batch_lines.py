"""Batch lines: put the lines of a batch's result into the order of its rows."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from functions.core.batch_results import (
    RequestResult,
    failure_line,
    invalid_line,
    result_line,
)

#: The number of a row, and what returns its line.
_NumberedLine = tuple[int, Callable[[], bytes]]


@dataclass(frozen=True)
class ResolvedRequest:
    """A request whose result was read: how it ended, its rows and their documents.

    There are no documents if it has no result, but perhaps `details` of its error. Rows
    that are equal share one.
    """

    result: RequestResult
    rows: Sequence[int]
    documents: Sequence[Mapping[str, Any]] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def lines(self) -> Iterator[_NumberedLine]:
        """Yield the number of each row, and what returns its line."""
        if not self.documents:
            for row in self.rows:
                yield row, partial(failure_line, row, self.result, self.details)
            return
        documents = self.documents
        if len(documents) == 1:
            documents = [*documents] * len(self.rows)
        for row, document in zip(self.rows, documents, strict=True):
            yield row, partial(result_line, row, self.result, document)


class ResultLines:
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

    def _valid(self) -> Iterator[tuple[int, bytes]]:
        """Yield the number and the line of each row that was sent, in their order.

        Requests come in the order of their first rows; equal rows that follow it later
        wait for those between. Only their documents, which they share, are in memory.
        """
        waiting: list[_NumberedLine] = []
        for request in self._requests:
            while waiting and waiting[0][0] < request.rows[0]:
                row, line = heapq.heappop(waiting)
                yield row, line()
            self.results.append(request.result)
            for numbered in request.lines():
                heapq.heappush(waiting, numbered)
        while waiting:
            row, line = heapq.heappop(waiting)
            yield row, line()
