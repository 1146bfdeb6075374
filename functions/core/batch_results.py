"""Batch results: read how each request ended, and write one JSON line per row.

The state machine describes each ended request by one short text: its number, its
outcome, and the name of its error if it has one. A retry of the batch keeps, continues
or repeats each request by how it ended (`SentRequest`).
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from functions.core.errors import (
    CourierError,
    ProviderDeclined,
    ProviderFailed,
    RequestInvalid,
)
from functions.core.model import Outcome

#: The outcome of a row that was not sent.
INVALID = "invalid"


@dataclass(frozen=True)
class RequestResult:
    """How one request of a batch ended."""

    outcome: Outcome
    error: str = ""

    @property
    def has_result(self) -> bool:
        """Whether the request has a result."""
        return self.outcome in (Outcome.SUCCEEDED, Outcome.PARTIAL)

    @property
    def is_kept(self) -> bool:
        """Whether a retry keeps it: it has a result, or will never have one."""
        return self.has_result or self.error == ProviderDeclined.__name__

    @property
    def is_resendable(self) -> bool:
        """Whether a retry sends the request again, because it may succeed now.

        Only where the provider itself has said that the request has failed: everything
        else may still be answered, or was never accepted.
        """
        return self.error == ProviderFailed.__name__


@dataclass(frozen=True)
class SentRequest:
    """How the latest submission of a request ended."""

    submission: int
    result: RequestResult

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_document` returned."""
        result = RequestResult(Outcome(document["outcome"]), document["error"])
        return cls(document["submission"], result)

    def to_document(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {"submission": self.submission, **asdict(self.result)}

    @property
    def next_submission(self) -> int:
        """The number of the submission with which a retry goes on."""
        return self.submission + self.result.is_resendable


@dataclass(frozen=True, kw_only=True)
class RowIndex:
    """The row numbers of each request, and the rows that no request has.

    An invalid row has its number (`row`), the names of its invalid `fields`, the
    `reason` and its `line`. `kept` are the requests that this attempt keeps from an
    earlier one, as items of the Map with their `outcome` and `error`. `by_record` is
    how rows are numbered (see `BatchProvider.pack`): all attempts of a batch have to
    do it alike, because the ids of its requests are made of the numbers.
    """

    requests: Sequence[Sequence[int]]
    invalid: Sequence[Mapping[str, Any]]
    kept: Sequence[Mapping[str, Any]] = ()
    by_record: bool = True

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON object that Prepare wrote."""
        return cls(
            requests=document["requests"],
            invalid=document["refused"],
            kept=document.get("kept", ()),  # 0.1.0 kept none
            by_record=document.get("by_record", False),  # 0.1.0 did not
        )

    def to_document(self) -> dict[str, Any]:
        """Return the index as a JSON object."""
        return {
            "requests": list(self.requests),
            "refused": list(self.invalid),
            "kept": list(self.kept),
            "by_record": self.by_record,
        }

    def outcomes(self, results: Sequence[RequestResult]) -> dict[str, int]:
        """Count the rows by outcome; `results` has one for each request, in order."""
        counts: Counter[str] = Counter()
        for rows, result in zip(self.requests, results, strict=True):
            counts[str(result.outcome)] += len(rows)
        if self.invalid:
            counts[INVALID] = len(self.invalid)
        return dict(sorted(counts.items()))


def parse_results(texts: Iterable[Any], *, requests: int) -> list[RequestResult]:
    """Read the texts of the state machine; return one result for each request.

    A child execution that broke down has no text, or a description by AWS in its
    place; its request counts as failed.
    """
    results = [RequestResult(Outcome.FAILED, CourierError.__name__)] * requests
    for text in texts:
        if isinstance(text, str):
            number, outcome, *error = text.split(maxsplit=2)
            results[int(number)] = RequestResult(Outcome(outcome), *error)
    return results


def most_common_error(results: Iterable[RequestResult]) -> str:
    """Return the name of the most common error among failed requests.

    At least one of the requests must have failed.
    """
    names = (r.error or CourierError.__name__ for r in results if not r.has_result)
    ((name, _),) = Counter(names).most_common(1)
    return name


def result_line(row: int, request: RequestResult, result: Mapping[str, Any]) -> bytes:
    """Return the line of a row that has a result."""
    return _line({"row": row, "outcome": str(request.outcome), "result": result})


def failure_line(row: int, request: RequestResult, details: Mapping[str, Any]) -> bytes:
    """Return the line of a row whose request failed, with what is known of it."""
    result = {"outcome": str(request.outcome), "error": request.error}
    return _line({"row": row, **result, **details})


def invalid_line(invalid: Mapping[str, Any]) -> bytes:
    """Return the line of a row that was not sent."""
    result = {"outcome": INVALID, "error": RequestInvalid.__name__}
    return _line({"row": invalid["row"], **result, **invalid})


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"
