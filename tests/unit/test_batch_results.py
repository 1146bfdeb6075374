"""Batch results: every row gets exactly one line, whatever happened to its request."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.batch_results import (
    INVALID,
    RequestResult,
    RowIndex,
    SentRequest,
    failure_line,
    invalid_line,
    most_common_error,
    parse_results,
    result_line,
)
from functions.core.errors import CourierError
from functions.core.model import Outcome
from tests.unit.strategies import error_names

request_results = st.sampled_from([Outcome.SUCCEEDED, Outcome.PARTIAL]).map(
    RequestResult
) | st.builds(
    RequestResult, st.sampled_from([Outcome.FAILED, Outcome.TIMED_OUT]), error_names
)


def failed(error: str) -> RequestResult:
    """Return the result of a request that failed with an error."""
    return RequestResult(Outcome.FAILED, error)


@given(results=st.lists(request_results, max_size=20), data=st.data())
def test_results_are_read_in_any_order(
    results: list[RequestResult], data: st.DataObject
) -> None:
    """Child executions end in any order; each text has the number of its request."""
    # The state machine writes the space even where there is no error.
    texts = [
        f"{number} {result.outcome} {result.error}"
        for number, result in enumerate(results)
    ]
    shuffled = data.draw(st.permutations(texts))

    assert parse_results(shuffled, requests=len(results)) == results


@pytest.mark.parametrize("broken", [None, {"Status": "FAILED", "Error": "X"}])
def test_a_child_that_broke_down_has_failed(broken: object) -> None:
    """AWS describes such a child or leaves it out; the others keep their rows."""
    results = parse_results([broken, "1 succeeded "], requests=3)

    failed = RequestResult(Outcome.FAILED, CourierError.__name__)
    assert results == [failed, RequestResult(Outcome.SUCCEEDED), failed]


def test_an_error_name_with_spaces_is_read() -> None:
    """AWS names errors, too; one such name must not cost the other rows their lines."""
    results = parse_results(["0 failed Two Words", "1 failed "], requests=2)

    assert results == [
        RequestResult(Outcome.FAILED, "Two Words"),
        RequestResult(Outcome.FAILED),
    ]
    assert most_common_error(results[1:]) == CourierError.__name__


@given(results=st.lists(request_results, min_size=1, max_size=20), data=st.data())
def test_every_row_is_counted_once(
    results: list[RequestResult], data: st.DataObject
) -> None:
    """The counts in a manifest must add up to the rows of the file."""
    sizes = data.draw(
        st.lists(st.integers(1, 5), min_size=len(results), max_size=len(results))
    )
    invalid = data.draw(st.integers(0, 3))
    rows = RowIndex(requests=[range(size) for size in sizes], invalid=[{}] * invalid)

    counts = rows.outcomes(results)

    assert sum(counts.values()) == sum(sizes) + invalid
    assert counts.get(INVALID, 0) == invalid


def test_the_most_common_error_is_named() -> None:
    """It is what the reader should correct first."""
    results = [RequestResult(Outcome.FAILED, name) for name in ("A", "B", "B")]
    assert most_common_error([*results, RequestResult(Outcome.SUCCEEDED)]) == "B"


@pytest.mark.parametrize(
    ("result", "kept", "submission"),
    [
        pytest.param(RequestResult(Outcome.SUCCEEDED), True, 1, id="has a result"),
        pytest.param(RequestResult(Outcome.PARTIAL), True, 1, id="has a part"),
        pytest.param(failed("ProviderDeclined"), True, 1, id="would end the same way"),
        pytest.param(failed("ProviderFailed"), False, 2, id="may succeed now"),
        pytest.param(failed("ProviderLostJob"), False, 1, id="may be found again"),
        pytest.param(failed("OutOfCredits"), False, 1, id="was never accepted"),
        pytest.param(failed("SubmitOutcomeUnknown"), False, 1, id="may be paid"),
        pytest.param(
            RequestResult(Outcome.TIMED_OUT, "DeadlinePassed"), False, 1, id="may come"
        ),
        pytest.param(RequestResult(Outcome.FAILED), False, 1, id="has no error"),
    ],
)
def test_only_what_the_provider_failed_is_sent_again(
    result: RequestResult, kept: bool, submission: int
) -> None:
    """A second submission is paid for, so nothing else may answer the request."""
    sent = SentRequest(1, result)

    assert result.is_kept == kept
    assert sent.next_submission == submission
    assert not (result.is_kept and result.is_resendable)
    assert SentRequest.from_document(json.loads(json.dumps(sent.to_document()))) == sent


def test_a_line_has_the_row_its_outcome_and_the_reason() -> None:
    """Each line is a JSON document of its own."""
    failed = RequestResult(Outcome.FAILED, "ProviderDeclined")
    lines = [
        result_line(1, RequestResult(Outcome.PARTIAL), {"a": "ü"}),
        failure_line(2, failed, {"message": "ñ", "errors": {"request": {}}}),
        invalid_line({"row": 3, "fields": ["mobile"], "reason": "mobile: is missing"}),
    ]

    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert [json.loads(line) for line in lines] == [
        {"row": 1, "outcome": "partial", "result": {"a": "ü"}},
        {
            "row": 2,
            "outcome": "failed",
            "error": "ProviderDeclined",
            "message": "ñ",
            "errors": {"request": {}},
        },
        {
            "row": 3,
            "outcome": "invalid",
            "error": "RequestInvalid",
            "fields": ["mobile"],
            "reason": "mobile: is missing",
        },
    ]


def test_a_row_index_survives_json() -> None:
    """Prepare writes the index, Gather reads it."""
    kept = {"job_id": "a", "outcome": "succeeded", "error": ""}
    rows = RowIndex(requests=[[1, 3], [4]], invalid=[{"row": 2}], kept=[kept])

    read = RowIndex.from_document(json.loads(json.dumps(rows.to_document())))

    assert read == rows

    assert Counter(read.outcomes([RequestResult(Outcome.SUCCEEDED)] * 2)) == {
        "succeeded": 3,
        INVALID: 1,
    }
