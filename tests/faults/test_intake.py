"""Intake: each version of an object starts one execution, whatever else arrives."""

import json
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients
from functions.aws.executions import Executions, execution_input
from functions.core.errors import AwsRefused, AwsUnavailable
from functions.core.model import Job
from functions.intake import handler, start_jobs
from tests.faults.fault_injection import aws_failure, aws_hook
from tests.faults.harness import ROLE, StepHarness
from tests.world.memory_aws.hook import client_error

_EVENTS = Path(__file__).parents[2] / "events"
_DEFINITION = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}


@pytest.fixture
def machine(deployed: pytest.MonkeyPatch) -> str:
    """Create a state machine that does nothing; return its ARN."""
    arn = clients.step_functions().create_state_machine(
        name="courier",
        definition=json.dumps(_DEFINITION),
        roleArn=ROLE,
    )["stateMachineArn"]
    deployed.setenv("COURIER_STATE_MACHINE", arn)
    return arn


@pytest.fixture
def executions(machine: str) -> Executions:
    """Return the executions of that state machine."""
    return Executions(machine, step_functions=clients.step_functions())


def message(job: Job, name: str = "1") -> dict[str, Any]:
    """Return the SQS record of an object's creation."""
    detail = {
        "bucket": {"name": job.bucket},
        "object": {"key": job.key, "version-id": job.version_id},
    }
    body = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    return record(json.dumps(body), name)


def notification(job: Job) -> dict[str, Any]:
    """Return the record of S3's own notification of an object's creation."""
    stored = {"key": quote_plus(job.key), "versionId": job.version_id}
    return {
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": job.bucket}, "object": stored},
    }


def record(body: str, name: str) -> dict[str, Any]:
    """Return an SQS record."""
    return {"messageId": name, "body": body, "eventSource": "aws:sqs"}


def inputs_of_executions(machine: str, job: Job) -> list[str]:
    """Return the inputs of a job's executions."""
    client = clients.step_functions()
    return [
        client.describe_execution(executionArn=execution["executionArn"])["input"]
        for execution in client.list_executions(stateMachineArn=machine)["executions"]
        if execution["name"] == job.job_id
    ]


@pytest.mark.fault(1)
def test_repeated_messages_start_one_execution(
    machine: str, job: Job, context: LambdaContext
) -> None:
    """The queue delivers at least once; the provider is to be paid once."""
    event = {"Records": [message(job, "1"), message(job, "2")]}

    answers = [handler(event, context), handler(event, context)]

    assert answers == [{"batchItemFailures": []}] * 2
    assert inputs_of_executions(machine, job) == [
        json.dumps(execution_input(job), sort_keys=True)
    ]


@pytest.mark.parametrize("name", ["eventbridge", "s3-notification"])
def test_the_sample_events_start_an_execution(
    machine: str, name: str, context: LambdaContext
) -> None:
    """They show the form in which AWS sends them."""
    event = json.loads((_EVENTS / f"intake-{name}.json").read_text("utf-8"))

    assert handler(event, context) == {"batchItemFailures": []}

    expected = json.loads((_EVENTS / "execution.json").read_text("utf-8"))
    assert inputs_of_executions(machine, Job.from_state(expected))


def test_a_file_that_a_program_leaves_starts_nothing(
    machine: str, job: Job, context: LambdaContext, log: StringIO
) -> None:
    """Copying a folder would otherwise end in a failed job, and an alarm."""
    marker = job.with_(key="ipqs/email/.DS_Store")
    before = _started(machine)

    assert handler({"Records": [message(marker)]}, context) == {"batchItemFailures": []}

    assert "a marker file" in log.getvalue()
    assert _started(machine) == before


def _started(machine: str) -> set[str]:
    """Return the executions that were started, whether or not they have ended."""
    client = clients.step_functions()
    executions = client.list_executions(stateMachineArn=machine)["executions"]
    return {execution["executionArn"] for execution in executions}


