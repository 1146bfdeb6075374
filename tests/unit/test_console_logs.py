"""The console shows the log lines of a job, and no metrics."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from verdict_courier.console import logs

from functions.core.metrics import STAGE, Metric, emf_document

_DECISION = {"job_id": "j", "level": "INFO", "message": "checked", "timestamp": "12:00"}
_METRICS = emf_document(
    {Metric.UPLOADS_NOT_ABORTED: 1}, {STAGE: "s", "job_id": "j"}, now=0
)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param(json.dumps(_DECISION), "checked", id="a decision"),
        pytest.param(
            json.dumps({**_DECISION, "job_id": "k"}), None, id="another job's"
        ),
        pytest.param(json.dumps(_METRICS), None, id="metrics"),
        pytest.param("REPORT RequestId: j", None, id="Lambda's own"),
        pytest.param('"j"', None, id="no line of ours"),
    ],
)
def test_only_lines_about_the_job_are_shown(line: str, shown: str | None) -> None:
    """Metrics would be every second line; AWS's console has charts of them."""
    parsed = logs.parse_line(line, "j")

    assert (parsed.message if parsed else None) == shown


@dataclass
class Group:
    """A log group that has one page of lines."""

    events: list[dict[str, object]]

    def get_paginator(self, _: str) -> "Group":
        """Answer as CloudWatch Logs."""
        return self

    def paginate(self, **_: object) -> list[dict[str, object]]:
        """Return the only page."""
        return [{"events": [{"message": json.dumps(event)} for event in self.events]}]


def test_who_follows_a_job_does_not_fill_its_log() -> None:
    """`--wait` asks every second; what the functions did would be lost among that."""
    answered = {"job_id": "j", "message": "request answered"}
    operations = ("startJob", "getJob", "getTimeline", "getResults", "retryJob")
    events = [{**answered, "operation": name, "cold_start": 1} for name in operations]
    client: Any = Group([*events, {**_DECISION, "operation": "getJob"}])
    reader = logs.LogReader(client, groups=["g"])

    usual = [line.fields or line.message for line in reader.lines("j")]

    assert sorted(usual) == [
        "operation=getJob",  # of a line that is no answer
        "operation=retryJob",
        "operation=startJob",
    ]
    assert len(reader.lines("j", with_reads=True)) == len(events) + 1
