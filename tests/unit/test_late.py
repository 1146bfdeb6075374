"""A late job is looked at ever more rarely, and is told apart from all others."""

import json
from datetime import UTC
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verdict_courier.cli.display import Display

from functions.api import responses
from functions.aws.executions import execution_input
from functions.aws.notifier import Notifier
from functions.conclude import job_metrics
from functions.core.job_record import JobRecord
from functions.core.metrics import Metric
from functions.core.model import Forecast, Job, Outcome
from functions.core.schedule import DAY_SECONDS, SWEEP_SECONDS, next_late_check
from tests.unit.test_verdict import FakeTopic

JOB = Job(job_id="j", provider="p", type="t", outcome=Outcome.SUCCEEDED)
RECORD = JobRecord(
    job_id="j",
    provider="p",
    type="t",
    provider_ref="17",
    outcome=Outcome.TIMED_OUT,
    error="DeadlinePassed",
    timed_out_at=1_795_000_000.0,
    late_check_at=1_795_000_900.0,
)
WEEK = 7 * DAY_SECONDS


@given(
    timed_out_at=st.floats(0, 4e9),
    elapsed=st.floats(0, WEEK),
    days=st.integers(7, 400),
)
def test_a_look_is_later_within_its_bounds(
    timed_out_at: float, elapsed: float, days: int
) -> None:
    """A job that is never looked at again is lost; one that always is, costs."""
    now, ends_at = timed_out_at + elapsed, timed_out_at + days * DAY_SECONDS

    next_at = next_late_check(timed_out_at, ends_at=ends_at, now=now)

    assert next_at <= ends_at
    assert next_at == ends_at or SWEEP_SECONDS <= round(next_at - now) <= DAY_SECONDS


@pytest.mark.parametrize(
    ("hours", "expected_hours"),
    [(0, 0.25), (2, 0.25), (10, 1), (100, 10), (160, 8), (167.9, 0.1)],
)
def test_the_time_between_looks_is_a_tenth_of_that_since_the_deadline(
    hours: float, expected_hours: float
) -> None:
    """What comes an hour late is fetched minutes later; the last look is at the end."""
    next_at = next_late_check(0.0, ends_at=WEEK, now=hours * 3600)

    assert next_at / 3600 - hours == pytest.approx(expected_hours)


@pytest.mark.parametrize("late", [False, True])
def test_a_notice_says_whether_it_is_late(late: bool) -> None:
    """SNS compares attributes as texts; the workflow writes the same ones."""
    topic = FakeTopic()
    record = JobRecord(job_id="j", provider="p", type="t", late=late)

    Notifier("topic", results_bucket="b", sns=cast("Any", topic)).publish(record)

    (message,) = topic.published
    assert json.loads(message["Message"])["late"] is late
    attribute = message["MessageAttributes"]["late"]
    assert attribute == {"DataType": "String", "StringValue": json.dumps(late)}


def test_only_late_results_are_counted() -> None:
    """The alarm says how many jobs need a later deadline."""
    late = JOB.with_(late=True)

    assert job_metrics(late, now=1.0)[Metric.JOBS_LATE] == 1
    assert Metric.JOBS_LATE not in job_metrics(JOB, now=1.0)
    failed = late.with_(outcome=Outcome.FAILED, error="ProviderFailed")
    assert Metric.JOBS_LATE not in job_metrics(failed, now=1.0)


def test_a_forecast_is_measured_at_the_end() -> None:
    """Who plans by forecasts has to know how good they are."""
    told = Forecast(seconds=100, low=90, high=110, jobs=9)
    job = JOB.with_(forecast=told, submitted_at=1_000.0, finished_at=1_125.0)

    late = job_metrics(job, now=2_000.0)
    right = job_metrics(job.with_(finished_at=1_100.0), now=2_000.0)
    unknown = job_metrics(job.with_(finished_at=0.0), now=2_000.0)

    assert late[Metric.FORECAST_ERROR_PERCENT] == 20
    assert late[Metric.OUTSIDE_FORECAST] == 1
    assert right[Metric.FORECAST_ERROR_PERCENT] == right[Metric.OUTSIDE_FORECAST] == 0
    assert Metric.OUTSIDE_FORECAST not in unknown


@pytest.mark.fault(38)
def test_only_a_late_attempt_has_another_input() -> None:
    """A repeated start of the attempt of an earlier release must be the same one."""
    assert "late" not in execution_input(JOB)
    assert execution_input(JOB.with_(late=True))["late"] is True


def test_the_table_keeps_the_job_in_the_index_until_it_is_started() -> None:
    """A start whose answer was lost is repeated by the next sweep."""
    stored = RECORD.late_attributes(1_795_001_000.0)

    restarted = JobRecord.from_item({**stored, "job_id": "j", "attempt": 2.0})
    assert restarted.late is True
    assert restarted.to_job().late is True
    assert restarted.late_check_at == 1_795_001_000.0
    assert restarted.timed_out_at == RECORD.timed_out_at


def test_clients_see_when_the_next_look_is(capsys: pytest.CaptureFixture[str]) -> None:
    """A person need not retry a job that is looked at in a minute."""
    job = responses.job_response(
        RECORD,
        deadline_seconds=1.0,
        show_file_names=True,
        jobs="/jobs",
        execution_url="https://console",
    )

    Display(as_json=False, zone=UTC).job(job)

    assert job["late_check_at"] == "2026-11-18T11:21:40.000Z"
    shown = capsys.readouterr().out
    assert "2026-11-18 11:21:40 UTC" in shown
    assert "timed_out" in shown


@pytest.mark.parametrize("late", [False, True])
def test_clients_see_that_a_job_is_late(
    capsys: pytest.CaptureFixture[str], late: bool
) -> None:
    """Its outcome has changed since they saw it last."""
    record = JobRecord(
        job_id="j", provider="p", type="t", outcome=Outcome.SUCCEEDED, late=late
    )
    job = responses.job_response(
        record,
        deadline_seconds=1.0,
        show_file_names=True,
        jobs="/jobs",
        execution_url="https://console",
    )

    Display(as_json=False).jobs([job])

    assert job["late"] is late
    assert ("succeeded late" in capsys.readouterr().out) is late
