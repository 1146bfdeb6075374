"""A history is read as the states that a job passed, whatever part of it is there.

The histories were recorded on the local stack, without inputs and outputs.
"""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from functions.api import responses
from functions.api.response_schemas import MARKS, RESPONSE_SCHEMAS
from functions.api.timeline import Timeline, read_timeline
from functions.core.job_record import JobRecord

HISTORIES = {
    path.stem: path for path in sorted(Path(__file__).with_name("histories").iterdir())
}
RECORD = JobRecord(job_id="a" * 64, provider="ipqs", type="email", received_at=1.0)


def history(name: str) -> list[dict[str, Any]]:
    """Give the events of an execution as boto3 does."""
    events: list[dict[str, Any]] = json.loads(HISTORIES[name].read_text())
    for event in events:
        event["timestamp"] = datetime.fromisoformat(event["timestamp"])
    return events


def passed(name: str) -> list[str]:
    """Name the states of a history in their order, repeated ones once."""
    return list(Counter(entry.state for entry in read_timeline(history(name)).entries))


def test_a_delivered_job_passed_these_states() -> None:
    """What an operator sees is the way through the picture of the machine."""
    timeline = read_timeline(history("delivered"))

    assert passed("delivered") == [
        *("Known", "Submit", "Route", "Wait", "Check", "Collect", "Download"),
        *("Manifest", "Conclude", "Notify", "Judge", "Delivered"),
    ]
    assert len(timeline.checks) == 3
    assert all(entry.left_at >= entry.entered_at > 0 for entry in timeline.entries)
    assert timeline.ended_at == timeline.entries[-1].left_at
    assert not any(entry.error for entry in timeline.entries)


def test_a_map_lasts_as_long_as_what_is_in_it() -> None:
    """Four Downloads leave one Collect, after the last of them."""
    entries = read_timeline(history("delivered")).entries
    (collect,) = (entry for entry in entries if entry.state == "Collect")
    downloads = [entry for entry in entries if entry.state == "Download"]

    assert len(downloads) == 4
    assert [one.tries for one in downloads] == [1, 1, 1, 1]
    assert collect.left_at >= max(one.left_at for one in downloads)


def test_iterations_side_by_side_do_not_close_each_other() -> None:
    """Their events come mixed, and only say which one they follow."""
    at = datetime.fromisoformat("2026-11-22T10:00:00Z")
    crossed = {
        1: ("MapStateEntered", 0, "Collect"),
        2: ("TaskStateEntered", 1, "Download"),
        3: ("TaskStateEntered", 1, "Download"),
        4: ("TaskScheduled", 2, ""),
        5: ("TaskStateExited", 4, "Download"),
    }
    events = [
        {
            "id": number,
            "type": kind,
            "previousEventId": before,
            "timestamp": at,
            "stateEnteredEventDetails": {"name": name},
            "stateExitedEventDetails": {"name": name},
        }
        for number, (kind, before, name) in crossed.items()
    ]

    collect, first, second = read_timeline(events).entries

    assert collect.left_at == 0.0
    assert (first.tries, first.left_at > 0) == (1, True)
    assert (second.tries, second.left_at) == (0, 0.0)


def test_a_failed_job_shows_where_and_as_what() -> None:
    """The last state has the error of the job."""
    timeline = read_timeline(history("failed"))

    assert timeline.entries[-1].state == "Failed"
    assert timeline.entries[-1].error == "ProviderFailed"
    assert timeline.ended_at > 0


def test_a_state_that_lasts_has_no_end() -> None:
    """The page draws it as growing."""
    timeline = read_timeline(history("waiting"))

    assert timeline.entries[-1].state == "Wait"
    assert timeline.entries[-1].left_at == timeline.ended_at == 0.0


@pytest.mark.parametrize("before", [0, 11])
def test_a_stopped_execution_leaves_nothing_open(before: int) -> None:
    """And no words of who stopped it, who may have written a name there."""
    events = history("cancelled")
    events[-1]["previousEventId"] = before  # which of them AWS writes is not known

    timeline = read_timeline(events)

    assert timeline.entries[-1].state == "Wait"
    assert timeline.entries[-1].left_at == timeline.ended_at > 0
    assert not timeline.entries[-1].error


@pytest.mark.parametrize(("name", "woken"), [("woken", True), ("not_woken", False)])
def test_a_wait_says_whether_it_was_woken(name: str, woken: bool) -> None:
    """A time-out there means "ask now", and is nobody's error."""
    listen, check = read_timeline(history(name)).entries

    assert (listen.woken, listen.error) == (woken, "")
    assert check.woken is None


def failed_task(error: object) -> list[dict[str, Any]]:
    """Give a state whose task failed so, and is tried again."""
    kinds = ("TaskStateEntered", "TaskScheduled", "TaskFailed", "TaskScheduled")
    return [
        {
            "id": number,
            "type": kind,
            "previousEventId": number - 1,
            "timestamp": datetime.fromisoformat("2026-11-22T10:00:00Z"),
            "stateEnteredEventDetails": {"name": "Check"},
            "taskFailedEventDetails": {} if error is None else {"error": error},
        }
        for number, kind in enumerate(kinds, start=1)
    ]


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        pytest.param("ProviderThrottled", "ProviderThrottled", id="ours"),
        pytest.param("Lambda.Unknown", "Lambda.Unknown", id="AWS'"),
        pytest.param(None, "States.TaskFailed", id="not told"),
        pytest.param("ann@example.com", "States.TaskFailed", id="no name"),
    ],
)
def test_a_task_that_is_tried_again_says_why(error: str | None, shown: str) -> None:
    """The name only: what else a failure says stays in the history."""
    (entry,) = read_timeline(failed_task(error)).entries

    assert (entry.error, entry.tries, entry.left_at) == (shown, 2, 0.0)


@given(name=st.sampled_from(list(HISTORIES)), start=st.integers(0, 90), data=st.data())
def test_any_part_of_a_history_is_a_timeline(
    name: str, start: int, data: st.DataObject
) -> None:
    """A long one is read from its middle, a running one to its last event."""
    events = history(name)
    end = data.draw(st.integers(0, len(events)))

    timeline = read_timeline(events[start:end], truncated=start > 0)

    entered = [e for e in events[start:end] if e["type"].endswith("StateEntered")]
    assert len(timeline.entries) == len(entered)
    assert timeline.truncated is (start > 0)
    document = responses.timeline_response(RECORD, timeline)
    Draft202012Validator(RESPONSE_SCHEMAS["Timeline"]).validate(document)


def test_marks_are_what_happened_in_its_order() -> None:
    """With the webhook among them; what has not happened is not there."""
    timeline = read_timeline(history("woken"))
    at = timeline.entries[0].left_at
    record = JobRecord(
        job_id="a",
        provider="p",
        type="t",
        received_at=at - 5,
        submitted_at=at - 4,
        finished_at=at + 1,
    )

    marks = [
        mark["name"] for mark in responses.timeline_response(record, timeline)["marks"]
    ]

    assert marks == ["received", "submitted", "woken", "finished"]
    assert set(marks) <= set(MARKS)


def test_an_attempt_without_an_execution_has_done_nothing() -> None:
    """It may be about to start, or be long forgotten."""
    document = responses.timeline_response(RECORD, Timeline())

    assert document["entries"] == document["checks"] == []
    assert document["ended_at"] is None
