"""Waiting: a webhook wakes its job, whenever and however often it comes."""

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.core.model import Job
from functions.runtime import aws
from functions.runtime.waits import Heard, Waits
from local.emulator.process import Emulator

TABLE, QUEUE = "waits", "tokens"
DONE = "request.completed"
_ROLE = "arn:aws:iam::000000000000:role/anyone"
_numbers = itertools.count()


class Waiting:
    """A state machine with nothing in it but the wait, and the table before it."""

    def __init__(self, emulator: Emulator) -> None:
        self._sqs = emulator.client("sqs")
        self._queue = self._sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        self._machine = aws.states().create_state_machine(
            name="waiting", definition=json.dumps(self._definition()), roleArn=_ROLE
        )["stateMachineArn"]
        self.waits = Waits(TABLE, dynamodb=aws.dynamodb(), states=aws.states())

    def job(self) -> Job:
        """Make a job that nobody has waited for."""
        name = f"request-{next(_numbers)}"
        return Job(job_id=f"job-of-{name}", provider="p", type="t", provider_ref=name)

    def enter(self, seconds: int = 60) -> tuple[str, str]:
        """Enter the wait; give its execution and its token."""
        execution = aws.states().start_execution(
            stateMachineArn=self._machine, input=json.dumps({"wait_seconds": seconds})
        )["executionArn"]
        while not (received := self._receive()):
            pass
        return execution, received[0]["Body"]

    def call(self, job: Job, event: str = DONE, *, now: float = 100.0) -> Heard:
        """Let a webhook come."""
        return self.waits.call("p", job.provider_ref, event, now=now).heard

    def item(self, job: Job) -> dict[str, Any]:
        """Read what is kept of a job's waits."""
        scanned = aws.dynamodb().scan(TableName=TABLE)["Items"]
        return next(
            (item for item in scanned if item.get("job_id", {}).get("S") == job.job_id),
            {},
        )

    def _receive(self) -> list[Any]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=1, WaitTimeSeconds=1
        )
        for message in answer.get("Messages", []):
            self._sqs.delete_message(
                QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
            )
        return list(answer.get("Messages", []))

    def _definition(self) -> dict[str, Any]:
        listen = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": self._queue, "MessageBody.$": "$$.Task.Token"},
            "TimeoutSecondsPath": "$.wait_seconds",
            "ResultPath": "$.heard_at",
            "End": True,
        }
        return {"StartAt": "Listen", "States": {"Listen": listen}}


@pytest.fixture(scope="module")
def waiting(emulator: Emulator) -> Iterator[Waiting]:
    """Give the wait, on the emulator of the fault tests."""
    aws.dynamodb().create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "wait_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "wait_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield Waiting(emulator)
    aws.dynamodb().delete_table(TableName=TABLE)


def ended(execution: str) -> dict[str, Any]:
    """Wait for an execution's end."""
    while True:
        described = aws.states().describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return dict(described)


@pytest.mark.fault(91)
def test_a_webhook_ends_the_wait(waiting: Waiting) -> None:
    """That is what it is for; when it came travels with the job."""
    job = waiting.job()
    execution, token = waiting.enter()

    assert waiting.waits.begin(job, token, now=90.0) == 0.0
    assert waiting.call(job, now=100.5) is Heard.WOKE

    described = ended(execution)
    assert described["status"] == "SUCCEEDED", described
    assert json.loads(described["output"])["heard_at"] == 100.5


@pytest.mark.fault(91)
def test_an_early_webhook_is_kept_for_the_wait(waiting: Waiting) -> None:
    """A provider can be faster than our own table."""
    job = waiting.job()
    assert waiting.call(job, now=100.5) is Heard.EARLY

    execution, token = waiting.enter()
    assert waiting.waits.begin(job, token, now=101.0) == 100.5

    assert ended(execution)["status"] == "SUCCEEDED"


@pytest.mark.fault(91)
def test_an_early_webhook_ends_one_wait_only(waiting: Waiting) -> None:
    """Or a job would ask again and again without waiting."""
    job = waiting.job()
    waiting.call(job)
    _, first = waiting.enter()
    waiting.waits.begin(job, first, now=1.0)
    _, second = waiting.enter()

    assert waiting.waits.begin(job, second, now=2.0) == 0.0


@pytest.mark.fault(91)
def test_a_webhook_between_two_waits_is_not_lost(waiting: Waiting) -> None:
    """The provider may finish just after we asked, before we wait again."""
    job = waiting.job()
    over, old = waiting.enter(seconds=1)
    waiting.waits.begin(job, old, now=1.0)
    assert ended(over)["status"] == "TIMED_OUT" or ended(over)["status"] == "FAILED"

    assert waiting.call(job) is Heard.LATE

    execution, token = waiting.enter()
    assert waiting.waits.begin(job, token, now=3.0) > 0.0
    assert ended(execution)["status"] == "SUCCEEDED"


@pytest.mark.fault(91)
def test_a_repeated_webhook_does_nothing(waiting: Waiting) -> None:
    """Providers deliver at least once, and others replay what they saw."""
    job = waiting.job()
    _, token = waiting.enter()
    waiting.waits.begin(job, token, now=1.0)
    waiting.call(job)
    before = waiting.item(job)

    heard = {waiting.call(job, now=200.0) for _ in range(100)}

    assert heard == {Heard.DUPLICATE}
    assert waiting.item(job) == before


@pytest.mark.fault(91)
def test_the_events_of_a_request_come_in_any_order(waiting: Waiting) -> None:
    """One wakes the job, which asks what is true; the other finds nobody."""
    job = waiting.job()
    _, token = waiting.enter()
    waiting.waits.begin(job, token, now=1.0)

    heard = [waiting.call(job, event) for event in ("request.partial", DONE)]

    assert heard == [Heard.WOKE, Heard.EARLY]


def test_each_wait_overwrites_the_token(waiting: Waiting) -> None:
    """A token that nobody needs any more is one that can be stolen."""
    job = waiting.job()
    (_, first), (_, second) = waiting.enter(), waiting.enter()

    waiting.waits.begin(job, first, now=1.0)
    waiting.waits.begin(job, second, now=2.0)

    assert waiting.item(job)["token"]["S"] == second


def test_a_used_token_is_forgotten(waiting: Waiting) -> None:
    """The same."""
    job = waiting.job()
    _, token = waiting.enter()
    waiting.waits.begin(job, token, now=1.0)
    waiting.call(job)

    assert "token" not in waiting.item(job)


@pytest.mark.fault(91)
def test_a_webhook_and_its_wait_at_once_always_meet(waiting: Waiting) -> None:
    """Whichever is first by a hair: nobody sleeps through its webhook."""
    for _ in range(10):
        job = waiting.job()
        execution, token = waiting.enter()
        with ThreadPoolExecutor(2) as both:
            begun = both.submit(waiting.waits.begin, job, token, now=1.0)
            called = both.submit(waiting.call, job)
            begun.result()
            called.result()

        assert ended(execution)["status"] == "SUCCEEDED"
