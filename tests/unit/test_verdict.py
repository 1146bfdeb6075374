"""The verdict on the rows is told wherever the end of a job is told."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from functions.aws.job_store import JobStore
from functions.aws.notifier import Notifier
from functions.conclude import conclude, job_metrics
from functions.core.job_record import End, JobRecord
from functions.core.metrics import Metric
from functions.core.model import File, Job, Outcome, State
from functions.core.notice import MESSAGE_ATTRIBUTES, MESSAGE_FIELDS
from functions.core.rows import RowsVerdict
from tests.unit import recordings

JOB = Job(job_id="j", provider="p", type="t", outcome=Outcome.SUCCEEDED)


@dataclass
class FakeTopic:
    """Keeps what is published, in place of SNS."""

    published: list[State] = field(default_factory=list)

    def publish(self, **message: Any) -> None:  # noqa: ANN401 - boto3's own
        """Keep a message."""
        self.published.append(message)


@dataclass
class FakeTable:
    """Keeps the attributes that are written, in place of the jobs table."""

    written: dict[str, Any] = field(default_factory=dict)

    def record_outcome(self, job: Job, *, now: float) -> End:
        """Keep the job's state as what is written."""
        self.written = {**job.to_state(), "ended_at": now}
        return JobRecord.from_item(self.written).end_of(job.attempt)


def concluded(job: Job, failure: State | None = None) -> Job:
    """Return a job as Conclude leaves it to Notify."""
    return conclude(job, failure, job_store=cast("JobStore", FakeTable()), now=1.0)


@pytest.mark.fault(38)
@pytest.mark.parametrize(
    "state", ["ipqs-waiting", "ipqs-downloaded", "ipqs-failed", "batch-gathered"]
)
def test_a_job_of_an_earlier_release_has_a_verdict_for_the_notice(state: str) -> None:
    """Notify reads the field, and SNS refuses an attribute without a value."""
    ended = concluded(Job.from_state(recordings.state(state)), {"Error": "NoResults"})

    document = json.loads(json.dumps(ended.to_state()))
    assert document["verdict"] == "none"
    assert set(MESSAGE_FIELDS) <= document.keys()
    assert all(document[name] for name in MESSAGE_ATTRIBUTES)


@pytest.mark.fault(38)
@pytest.mark.parametrize("item", ["succeeded", "failed", "cancelled", "batch"])
def test_a_record_of_an_earlier_release_can_be_announced(item: str) -> None:
    """`finalize_execution` announces jobs that ended before a deployment."""
    values = {
        n: next(iter(v.values())) for n, v in recordings.item(f"jobs/{item}").items()
    }
    topic = FakeTopic()

    Notifier("topic", results_bucket="b", sns=cast("Any", topic)).publish(
        JobRecord.from_item(values)
    )

    (message,) = topic.published
    assert json.loads(message["Message"])["verdict"] == "none"
    assert {
        name: attribute["StringValue"]
        for name, attribute in message["MessageAttributes"].items()
    }["verdict"] == "none"


@pytest.mark.parametrize("verdict", RowsVerdict)
def test_a_finalized_execution_is_announced_with_its_verdict(
    verdict: RowsVerdict,
) -> None:
    """Where Notify failed, the jobs table has what Conclude recorded."""
    table, topic = FakeTable(), FakeTopic()
    conclude(
        JOB.with_(verdict=verdict), None, job_store=cast("JobStore", table), now=1.0
    )

    Notifier("topic", results_bucket="b", sns=cast("Any", topic)).publish(
        JobRecord.from_item(table.written)
    )

    (message,) = topic.published
    assert json.loads(message["Message"])["verdict"] == verdict
    assert message["MessageAttributes"]["verdict"]["StringValue"] == verdict


def test_a_manifest_is_counted_by_its_verdict() -> None:
    """The alarm sums them; a job without a manifest has nothing to count."""
    delivered = JOB.with_(verdict=RowsVerdict.UNACCOUNTED)
    failed = JOB.with_(outcome=Outcome.FAILED)

    assert job_metrics(delivered, now=1.0)[Metric.MANIFESTS] == 1
    assert Metric.MANIFESTS not in job_metrics(failed, now=1.0)


def test_joined_files_are_not_counted_as_delivered_by_the_provider() -> None:
    """They have its rows a second time, and were downloaded through no link."""
    result = File(kind="all", key="k", bytes=10, rows=3, link_age_seconds=0.5)
    ours = File(kind="joined", key="j", bytes=99, rows=9)

    metrics = job_metrics(JOB.with_(files=(result, ours)), now=1.0)

    assert metrics[Metric.ROWS_DELIVERED] == 3
    assert metrics[Metric.LINK_AGE_SECONDS] == [0.5]


def test_a_later_attempt_knows_what_was_sent() -> None:
    """Otherwise its manifest could not tell duplicates from missing rows."""
    record = JobRecord(
        job_id="j", provider="p", type="t", attempt=2, rows=12, distinct_rows=9
    )

    job = record.to_job()

    assert (job.rows, job.distinct_rows) == (12, 9)


def test_the_end_that_stands_stands_with_its_verdict() -> None:
    """A notice must not promise a manifest's rows for an attempt that was cancelled."""
    cancelled = JobRecord(
        job_id="j", provider="p", type="t", outcome=Outcome.CANCELLED, attempt=2
    )
    delivered = JobRecord(
        job_id="j",
        provider="p",
        type="t",
        outcome=Outcome.SUCCEEDED,
        verdict=RowsVerdict.COMPLETE,
    )
    retried = replace(
        delivered, attempt=2, earlier=tuple(json.loads(delivered.attempts_json()))
    )

    assert cancelled.end_of(2).verdict is RowsVerdict.NONE
    assert retried.end_of(1).verdict is RowsVerdict.COMPLETE
