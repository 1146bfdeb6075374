"""Operations: the alarms of a local stack, and what they told the topic."""

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
class Operations:
    """A queue that is subscribed to the operations topic."""

    stack: LocalStack
    queue: str
    told: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def subscribed(cls, stack: LocalStack) -> "Operations":
        """Subscribe a queue."""
        sqs = stack.emulator.client("sqs")
        queue = sqs.create_queue(QueueName="on-call")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        stack.emulator.client("sns").subscribe(
            TopicArn=stack.outputs["OperationsTopicArn"],
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
        )
        return cls(stack, queue)

    def quiet(self) -> None:
        """Wait until nothing is wrong, and forget what was."""
        wait_for(lambda: self._states() == {"OK"})
        while self._receive():
            pass
        self.told.clear()

    def hears(self, alarm: str, state: str) -> dict[str, Any]:
        """Wait for the message that an alarm came into a state."""
        return wait_for(lambda: self._heard(alarm, state))

    def write(self, metric: Metric, value: float, **fields: str) -> None:
        """Write the log line by which a function tells of a metric."""
        logs = self.stack.emulator.client("logs")
        now = time.time()
        names = {"logGroupName": f"test-{uuid.uuid4()}"}
        logs.create_log_group(**names)
        names |= {"logStreamName": "lines"}
        logs.create_log_stream(**names)
        line = emf_document({metric: value}, {STAGE: LOCAL, **fields}, now=now)
        event = {"timestamp": int(now * 1000), "message": json.dumps(line)}
        logs.put_log_events(**names, logEvents=[event])

    def call(self, function: str, event: Mapping[str, Any]) -> str:
        """Call a function by the name of its module; say whether it failed, and how."""
        client = self.stack.emulator.client("lambda")
        (name,) = (
            known["FunctionName"]
            for page in client.get_paginator("list_functions").paginate()
            for known in page["Functions"]
            if known["Handler"] == f"functions.{function}.handler"
        )
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
        return str(answer.get("FunctionError", ""))

    def _states(self) -> set[str]:
        found = self.stack.emulator.client("cloudwatch").describe_alarms(
            AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        alarms = [*found["MetricAlarms"], *found["CompositeAlarms"]]
        return {alarm["StateValue"] for alarm in alarms}

    def _heard(self, alarm: str, state: str) -> dict[str, Any] | None:
        self.told += self._receive()
        return next(
            (
                told
                for told in self.told
                if alarm in told["AlarmName"] and told["NewStateValue"] == state
            ),
            None,
        )

    def _receive(self) -> list[dict[str, Any]]:
        sqs = self.stack.emulator.client("sqs")
        answer = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        found = answer.get("Messages", [])
        for message in found:
            sqs.delete_message(
                QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"]
            )
        return [json.loads(json.loads(one["Body"])["Message"]) for one in found]
