"""Callback harness: a state machine that only waits, and the table of its tokens."""

import itertools
import json
from typing import Any

from functions.aws import clients
from functions.aws.callbacks import CallbackStore, WebhookOutcome
from functions.core import identity
from functions.core.keys import CALLBACK_ITEM_PREFIX
from functions.core.model import Job
from local.emulator.process import Emulator
from tests.faults.harness import ROLE, create_table

TABLE, QUEUE = "waits", "tokens"
DONE, PARTIAL = "request.completed", "request.partial"
_numbers = itertools.count()


class CallbackHarness:
    """Waits with a task token, as the state Listen, and webhooks that end them."""

    def __init__(self, emulator: Emulator) -> None:
        create_table(TABLE, key="wait_id")
        self._sqs = emulator.client("sqs")
        self._queue = self._sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        listen = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": self._queue, "MessageBody.$": "$$.Task.Token"},
            "TimeoutSecondsPath": "$.wait_seconds",
            "ResultPath": "$.heard_at",
            "End": True,
        }
        definition = {"StartAt": "Listen", "States": {"Listen": listen}}
        self._machine = clients.step_functions().create_state_machine(
            name="waiting", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]
        self.store = CallbackStore(
            TABLE,
            dynamodb=clients.dynamodb(),
            step_functions=clients.step_functions(),
        )

    def new_job(self) -> Job:
        """Return a job that has neither waited nor received a webhook."""
        name = f"request-{next(_numbers)}"
        return Job(job_id=f"job-of-{name}", provider="p", type="t", provider_ref=name)

    def start_wait(self, seconds: int = 60) -> tuple[str, str]:
        """Start an execution that waits; return its ARN and its task token."""
        execution = clients.step_functions().start_execution(
            stateMachineArn=self._machine, input=json.dumps({"wait_seconds": seconds})
        )["executionArn"]
        while not (messages := self._receive()):
            pass
        return execution, messages[0]["Body"]

    def start_registered_wait(self, job: Job) -> tuple[str, str]:
        """Start an execution that waits for a job's webhook, with a stored token."""
        execution, token = self.start_wait()
        self.store.register_token(job, token, now=1.0)
        return execution, token

    def send_webhook(
        self, job: Job, event: str = DONE, *, now: float = 100.0
    ) -> WebhookOutcome:
        """Deliver a webhook about a job."""
        return self.store.deliver("p", job.provider_ref, event, now=now).outcome

    def item(self, job: Job) -> dict[str, Any]:
        """Return the job's item in the table of waits, empty where there is none."""
        reference = identity.of_reference(job.provider, job.provider_ref)
        key = {"wait_id": {"S": f"{CALLBACK_ITEM_PREFIX}{reference}"}}
        response = clients.dynamodb().get_item(
            TableName=TABLE, Key=key, ConsistentRead=True
        )
        return dict(response.get("Item", {}))

    def _receive(self) -> list[Any]:
        response = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=1, WaitTimeSeconds=1
        )
        messages = list(response.get("Messages", []))
        for message in messages:
            self._sqs.delete_message(
                QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
            )
        return messages


def is_over(execution: str) -> bool:
    """Return whether an execution has ended."""
    described = clients.step_functions().describe_execution(executionArn=execution)
    return described["status"] != "RUNNING"


def wait_for_end(execution: str) -> dict[str, Any]:
    """Wait until an execution has ended; return its description."""
    while not is_over(execution):
        pass
    return dict(clients.step_functions().describe_execution(executionArn=execution))
