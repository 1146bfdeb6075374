"""Timeline: any part of an execution's history is read as the states that it passed.

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
    """Return the events of a recorded history as boto3 does."""
    events: list[dict[str, Any]] = json.loads(HISTORIES[name].read_text())
    for event in events:
        event["timestamp"] = datetime.fromisoformat(event["timestamp"])
    return events


def states_of(name: str) -> list[str]:
    """Return the states of a history in order, each once."""
    return list(Counter(entry.state for entry in read_timeline(history(name)).entries))


def test_a_delivered_job_passes_these_states() -> None:
    """An operator compares them with the state chart."""
    timeline = read_timeline(history("delivered"))

    assert states_of("delivered") == [
        *("Known", "Submit", "Route", "Wait", "Check", "Collect", "Download"),
        *("Manifest", "Conclude", "Notify", "Judge", "Delivered"),
    ]
    assert len(timeline.checks) == 3
    assert all(entry.left_at >= entry.entered_at > 0 for entry in timeline.entries)
    assert timeline.ended_at == timeline.entries[-1].left_at
    assert not any(entry.error for entry in timeline.entries)


def test_a_map_lasts_as_long_as_its_items() -> None:
    """Collect is left once, after the last of its four Downloads."""
    entries = read_timeline(history("delivered")).entries
    (collect,) = (entry for entry in entries if entry.state == "Collect")
    downloads = [entry for entry in entries if entry.state == "Download"]

    assert len(downloads) == 4
    assert [download.tries for download in downloads] == [1, 1, 1, 1]
    assert collect.left_at >= max(download.left_at for download in downloads)


def test_parallel_iterations_do_not_close_each_other() -> None:
    """Their events are mixed, and only name their previous event."""
    timestamp = datetime.fromisoformat("2026-11-22T10:00:00Z")
    mixed = {
        1: ("MapStateEntered", 0, "Collect"),
        2: ("TaskStateEntered", 1, "Download"),
        3: ("TaskStateEntered", 1, "Download"),
        4: ("TaskScheduled", 2, ""),
        5: ("TaskStateExited", 4, "Download"),
    }
    events = [
        {
            "id": number,
            "type": type_,
            "previousEventId": previous,
            "timestamp": timestamp,
            "stateEnteredEventDetails": {"name": name},
            "stateExitedEventDetails": {"name": name},
        }
        for number, (type_, previous, name) in mixed.items()
    ]

    collect, first, second = read_timeline(events).entries

    assert collect.left_at == 0.0
    assert (first.tries, first.left_at > 0) == (1, True)
    assert (second.tries, second.left_at) == (0, 0.0)


def test_the_last_state_of_a_failed_job_has_its_error() -> None:
    """An operator sees where and why the job failed."""
    timeline = read_timeline(history("failed"))

    assert timeline.entries[-1].state == "Failed"
    assert timeline.entries[-1].error == "ProviderFailed"
    assert timeline.ended_at > 0


def test_a_current_state_has_no_end() -> None:
    """The console draws it up to the present."""
    timeline = read_timeline(history("waiting"))

    assert timeline.entries[-1].state == "Wait"
    assert timeline.entries[-1].left_at == timeline.ended_at == 0.0


@pytest.mark.parametrize("previous", [0, 11])
def test_a_stopped_execution_leaves_no_state_open(previous: int) -> None:
    """Its error is free text of whoever stopped it, and may be a person's name."""
    events = history("cancelled")
    events[-1]["previousEventId"] = (
        previous  # it is not documented which of the two AWS writes
    )

    timeline = read_timeline(events)

    assert timeline.entries[-1].state == "Wait"
    assert timeline.entries[-1].left_at == timeline.ended_at > 0
    assert not timeline.entries[-1].error


@pytest.mark.parametrize(("name", "woken"), [("woken", True), ("not_woken", False)])
def test_a_wait_says_whether_a_webhook_ended_it(name: str, woken: bool) -> None:
    """The time-out of a wait means "check now", and is no error."""
    listen, check = read_timeline(history(name)).entries

    assert (listen.woken, listen.error) == (woken, "")
    assert check.woken is None


def failed_task(error: object) -> list[dict[str, Any]]:
    """Return the events of a task that failed with an error and is tried again."""
    types = ("TaskStateEntered", "TaskScheduled", "TaskFailed", "TaskScheduled")
    return [
        {
            "id": number,
            "type": type_,
            "previousEventId": number - 1,
            "timestamp": datetime.fromisoformat("2026-11-22T10:00:00Z"),
            "stateEnteredEventDetails": {"name": "Check"},
            "taskFailedEventDetails": {} if error is None else {"error": error},
        }
        for number, type_ in enumerate(types, start=1)
    ]


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        pytest.param("ProviderThrottled", "ProviderThrottled", id="known error"),
        pytest.param("Lambda.Unknown", "Lambda.Unknown", id="error of AWS"),
        pytest.param(None, "States.TaskFailed", id="no error"),
        pytest.param("ann@example.com", "States.TaskFailed", id="not a name"),
    ],
)
def test_a_task_that_is_tried_again_has_the_error(
    error: str | None, shown: str
) -> None:
    """Only the name is shown; other text of a failure may be personal."""
    (entry,) = read_timeline(failed_task(error)).entries

    assert (entry.error, entry.tries, entry.left_at) == (shown, 2, 0.0)


@given(name=st.sampled_from(list(HISTORIES)), start=st.integers(0, 90), data=st.data())
def test_any_part_of_a_history_is_a_timeline(
    name: str, start: int, data: st.DataObject
) -> None:
    """A long history is read from its middle, a running one to its latest event."""
    events = history(name)
    end = data.draw(st.integers(0, len(events)))

    timeline = read_timeline(events[start:end], truncated=start > 0)

    entered = [e for e in events[start:end] if e["type"].endswith("StateEntered")]
    assert len(timeline.entries) == len(entered)
    assert timeline.truncated is (start > 0)
    document = responses.timeline_response(RECORD, timeline)
    Draft202012Validator(RESPONSE_SCHEMAS["Timeline"]).validate(document)


def test_marks_are_the_events_of_the_job_in_order() -> None:
    """The webhook is among them; events that have not happened are not."""
    timeline = read_timeline(history("woken"))
    woken_at = timeline.entries[0].left_at
    record = JobRecord(
        job_id="a",
        provider="p",
        type="t",
        received_at=woken_at - 5,
        submitted_at=woken_at - 4,
        finished_at=woken_at + 1,
    )

    marks = [
        mark["name"] for mark in responses.timeline_response(record, timeline)["marks"]
    ]

    assert marks == ["received", "submitted", "woken", "finished"]
    assert set(marks) <= set(MARKS)


def test_an_attempt_without_an_execution_has_an_empty_timeline() -> None:
    """It may start soon, or Step Functions may have deleted its history."""
    document = responses.timeline_response(RECORD, Timeline())

    assert document["entries"] == document["checks"] == []
    assert document["ended_at"] is None
