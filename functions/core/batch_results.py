"""Gathering: what the requests of a batch came to, told row by row.

A request that ends is told by the state machine in one text: its number, its outcome,
and the name of the error where there was one. The texts are all that the state carries
of the requests, which is why they are short.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from functions.core.errors import CourierError, RequestInvalid
from functions.core.model import Outcome

#: The outcome of a row that was not worth sending.
INVALID = "invalid"
_GOOD = (Outcome.SUCCEEDED, Outcome.PARTIAL)


@dataclass(frozen=True)
class RequestResult:
    """How one request of a batch ended."""

    outcome: Outcome
    error: str = ""

    @property
    def has_result(self) -> bool:
        """Say whether it brought a result."""
        return self.outcome in _GOOD


@dataclass(frozen=True, kw_only=True)
class RowIndex:
    """Which rows of a batch are in which request, and why the others are in none."""

    requests: Sequence[Sequence[int]]
    invalid: Sequence[Mapping[str, Any]]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what Prepare wrote down."""
        return cls(requests=document["requests"], invalid=document["refused"])

    def to_document(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {"requests": list(self.requests), "refused": list(self.invalid)}

    def outcomes(self, told: Sequence[RequestResult]) -> dict[str, int]:
        """Count the rows by how they ended."""
        counted: Counter[str] = Counter()
        for rows, one in zip(self.requests, told, strict=True):
            counted[str(one.outcome)] += len(rows)
        if self.invalid:
            counted[INVALID] = len(self.invalid)
        return dict(sorted(counted.items()))


def parse_results(texts: Iterable[Any], *, requests: int) -> list[RequestResult]:
    """Read what the state machine wrote; a request of which nothing is told failed.

    A child that broke down tells nothing: it is left out, or described by AWS.
    """
    told = [RequestResult(Outcome.FAILED, CourierError.__name__)] * requests
    for text in texts:
        if not isinstance(text, str):
            continue
        number, outcome, *error = text.split(maxsplit=2)
        told[int(number)] = RequestResult(Outcome(outcome), *error)
    return told


def most_common_error(told: Sequence[RequestResult]) -> str:
    """Name what most requests failed of, of those that did."""
    names = (one.error or CourierError.__name__ for one in told if not one.has_result)
    ((name, _),) = Counter(names).most_common(1)
    return name


def result_line(row: int, told: RequestResult, result: Mapping[str, Any]) -> bytes:
    """Write the line of a row that has a result."""
    return _line({"row": row, "outcome": str(told.outcome), "result": result})


def failure_line(row: int, told: RequestResult) -> bytes:
    """Write the line of a row whose request failed."""
    return _line({"row": row, "outcome": str(told.outcome), "error": told.error})


def invalid_line(refused: Mapping[str, Any]) -> bytes:
    """Write the line of a row that was not sent."""
    told = {"outcome": INVALID, "error": RequestInvalid.__name__}
    return _line({"row": refused["row"], **told, **refused})


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"
