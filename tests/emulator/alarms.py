"""Alarms for the tests: one that tells a topic, and what the topic heard."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mypy_boto3_cloudwatch import CloudWatchClient
from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef

from local.emulator.process import Emulator
from tests.emulator.polling import until


class Alarms:
    """Alarms of one test, a topic of operations, and a queue that hears it."""

    def __init__(self, emulator: Emulator) -> None:
        self.client: CloudWatchClient = emulator.client("cloudwatch")
        self.namespace = f"n-{uuid.uuid4()}"
        self._sqs = emulator.client("sqs")
        name = f"operations-{uuid.uuid4()}"
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        sns = emulator.client("sns")
        self.topic: str = sns.create_topic(Name=name)["TopicArn"]
        sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:us-east-1:000000000000:{name}",
        )

    def create(self, metric: str = "Bad", **fields: Any) -> str:  # noqa: ANN401 - boto3's
        """An alarm that goes off at one, over a minute, and tells of every change.

        A field that is None is left out.
        """
        name = f"a-{uuid.uuid4()}"
        one_metric = {
            "Namespace": self.namespace,
            "MetricName": metric,
            "Statistic": "Sum",
            "Period": 60,
        }
        wanted = {
            **({} if "Metrics" in fields else one_metric),
            "AlarmName": name,
            "AlarmDescription": "https://runbook.invalid/bad",
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [self.topic],
            "OKActions": [self.topic],
            **fields,
        }
        self.client.put_metric_alarm(
            **{key: value for key, value in wanted.items() if value is not None}
        )
        return name

    def put(
        self,
        *,
        ago: float = 0,
        under: dict[str, str] | None = None,
        **values: Sequence[float],
    ) -> None:
        """Values of these metrics, some seconds ago, under these dimensions."""
        self.client.put_metric_data(
            Namespace=self.namespace,
            MetricData=[
                {
                    "MetricName": metric,
                    "Values": those,
                    "Timestamp": datetime.now(UTC) - timedelta(seconds=ago),
                    "Dimensions": dimensions(under or {}),
                }
                for metric, those in values.items()
            ],
        )

    def state(self, name: str) -> str:
        """The state of a metric alarm or a composite alarm, as it is now."""
        found = self.client.describe_alarms(
            AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        states = [one["StateValue"] for one in found["MetricAlarms"]]
        states += [one["StateValue"] for one in found["CompositeAlarms"]]
        (state,) = states
        return state

    def becomes(self, name: str, state: str, *, seconds: float = 10) -> None:
        """Wait until it has this state."""
        until(lambda: self.state(name) == state, seconds=seconds)

    def heard(self) -> dict[str, Any]:
        """The next message at the topic."""
        found = until(
            lambda: self._sqs.receive_message(QueueUrl=self._queue).get("Messages")
        )
        self._sqs.delete_message(
            QueueUrl=self._queue, ReceiptHandle=found[0]["ReceiptHandle"]
        )
        envelope = json.loads(found[0]["Body"])
        message: dict[str, Any] = json.loads(envelope["Message"])
        return message

    def delete_all(self) -> None:
        """Leave no alarm behind: each is looked at five times a second."""
        found = self.client.describe_alarms(
            AlarmTypes=["CompositeAlarm", "MetricAlarm"]
        )
        # Those above first: what they are made of cannot go before them.
        for composite in found["CompositeAlarms"]:
            self.client.delete_alarms(AlarmNames=[composite["AlarmName"]])
        for metric in found["MetricAlarms"]:
            self.client.delete_alarms(AlarmNames=[metric["AlarmName"]])


def dimensions(of: dict[str, str]) -> list[DimensionTypeDef]:
    """Dimensions as CloudWatch wants them."""
    return [{"Name": name, "Value": value} for name, value in of.items()]
