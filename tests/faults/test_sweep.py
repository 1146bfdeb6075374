"""Sweep: what ends after its deadline is fetched once, and is never submitted again."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import sweep
from functions.aws import clients
from functions.aws.late_jobs import LateCheck, LateJobs
from functions.core.errors import CourierError
from functions.core.model import Job, Outcome
from functions.core.schedule import DAY_SECONDS, SWEEP_SECONDS
from functions.sweep import MOST_FAILURES, Look
from local.simulators.faults import Answer
from tests.faults.execution_driver import ExecutionDriver
from tests.faults.fault_injection import aws_failure
from tests.faults.harness import TABLE, StepHarness
from tests.faults.late_harness import LateHarness
from tests.world.injection import FOUR_MODES, Killed, Mode

pytestmark = pytest.mark.fault(33)

#: The calls of a sweep that resumes a job, without faults.
CALLS = (
    "dynamodb.Query",
    "dynamodb.UpdateItem",  # the look is claimed
    "secretsmanager.GetSecretValue",
    "ipqs.status",
    "dynamodb.UpdateItem",  # the next attempt
    "stepfunctions.StartExecution",
    "dynamodb.UpdateItem",  # no look is needed any more
)


@pytest.fixture
def late(driver: ExecutionDriver) -> Iterator[LateHarness]:
    """Return the harness of late jobs, with no job that has timed out."""
    harness = LateHarness.create(driver)
    yield harness
    driver.injector.plan({})


def attribute(harness: StepHarness, job: Job, name: str) -> str:
    """Return an attribute of a job's item, empty where it has none."""
    return harness.item(job).get(name, "")


def check_brought(late: LateHarness, job: Job) -> None:
    """Assert that a late job is delivered by one more attempt, with one late notice."""
    (started,) = late.started(job)
    assert (started.attempt, started.late, started.provider_ref != "") == (
        2,
        True,
        True,
    )

    ended = late.driver.run(started)

    assert ended.outcome is Outcome.SUCCEEDED
    item = late.harness.item(job)
    assert (item["outcome"], float(item["late"])) == ("succeeded", 1)
    assert "late_check_at" not in item
    notices = [n for n in late.driver.notifications if n["job_id"] == job.job_id]
    assert [(notice["outcome"], notice["late"]) for notice in notices] == [
        ("timed_out", False),
        ("succeeded", True),
    ]
    assert late.harness.paid_uploads(job) == 1
    assert late.harness.versions(job)["manifest-2.json"] == 1


def test_a_job_that_finishes_late_is_fetched(late: LateHarness) -> None:
    """It is paid for, and without the sweep nobody would ever ask for it again."""
    job = late.time_out()
    late.driver.injector.plan({})

    assert late.sweep() == {Look.RESUMED: 1}

    assert tuple(late.driver.injector.calls) == CALLS
    check_brought(late, job)
    assert late.sweep() == {}


