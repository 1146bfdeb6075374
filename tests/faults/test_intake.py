"""Intake: each version of an object starts one execution, whatever else arrives."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients
from functions.aws.executions import Executions
from functions.core.errors import AwsRefused, AwsUnavailable
from functions.core.model import Job
from functions.intake import handler, start_jobs
from tests.faults.fault_injection import failure, hooked
from tests.faults.harness import StepHarness

_EVENTS = Path(__file__).parents[2] / "events"
_PASSING = {
    "StartAt": "Done",
    "States": {"Done": {"Type": "Pass", "End": True}},
}


@pytest.fixture
def machine(deployed: pytest.MonkeyPatch) -> str:
    """Give a state machine that does nothing, in the functions' environment."""
    arn = clients.step_functions().create_state_machine(
        name="courier",
        definition=json.dumps(_PASSING),
        roleArn="arn:aws:iam::000000000000:role/anyone",
    )["stateMachineArn"]
    deployed.setenv("COURIER_STATE_MACHINE", arn)
    return arn


@pytest.fixture
def executions(machine: str) -> Executions:
    """Give the executions of that state machine."""
    return Executions(machine, step_functions=clients.step_functions())


def message(job: Job, name: str = "1") -> dict[str, Any]:
    """A queue's record of an object's creation."""
    detail = {
        "bucket": {"name": job.bucket},
        "object": {"key": job.key, "version-id": job.version_id},
    }
    body = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    return record(json.dumps(body), name)


def record(body: str, name: str) -> dict[str, Any]:
    """A queue's record of anything."""
    return {"messageId": name, "body": body, "eventSource": "aws:sqs"}


def started(machine: str, job: Job) -> list[str]:
    """The inputs of the executions that a job has."""
    listed = clients.step_functions().list_executions(stateMachineArn=machine)[
        "executions"
    ]
    return [
        clients.step_functions().describe_execution(executionArn=one["executionArn"])[
            "input"
        ]
        for one in listed
        if one["name"] == job.job_id
    ]


@pytest.mark.fault(1)
def test_an_arrival_starts_one_execution(
    machine: str, job: Job, context: LambdaContext
) -> None:
    """The queue delivers at least once; the provider is paid once."""
    event = {"Records": [message(job, "1"), message(job, "2")]}

    answers = [handler(event, context), handler(event, context)]

    assert answers == [{"batchItemFailures": []}] * 2
    assert started(machine, job) == [json.dumps(job.to_state(), sort_keys=True)]


@pytest.mark.parametrize("name", ["eventbridge", "s3-notification"])
def test_the_sample_events_start_an_execution(
    machine: str, name: str, context: LambdaContext
) -> None:
    """They show the form in which AWS really sends them."""
    event = json.loads((_EVENTS / f"intake-{name}.json").read_text("utf-8"))

    assert handler(event, context) == {"batchItemFailures": []}

    expected = json.loads((_EVENTS / "execution.json").read_text("utf-8"))
    assert started(machine, Job.from_state(expected))


@pytest.mark.fault(100)
def test_one_bad_message_does_not_hold_up_the_others(
    machine: str, job: Job, context: LambdaContext
) -> None:
    """Only that one comes again, and in the end lies with the dead letters."""
    event = {"Records": [record("not an event", "bad"), message(job, "good")]}

    answer = handler(event, context)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert started(machine, job)


@pytest.mark.fault(100)
def test_a_batch_that_failed_whole_is_answered_alike(
    machine: str, context: LambdaContext
) -> None:
    """An exception would blame the messages that had been done, too."""
    answer = handler({"Records": [record("{}", "bad")]}, context)

    assert machine
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}


def test_objects_of_other_folders_start_nothing(
    machine: str, job: Job, context: LambdaContext
) -> None:
    """A bucket may hold more than lists."""
    foreign = job.with_(key="notes/readme.txt")

    answer = handler({"Records": [message(foreign)]}, context)

    assert answer == {"batchItemFailures": []}
    assert not started(machine, foreign)


@pytest.mark.fault(14)
def test_a_start_whose_answer_was_lost_counts(
    bench: StepHarness, machine: str, executions: Executions, job: Job
) -> None:
    """It comes again, and is then known: which is what was wanted."""
    body = message(job)["body"]

    def lose(**_: object) -> None:
        raise failure("InternalServerError", 500)

    with (
        hooked("after-call.sfn.StartExecution", lose),
        pytest.raises(AwsUnavailable),
    ):
        start_jobs(body, types=bench.types, executions=executions)

    start_jobs(body, types=bench.types, executions=executions)
    assert len(started(machine, job)) == 1


@pytest.mark.fault(14)
def test_a_name_that_was_used_for_other_input_counts_as_started(
    executions: Executions, job: Job
) -> None:
    """AWS says ExecutionAlreadyExists then, as it does when the first one ended."""

    def exists(**_: object) -> None:
        raise failure("ExecutionAlreadyExists", 400)

    with hooked("before-call.sfn.StartExecution", exists):
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
def test_a_start_that_failed_comes_again(
    machine: str,
    executions: Executions,
    job: Job,
    context: LambdaContext,
    code: str,
    expected: type[Exception],
) -> None:
    """The message stays in the queue until it is done, or is a dead letter."""

    def refuse(**_: object) -> None:
        raise failure(code, 400)

    with hooked("before-call.sfn.StartExecution", refuse):
        answer = handler({"Records": [message(job, "late")]}, context)
        with pytest.raises(expected):
            executions.start(job)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "late"}]}
    assert not started(machine, job)
    assert Executions.from_environment().start(job)
