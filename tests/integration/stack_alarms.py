"""Stack alarms: receive what the alarms of a stack send, and write their metrics."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.core.metrics import STAGE, Metric, emf_document
from local.stack import STAGE as LOCAL
from local.stack import LocalStack
from tests.integration.harness import wait_for


@dataclass
class StackAlarms:
    """A stack, and a queue that is subscribed to its operations topic."""

    stack: LocalStack
    queue: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def subscribed(cls, stack: LocalStack) -> "StackAlarms":
        """Subscribe a queue."""
        sqs = stack.emulator.client("sqs")
        queue = sqs.create_queue(QueueName="on-call")["QueueUrl"]
        attributes = sqs.get_queue_attributes(
            QueueUrl=queue, AttributeNames=["QueueArn"]
        )["Attributes"]
        stack.emulator.client("sns").subscribe(
            TopicArn=stack.outputs["OperationsTopicArn"],
            Protocol="sqs",
            Endpoint=attributes["QueueArn"],
        )
        return cls(stack, queue)

    def wait_until_ok(self) -> None:
        """Wait until no alarm is active, and forget the messages so far."""
        wait_for(lambda: self._states() == {"OK"})
        while self._receive():
            pass
        self.messages.clear()

    def wait_for_message(self, alarm: str, state: str) -> dict[str, Any]:
        """Wait for the message that an alarm has entered a state."""

        def received() -> dict[str, Any] | None:
            self.messages += self._receive()
            for message in self.messages:
                if alarm in message["AlarmName"] and message["NewStateValue"] == state:
                    return message
            return None

        return wait_for(received)

    def write_metric(self, metric: Metric, value: float, **dimensions: str) -> None:
        """Write the log line by which a function reports a metric."""
        logs = self.stack.emulator.client("logs")
        now = time.time()
        stream = {"logGroupName": f"test-{uuid.uuid4()}"}
        logs.create_log_group(**stream)
        stream |= {"logStreamName": "lines"}
        logs.create_log_stream(**stream)
        line = emf_document({metric: value}, {STAGE: LOCAL, **dimensions}, now=now)
        event = {"timestamp": int(now * 1000), "message": json.dumps(line)}
        logs.put_log_events(**stream, logEvents=[event])

    def invoke(self, handler: str, event: Mapping[str, Any]) -> str:
        """Invoke the function with a handler; return how it failed, empty if not."""
        client = self.stack.emulator.client("lambda")
        (name,) = (
            function["FunctionName"]
            for page in client.get_paginator("list_functions").paginate()
            for function in page["Functions"]
            if function["Handler"] == handler
        )
        response = client.invoke(FunctionName=name, Payload=json.dumps(event))
        return str(response.get("FunctionError", ""))

    def _states(self) -> set[str]:
        found = self.stack.emulator.client("cloudwatch").describe_alarms(
            AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        alarms = [*found["MetricAlarms"], *found["CompositeAlarms"]]
        return {alarm["StateValue"] for alarm in alarms}

    def _receive(self) -> list[dict[str, Any]]:
        sqs = self.stack.emulator.client("sqs")
        response = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        messages = response.get("Messages", [])
        for message in messages:
            sqs.delete_message(
                QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"]
            )
        return [
            json.loads(json.loads(message["Body"])["Message"]) for message in messages
        ]