@pytest.mark.fault(100)
def test_a_bad_message_fails_alone(
    machine: str, job: Job, context: LambdaContext
) -> None:
    """Only that message is retried, and ends in the dead-letter queue."""
    event = {"Records": [record("not an event", "bad"), message(job, "good")]}

    answer = handler(event, context)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert inputs_of_executions(machine, job)


@pytest.mark.fault(100)
def test_a_bad_record_spoils_no_other_of_its_message(
    harness: StepHarness, machine: str, context: LambdaContext
) -> None:
    """Its lists would never be verified; the message is still heard of."""
    jobs = [harness.upload_list() for _ in range(2)]
    first, second = (notification(job) for job in jobs)
    body = json.dumps({"Records": [first, {"eventName": "ObjectCreated:Put"}, second]})

    answer = handler({"Records": [record(body, "mixed")]}, context)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "mixed"}]}
    assert all(inputs_of_executions(machine, job) for job in jobs)


@pytest.mark.fault(13)
def test_a_start_that_fails_spoils_no_other_of_its_message(
    harness: StepHarness, machine: str, executions: Executions
) -> None:
    """The message is delivered again, perhaps minutes later."""
    jobs = [harness.upload_list() for _ in range(2)]
    body = json.dumps({"Records": [notification(job) for job in jobs]})
    calls = iter([client_error("AccessDeniedException", 400)])

    def refuse_the_first(**_: object) -> None:
        for error in calls:
            raise error

    with (
        aws_hook("before-call.sfn.StartExecution", refuse_the_first),
        pytest.raises(AwsRefused),
    ):
        start_jobs(body, types=harness.types, executions=executions)

    started = [bool(inputs_of_executions(machine, job)) for job in jobs]
    assert started == [False, True]


@pytest.mark.fault(100)
def test_a_batch_of_bad_messages_names_them(
    machine: str, context: LambdaContext
) -> None:
    """An exception would fail the whole batch, the good messages included."""
    answer = handler({"Records": [record("{}", "bad")]}, context)

    assert machine
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}


def test_objects_of_other_folders_start_nothing(
    machine: str, job: Job, context: LambdaContext
) -> None:
    """A bucket may contain more than lists."""
    other = job.with_(key="notes/readme.txt")

    answer = handler({"Records": [message(other)]}, context)

    assert answer == {"batchItemFailures": []}
    assert not inputs_of_executions(machine, other)


@pytest.mark.fault(14)
def test_a_start_with_a_lost_response_counts(
    harness: StepHarness, machine: str, executions: Executions, job: Job
) -> None:
    """The retried message finds the execution, so it succeeds."""
    body = message(job)["body"]

    with (
        aws_failure("after-call.sfn.StartExecution", "InternalServerError", 500),
        pytest.raises(AwsUnavailable),
    ):
        start_jobs(body, types=harness.types, executions=executions)

    start_jobs(body, types=harness.types, executions=executions)
    assert len(inputs_of_executions(machine, job)) == 1


@pytest.mark.fault(14)
def test_a_name_used_with_other_input_counts_as_started(
    executions: Executions, job: Job
) -> None:
    """AWS raises ExecutionAlreadyExists, as for an execution that has ended."""
    start = "before-call.sfn.StartExecution"

    with aws_failure(start, "ExecutionAlreadyExists", 400):
        assert executions.start(job) is False


@pytest.mark.fault(13)
@pytest.mark.fault(14)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("ThrottlingException", AwsUnavailable, id="throttled"),
        pytest.param("StateMachineDoesNotExist", AwsRefused, id="no machine"),
    ],
)
def test_a_failed_start_is_retried(
    machine: str,
    executions: Executions,
    job: Job,
    context: LambdaContext,
    code: str,
    expected: type[Exception],
) -> None:
    """The message stays in the queue until it succeeds or is a dead letter."""
    with aws_failure("before-call.sfn.StartExecution", code, 400):
        answer = handler({"Records": [message(job, "late")]}, context)
        with pytest.raises(expected):
            executions.start(job)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "late"}]}
    assert not inputs_of_executions(machine, job)
    assert Executions.from_environment().start(job)
