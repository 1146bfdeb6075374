"""Gathering: every row is told of once, whatever its request told."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.batch_results import (
    INVALID,
    RequestResult,
    RowIndex,
    failure_line,
    invalid_line,
    most_common_error,
    parse_results,
    result_line,
)
from functions.core.errors import CourierError
from functions.core.model import Outcome
from tests.unit.strategies import error_names

ends = st.sampled_from([Outcome.SUCCEEDED, Outcome.PARTIAL]).map(
    RequestResult
) | st.builds(
    RequestResult, st.sampled_from([Outcome.FAILED, Outcome.TIMED_OUT]), error_names
)


def written(number: int, told: RequestResult) -> str:
    """Write as the state machine does, with a space where there is no error."""
    return f"{number} {told.outcome} {told.error}"


@given(told=st.lists(ends, max_size=20), data=st.data())
def test_what_was_told_is_read(told: list[RequestResult], data: st.DataObject) -> None:
    """In whatever order the children end."""
    texts = [written(number, one) for number, one in enumerate(told)]
    shuffled = data.draw(st.permutations(texts))

    assert parse_results(shuffled, requests=len(told)) == told


@pytest.mark.parametrize("broken", [None, {"Status": "FAILED", "Error": "X"}])
def test_a_child_that_broke_down_has_failed(broken: object) -> None:
    """AWS describes it, or leaves it out; the others keep their rows."""
    told = parse_results([broken, "1 succeeded "], requests=3)

    lost = RequestResult(Outcome.FAILED, CourierError.__name__)
    assert told == [lost, RequestResult(Outcome.SUCCEEDED), lost]


def test_an_error_that_is_no_word_is_told_all_the_same() -> None:
    """AWS names errors too; one of its names must not cost the other rows theirs."""
    told = parse_results(["0 failed Two Words", "1 failed "], requests=2)

    assert told == [
        RequestResult(Outcome.FAILED, "Two Words"),
        RequestResult(Outcome.FAILED),
    ]
    assert most_common_error(told[1:]) == CourierError.__name__


@given(told=st.lists(ends, min_size=1, max_size=20), data=st.data())
def test_rows_are_counted_once(told: list[RequestResult], data: st.DataObject) -> None:
    """A manifest that adds up has every row of the file in it."""
    sizes = data.draw(
        st.lists(st.integers(1, 5), min_size=len(told), max_size=len(told))
    )
    refused = data.draw(st.integers(0, 3))
    rows = RowIndex(requests=[range(size) for size in sizes], invalid=[{}] * refused)

    counted = rows.outcomes(told)

    assert sum(counted.values()) == sum(sizes) + refused
    assert counted.get(INVALID, 0) == refused


def test_the_commonest_error_is_named() -> None:
    """It is what the reader should mend first."""
    told = [RequestResult(Outcome.FAILED, name) for name in ("A", "B", "B")]
    assert most_common_error([*told, RequestResult(Outcome.SUCCEEDED)]) == "B"


def test_lines_say_row_outcome_and_why() -> None:
    """Each by itself is JSON, and ends with its line break."""
    failed = RequestResult(Outcome.FAILED, "ProviderDeclined")
    lines = [
        result_line(1, RequestResult(Outcome.PARTIAL), {"a": "ü"}),
        failure_line(2, failed),
        invalid_line({"row": 3, "fields": ["mobile"], "reason": "mobile: is missing"}),
    ]

    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert [json.loads(line) for line in lines] == [
        {"row": 1, "outcome": "partial", "result": {"a": "ü"}},
        {"row": 2, "outcome": "failed", "error": "ProviderDeclined"},
        {
            "row": 3,
            "outcome": "invalid",
            "error": "RequestInvalid",
            "fields": ["mobile"],
            "reason": "mobile: is missing",
        },
    ]


def test_rows_travel_as_json() -> None:
    """Prepare writes them, Gather reads them."""
    rows = RowIndex(requests=[[1, 3], [4]], invalid=[{"row": 2}])

    again = RowIndex.from_document(json.loads(json.dumps(rows.to_document())))

    assert Counter(again.outcomes([RequestResult(Outcome.SUCCEEDED)] * 2)) == {
        "succeeded": 3,
        INVALID: 1,
    }
