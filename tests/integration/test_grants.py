"""A grant that somebody takes out of the template is missed by a job, as on AWS."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from functions.core import identity
from infra.config import stack_name
from local import sample
from local.execution_view import history
from local.stack import STAGE, LocalStack
from tests.integration.harness import JobRunner, wait_for

_LIST = "ipqs/email/list.csv"
_EMAILS = sample.emails(3)
#: Take a grant of a policy, named by parts of its logical id and the action, out.
Without = Callable[[str, str], AbstractContextManager[None]]


@pytest.fixture
def without(
    stack: LocalStack, assembly: Callable[[str], Path], tmp_path: Path
) -> Without:
    """Return what deploys the stack without a grant, and with all after the block."""
    whole = assembly(STAGE)
    template = f"{stack_name(STAGE)}.template.json"
    for file in whole.iterdir():
        if file.name != template:
            (tmp_path / file.name).symlink_to(file)

    @contextmanager
    def deployed(policy: str, action: str) -> Iterator[None]:
        body = json.loads((whole / template).read_text())
        _take_out(body["Resources"], policy, action)
        (tmp_path / template).write_text(json.dumps(body))
        stack.deploy(tmp_path)
        try:
            yield
        finally:
            stack.deploy(whole)

    return deployed


def _take_out(resources: dict[str, Any], policy: str, action: str) -> None:
    """Remove an action from all statements that allow it, of the policies named so."""
    statements = [
        statement
        for name, resource in resources.items()
        if policy in name and "PolicyDocument" in resource.get("Properties", {})
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and action in statement["Action"]
    ]
    assert statements, "the template has no such grant"
    for statement in statements:
        # A statement must have an action; this one is of no resource of the stack.
        actions = statement["Action"]
        rest = [a for a in actions if a != action] if isinstance(actions, list) else []
        statement["Action"] = rest or ["iot:Connect"]


@pytest.mark.parametrize(
    ("policy", "action", "error"),
    [
        ("FunctionsSubmitRole", "dynamodb:UpdateItem", "AwsRefused"),
        ("FunctionsDownloadRole", "kms:GenerateDataKey", "AwsRefused"),
        ("MachineRole", "lambda:InvokeFunction", "Lambda.AWSLambdaException"),
        ("MachineRole", "sns:Publish", "SNS.AuthorizationErrorException"),
    ],
)
def test_job_fails_without_a_grant(
    runner: JobRunner, without: Without, policy: str, action: str, error: str
) -> None:
    """Otherwise the suite would pass, and the first job after a deployment fail."""
    with without(policy, action):
        job_id = runner.upload(_LIST, _EMAILS)
        view = runner.wait_for_end(job_id)

    assert view.status == "FAILED"
    sfn = runner.stack.emulator.client("stepfunctions")
    failed = [
        event["taskFailedEventDetails"]
        for event in history(sfn, runner.stack.execution_arn(job_id))
        if event["type"] == "TaskFailed"
    ]
    assert failed[0]["error"] == error


def test_upload_starts_no_job_unless_the_queue_allows_its_event(
    runner: JobRunner, without: Without
) -> None:
    """The event is a dead letter, of which an alarm tells; nothing else would."""
    with without("IntakeQueuePolicy", "sqs:SendMessage"):
        job_id = runner.upload(_LIST, _EMAILS)
        event = wait_for(lambda: _take_dead_letter(runner.stack, job_id))

    assert event["detail-type"] == "Object Created"
    assert job_id not in runner.executions()


def _take_dead_letter(stack: LocalStack, job_id: str) -> dict[str, Any] | None:
    """Delete the dead letter about a job, and return it; leave all others there."""
    sqs, queue = stack.emulator.client("sqs"), stack.outputs["DeadLetterQueueUrl"]
    received = sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    for message in received.get("Messages", ()):
        with suppress(ValueError, LookupError):
            event: dict[str, Any] = json.loads(message["Body"])
            found = event["detail"]["object"]
            bucket = event["detail"]["bucket"]["name"]
            if identity.of_object(bucket, found["key"], found["version-id"]) == job_id:
                sqs.delete_message(
                    QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"]
                )
                return event
    return None


def test_job_succeeds_with_all_grants_again(runner: JobRunner) -> None:
    """What the other tests take out is put back, and nothing else was missing."""
    assert runner.run(_LIST, _EMAILS).status == "SUCCEEDED"
