"""Waiting: a state machine with nothing in it but a wait, and the table before it."""

import itertools
import json
from typing import Any

from functions.aws import clients
from functions.aws.callbacks import CallbackStore, WebhookOutcome
from functions.core import identity
from functions.core.keys import CALLBACK_ITEM_PREFIX
from functions.core.model import Job
from local.emulator.process import Emulator

TABLE, QUEUE = "waits", "tokens"
DONE = "request.completed"
_ROLE = "arn:aws:iam::000000000000:role/anyone"
_numbers = itertools.count()


class CallbackHarness:
    """The wait, as the workflow has it."""

    def __init__(self, emulator: Emulator) -> None:
        clients.dynamodb().create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "wait_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "wait_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self._sqs = emulator.client("sqs")
        self._queue = self._sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        self._machine = clients.step_functions().create_state_machine(
            name="waiting", definition=json.dumps(self._definition()), roleArn=_ROLE
        )["stateMachineArn"]
        self.waits = CallbackStore(
            TABLE,
            dynamodb=clients.dynamodb(),
            step_functions=clients.step_functions(),
        )

    def job(self) -> Job:
        """Make a job that nobody has waited for."""
        name = f"request-{next(_numbers)}"
        return Job(job_id=f"job-of-{name}", provider="p", type="t", provider_ref=name)

    def enter(self, seconds: int = 60) -> tuple[str, str]:
        """Enter the wait; give its execution and its token."""
        execution = clients.step_functions().start_execution(
            stateMachineArn=self._machine, input=json.dumps({"wait_seconds": seconds})
        )["executionArn"]
        while not (received := self._receive()):
            pass
        return execution, received[0]["Body"]

    def call(
        self, job: Job, event: str = DONE, *, now: float = 100.0
    ) -> WebhookOutcome:
        """Let a webhook come."""
        return self.waits.deliver("p", job.provider_ref, event, now=now).outcome

    def of(self, job: Job) -> dict[str, Any]:
        """Read what is kept of a job's waits."""
        reference = identity.of_reference(job.provider, job.provider_ref)
        name = f"{CALLBACK_ITEM_PREFIX}{reference}"
        answer = clients.dynamodb().get_item(
            TableName=TABLE, Key={"wait_id": {"S": name}}, ConsistentRead=True
        )
        return dict(answer.get("Item", {}))

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