@pytest.mark.parametrize("mode", FOUR_MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize(
    "at", range(len(CALLS)), ids=[f"{at}-{name}" for at, name in enumerate(CALLS)]
)
def test_a_call_that_fails_loses_and_repeats_nothing(
    late: LateHarness, at: int, mode: Mode
) -> None:
    """The next sweeps bring the job, in one more attempt, with one late notice."""
    job = late.time_out()
    late.driver.injector.plan({at: mode})

    for _ in range(3):
        late.driver.injector.restart()
        try:
            late.sweep()
        except (CourierError, Killed):
            late.driver.injector.restart()  # Lambda calls the function again
        late.advance(SWEEP_SECONDS)

    assert late.driver.injector.injected == [f"{CALLS[at]} {mode.name}"]
    late.driver.injector.plan({})
    check_brought(late, job)
    assert late.sweep() == {}


def test_an_unfinished_job_is_looked_at_ever_more_rarely(late: LateHarness) -> None:
    """A tenth of the time since the deadline: some fifty calls in a week."""
    job = late.time_out(failing=True)
    timed_out_at = float(attribute(late.harness, job, "timed_out_at"))
    looked_at = []
    while attribute(late.harness, job, "late_check_at"):
        due_at = float(attribute(late.harness, job, "late_check_at"))
        late.advance(max(0.0, due_at - late.harness.ipqs.clock.now()))
        late.sweep()
        looked_at.append(late.harness.ipqs.clock.now() - timed_out_at)

    assert looked_at[0] < 1
    assert looked_at[-1] == pytest.approx(7 * DAY_SECONDS, abs=1)
    waits = [after - before for before, after in pairwise(looked_at)]
    assert min(waits[:-1]) >= SWEEP_SECONDS
    assert max(waits) <= DAY_SECONDS
    assert 40 < len(looked_at) < 60
    assert late.harness.calls("status") == len(looked_at) + 1
    assert not late.started(job)


def test_a_job_whose_look_is_not_due_costs_no_call(late: LateHarness) -> None:
    """The sweep runs 96 times a day."""
    late.time_out(failing=True)
    late.sweep()
    late.driver.injector.plan({})

    late.advance(SWEEP_SECONDS - 1)

    assert late.sweep() == {}
    assert late.driver.injector.calls == ["dynamodb.Query"]


@pytest.mark.parametrize(
    ("answer", "outcome", "error"),
    [
        (
            Answer.edited(lambda status: {**status, "status": "ERROR"}),
            "failed",
            "ProviderFailed",
        ),
        (
            Answer.edited(lambda status: {**status, "aborted": True}),
            "aborted",
            "JobAborted",
        ),
    ],
    ids=["failed", "aborted"],
)
def test_a_bad_end_is_recorded_and_not_asked_again(
    late: LateHarness, answer: Answer, outcome: str, error: str
) -> None:
    """Its attempt confirms it as any other does, and announces it."""
    job = late.time_out(failing=True)
    late.harness.ipqs.script("status", [answer] * 4)

    assert late.sweep() == {Look.RESUMED: 1}

    (started,) = late.started(job)
    ended = late.driver.run(started)
    assert (ended.outcome, ended.error, ended.late) == (outcome, error, True)
    late.advance(DAY_SECONDS)
    assert late.sweep() == {}


@pytest.mark.fault(32)
@pytest.mark.parametrize(
    "refusal", [Answer.refusal("No."), Answer.http(404)], ids=["refused", "unknown"]
)
def test_a_refusal_about_one_job_does_not_stop_the_others(
    late: LateHarness, refusal: Answer
) -> None:
    """Each failed look is repeated, or follows later; the others go on."""
    jobs = [late.time_out(failing=True) for _ in range(3)]
    late.finish()
    late.harness.ipqs.script("status", [Answer.http(500), refusal])

    assert late.sweep() == {Look.FAILED: 1, Look.UNFINISHED: 1, Look.RESUMED: 1}

    late.advance(DAY_SECONDS)
    assert late.sweep() == {Look.RESUMED: 2}
    for job in jobs:
        assert len(late.started(job)) == 1


@pytest.mark.fault(22)
def test_a_provider_that_throttles_ends_the_sweep(late: LateHarness) -> None:
    """More calls would make it worse; the next sweep goes on."""
    for _ in range(3):
        late.time_out(failing=True)
    late.finish()
    late.harness.ipqs.script("status", [Answer.http(429)])

    assert late.sweep() == {Look.FAILED: 1}

    late.advance(SWEEP_SECONDS)
    assert late.sweep() == {Look.RESUMED: 3}


@pytest.mark.fault(98)
def test_a_provider_that_is_down_gets_few_calls(late: LateHarness) -> None:
    """Each may take half a minute, and the other provider needs its time."""
    for _ in range(MOST_FAILURES + 2):
        late.time_out(failing=True)
    late.harness.ipqs.script("status", [Answer.http(503)] * MOST_FAILURES)

    assert late.sweep() == {Look.FAILED: MOST_FAILURES}


def test_a_sweep_ends_in_time(late: LateHarness) -> None:
    """A look that is cut off by the function's time-out has to be repeated."""
    late.time_out()

    assert late.sweep(seconds=0.0) == {}
    assert late.sweep() == {Look.RESUMED: 1}


@pytest.mark.fault(80)
def test_a_retry_by_hand_is_not_disturbed(late: LateHarness) -> None:
    """The sweep has read the job, and a person retries it before the sweep does."""
    job = late.time_out()
    store = late.process().job_store
    record = store.get(job.job_id)
    assert record is not None

    retried = store.restart(record, now=record.ended_at + 1)

    assert retried is not None
    assert not retried.late
    assert store.restart(record, now=record.ended_at + 2, late=True) is None
    late_jobs = LateJobs(TABLE, dynamodb=clients.dynamodb())
    check = LateCheck(job_id=job.job_id, late_check_at=record.late_check_at)
    assert late_jobs.claim(check, next_at=record.ended_at + 900) is None
    assert late.sweep() == {}
    item = late.harness.item(job)
    assert not {"late", "late_check_at", "timed_out_at"} & item.keys()


def test_a_retry_of_a_late_attempt_that_failed_is_not_late(late: LateHarness) -> None:
    """What a person starts is no surprise to them."""
    job = late.time_out(failing=True)
    process = late.process()
    record = process.job_store.get(job.job_id)
    assert record is not None
    restarted = process.job_store.restart(record, now=process.now(), late=True)
    assert restarted is not None
    failed = restarted.to_job().with_(outcome=Outcome.FAILED, error="NoResults")
    process.job_store.record_outcome(failed, now=process.now())
    record = process.job_store.get(job.job_id)
    assert record is not None
    assert record.late

    retried = process.job_store.restart(record, now=process.now())

    assert retried is not None
    assert not retried.to_job().late


def test_two_sweeps_at_once_start_one_attempt(late: LateHarness) -> None:
    """EventBridge may call the function twice."""
    job = late.time_out()
    late_jobs = LateJobs(TABLE, dynamodb=clients.dynamodb())
    (check,) = late_jobs.due("ipqs", now=late.process().now(), limit=9)

    assert late_jobs.claim(check, next_at=check.late_check_at + 900) is not None
    assert late_jobs.claim(check, next_at=check.late_check_at + 900) is None

    late.advance(SWEEP_SECONDS)
    late.sweep()
    check_brought(late, job)


def test_a_job_that_was_never_submitted_is_not_looked_at(
    late: LateHarness, job: Job
) -> None:
    """The provider has nothing, and the sweep submits nothing."""
    process = late.process()
    process.job_store.create(job, now=process.now())
    process.job_store.record_external_outcome(
        job, Outcome.TIMED_OUT, error="States.Timeout", now=process.now()
    )

    assert late.sweep() == {Look.DROPPED: 1}

    assert late.sweep() == {}
    assert late.harness.calls("status") == late.harness.calls("upload") == 0


def test_an_execution_that_was_cut_off_is_looked_at(late: LateHarness) -> None:
    """It has a limit of its own, for jobs that hang; their results may be there."""
    late.harness.ipqs.behave(seconds_processing=0.0)
    process = late.process()
    job = late.harness.upload_list()
    process.submit(job)
    process.job_store.record_external_outcome(
        job, Outcome.TIMED_OUT, error="States.Timeout", now=process.now()
    )

    assert late.sweep() == {Look.RESUMED: 1}


@pytest.mark.parametrize("late_days", [0, 2])
def test_after_its_days_a_job_is_given_up(late: LateHarness, late_days: int) -> None:
    """A setting; 0 turns the sweep off for a provider."""
    job = late.time_out(failing=True)
    late.advance(late_days * DAY_SECONDS + 1)

    looks = late.sweep(late_days=late_days)

    assert looks == {Look.DROPPED: 1}
    assert late.harness.calls("status") == 1 + bool(late_days)
    assert not attribute(late.harness, job, "late_check_at")


def test_a_last_look_that_fails_is_repeated_for_a_day(late: LateHarness) -> None:
    """A fault at the last moment must not lose a result; it must not last either."""
    job = late.time_out(failing=True)
    late.advance(7 * DAY_SECONDS)
    late.harness.ipqs.script("status", [Answer.http(503)] * 2)

    assert late.sweep() == {Look.FAILED: 1}
    late.advance(SWEEP_SECONDS)
    assert late.sweep() == {Look.FAILED: 1}
    late.advance(DAY_SECONDS)
    assert late.sweep() == {Look.DROPPED: 1}
    assert not attribute(late.harness, job, "late_check_at")


def test_an_attempt_that_times_out_again_keeps_the_first_deadline(
    late: LateHarness,
) -> None:
    """A provider that goes back and forth is not asked for ever."""
    job = late.time_out(failing=True)
    first = attribute(late.harness, job, "timed_out_at")
    process = late.process()
    record = process.job_store.get(job.job_id)
    assert record is not None
    restarted = process.job_store.restart(record, now=process.now(), late=True)
    assert restarted is not None
    late.advance(DAY_SECONDS)

    again = restarted.to_job().with_(outcome=Outcome.TIMED_OUT)
    process.job_store.record_outcome(again, now=process.now())

    item = late.harness.item(job)
    assert item["timed_out_at"] == first
    assert float(item["late_check_at"]) == pytest.approx(float(first) + DAY_SECONDS)


@pytest.mark.fault(66)
def test_a_refused_key_delays_the_looks(late: LateHarness) -> None:
    """Once the key is right, the next sweep brings the job."""
    job = late.time_out()
    refused = Answer.refusal("Invalid or unauthorized key. Please check.")
    late.harness.ipqs.script("status", [refused])

    assert late.sweep() == {Look.FAILED: 1}

    late.advance(SWEEP_SECONDS)
    late.sweep()
    check_brought(late, job)


def test_the_handler_sweeps_over_every_provider(
    late: LateHarness, deployed: pytest.MonkeyPatch, context: LambdaContext
) -> None:
    """EventBridge calls it with an event that it does not need."""
    deployed.setenv("COURIER_STATE_MACHINE", late.machine)
    job = late.time_out()

    sweep.handler({}, context)

    check_brought(late, job)


def test_a_table_that_cannot_be_read_fails_the_function(
    late: LateHarness, deployed: pytest.MonkeyPatch, context: LambdaContext
) -> None:
    """Lambda repeats the call, and an alarm notices if that does not help."""
    deployed.setenv("COURIER_STATE_MACHINE", late.machine)

    with (
        aws_failure("before-call.dynamodb.Query", "InternalServerError", 500),
        pytest.raises(CourierError),
    ):
        sweep.handler({}, context)
