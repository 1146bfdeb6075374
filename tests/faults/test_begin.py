"""Begin: one execution follows an attempt of a job; any other does nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import begin, submit
from functions.aws import clients
from functions.aws.attempt_store import AttemptStore
from functions.aws.job_store import JobStore
from functions.core.errors import JobAlreadyStarted, JobEnded
from functions.core.job_record import JobRecord
from functions.core.model import BatchPosition, Job, Outcome
from tests.faults.harness import TABLE, StepHarness
from tests.unit import recordings

pytestmark = pytest.mark.fault(102)
#: A name that a person gave, or the AWS console.
ANOTHER = "again"


@pytest.fixture
def job_store(harness: StepHarness) -> JobStore:  # noqa: ARG001 - which made the table
    """Return the jobs table."""
    return JobStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90)


@pytest.fixture
def attempts(job_store: JobStore) -> AttemptStore:  # noqa: ARG001 - the same table
    """Return the executions in the jobs table."""
    return AttemptStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90)


def read(job_store: JobStore, job: Job) -> JobRecord:
    """Return the record of a job that has one."""
    record = job_store.get(job.job_id)
    assert record is not None
    return record


def retried(job_store: JobStore, job: Job) -> Job:
    """End an attempt of a job, and return the next one."""
    job_store.record_outcome(job.with_(outcome=Outcome.FAILED, error="X"), now=2.0)
    restarted = job_store.restart(read(job_store, job), now=3.0)
    assert restarted is not None
    return restarted.to_job()


def test_the_first_execution_follows_the_job(
    attempts: AttemptStore, job_store: JobStore, job: Job
) -> None:
    """The job can be read, found and cancelled from here on."""
    attempts.begin(job, execution=job.job_id, now=1.0)

    record = read(job_store, job)
    assert (record.execution, record.received_at) == (job.job_id, 1.0)
    assert record.to_job() == job


def test_the_same_execution_may_begin_again(
    attempts: AttemptStore, harness: StepHarness, job: Job
) -> None:
    """The answer to the first try may have been lost; a redrive has the name, too."""
    attempts.begin(job, execution=job.job_id, now=1.0)

    assert attempts.begin(job, execution=job.job_id, now=5.0) == 1.0
    assert harness.item(job)["execution"] == job.job_id


@pytest.mark.parametrize("ended", [False, True])
def test_another_execution_does_not_begin(
    attempts: AttemptStore,
    job_store: JobStore,
    harness: StepHarness,
    job: Job,
    ended: bool,
) -> None:
    """Whether the first one runs or has ended: it would pay, and end half-merged."""
    attempts.begin(job, execution=job.job_id, now=1.0)
    if ended:
        job_store.record_outcome(job.with_(outcome=Outcome.FAILED), now=2.0)
    before = harness.item(job)

    with pytest.raises(JobAlreadyStarted):
        attempts.begin(job, execution=ANOTHER, now=3.0)

    assert harness.item(job) == before


def test_one_of_many_executions_begins(attempts: AttemptStore, job: Job) -> None:
    """They may start at the same moment."""

    def begins(name: str) -> bool:
        try:
            attempts.begin(job, execution=name, now=1.0)
        except JobAlreadyStarted:
            return False
        return True

    with ThreadPoolExecutor(8) as executions:
        begun = list(executions.map(begins, [job.job_id, *map(str, range(7))]))

    assert begun.count(True) == 1


def test_an_execution_that_a_person_starts_may_be_the_first(
    attempts: AttemptStore, job_store: JobStore, job: Job
) -> None:
    """Its name is what stops it, and what the timeline is read from."""
    attempts.begin(job, execution=ANOTHER, now=1.0)

    with pytest.raises(JobAlreadyStarted):
        attempts.begin(job, execution=job.job_id, now=2.0)
    assert read(job_store, job).execution_name == ANOTHER


def test_a_job_with_a_reference_keeps_it(
    attempts: AttemptStore, job_store: JobStore, job: Job
) -> None:
    """A retry of it must not submit it."""
    known = Job(job_id=job.job_id, provider="ipqs", type="email", provider_ref="7")

    attempts.begin(known, execution=ANOTHER, now=1.0)

    record = read(job_store, known)
    assert (record.provider_ref, record.submitted_at) == ("7", 1.0)


def test_each_attempt_has_an_execution(
    attempts: AttemptStore, job_store: JobStore, job: Job
) -> None:
    """A retry begins; the input of the first attempt does not begin any more."""
    attempts.begin(job, execution=job.job_id, now=1.0)
    second = retried(job_store, job)

    for name in (ANOTHER, job.job_id):
        with pytest.raises(JobAlreadyStarted):
            attempts.begin(job, execution=name, now=4.0)
    attempts.begin(second, execution=second.execution_name, now=4.0)

    assert read(job_store, job).execution == f"{job.job_id}-2"


@pytest.mark.fault(101)
def test_an_attempt_that_was_cancelled_first_is_concluded(
    attempts: AttemptStore, job_store: JobStore, job: Job
) -> None:
    """Its own execution announces it; another one has nothing to say."""
    job_store.create_requested(job, request_hash="h", now=1.0)
    job_store.record_external_outcome(job, Outcome.CANCELLED, now=2.0)

    with pytest.raises(JobEnded):
        attempts.begin(job, execution=job.job_id, now=3.0)
    with pytest.raises(JobAlreadyStarted):
        attempts.begin(job, execution=ANOTHER, now=3.0)


def test_a_request_of_a_batch_is_no_job(
    attempts: AttemptStore, harness: StepHarness, job: Job
) -> None:
    """Its input is in the AWS console, too, next to *New execution*."""
    request = job.with_(part=BatchPosition(batch_id="b"))

    with pytest.raises(JobAlreadyStarted):
        attempts.begin(request, execution=ANOTHER, now=1.0)

    assert harness.item(request) == {}


@pytest.mark.fault(38)
@pytest.mark.parametrize(
    ("name", "has_begun"),
    [
        ("received", False),
        ("received-known-reference", False),
        ("intent", True),
        ("submitted", True),
        ("in-progress", True),
        ("batch", True),
        ("failed", True),
        ("succeeded", True),
        ("cancelled", True),
    ],
)
def test_a_job_of_an_earlier_release_is_followed_by_its_execution(
    attempts: AttemptStore, job_store: JobStore, name: str, has_begun: bool
) -> None:
    """Its item does not say by which; the execution in flight does not begin again."""
    item = recordings.item(f"jobs/{name}") | {"job_id": {"S": f"{name} {has_begun}"}}
    item.pop("expires_at", None)
    if name == "batch":  # as it was while it ran
        item.pop("outcome")
    clients.dynamodb().put_item(TableName=TABLE, Item=item)
    record = job_store.get(item["job_id"]["S"])
    assert record is not None

    if has_begun:
        with pytest.raises(JobAlreadyStarted):
            attempts.begin(record.to_job(), execution=ANOTHER, now=1.0)
    else:
        attempts.begin(record.to_job(), execution=ANOTHER, now=1.0)


@pytest.mark.fault(38)
def test_an_execution_that_was_started_before_a_deployment_begins(
    attempts: AttemptStore, job_store: JobStore
) -> None:
    """A retry whose start failed is started again under the attempt's own name."""
    item = recordings.item("jobs/retried") | {"job_id": {"S": "retried before"}}
    for name in ("expires_at", "outcome"):
        item.pop(name, None)
    clients.dynamodb().put_item(TableName=TABLE, Item=item)
    record = job_store.get("retried before")
    assert record is not None

    attempts.begin(record.to_job(), execution="retried before-2", now=1.0)


@pytest.mark.usefixtures("deployed")
def test_a_job_is_counted_once(
    harness: StepHarness,
    job: Job,
    context: LambdaContext,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Begin may be tried again, and Submit finds the job recorded."""
    for _ in range(2):
        begin.handler({"job": job.to_state(), "execution": job.job_id}, context)
        harness.ipqs.clock.advance(1)
    submit.handler(job.to_state(), context)

    assert capsys.readouterr().out.count('"JobsStarted": 1') == 1
