"""CloudWatch alarms whose notifications a test can read."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mypy_boto3_cloudwatch import CloudWatchClient
from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef

from local.emulator.process import Emulator
from tests.emulator import queues
from tests.emulator.polling import wait_for


class AlarmHarness:
    """A topic for notifications, a queue that receives them, and a namespace."""

    def __init__(self, emulator: Emulator) -> None:
        self.client: CloudWatchClient = emulator.client("cloudwatch")
        self.namespace = f"n-{uuid.uuid4()}"
        self._emulator = emulator
        self._queue_url, queue_arn = queues.create(emulator)
        sns = emulator.client("sns")
        topic = sns.create_topic(Name=f"operations-{uuid.uuid4()}")
        self.topic: str = topic["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=queue_arn)

    def create(self, metric: str = "Bad", **fields: Any) -> str:  # noqa: ANN401 - boto3's
        """Create an alarm and return its name.

        By default it goes off at a sum of 1 over a minute and notifies the topic of
        ALARM and OK. `fields` override; a field that is None is left out.
        """
        name = f"a-{uuid.uuid4()}"
        single_metric = {
            "Namespace": self.namespace,
            "MetricName": metric,
            "Statistic": "Sum",
            "Period": 60,
        }
        parameters = {
            **({} if "Metrics" in fields else single_metric),
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
            **{key: value for key, value in parameters.items() if value is not None}
        )
        return name

    def put(
        self,
        *,
        seconds_ago: float = 0,
        dimensions: dict[str, str] | None = None,
        **values: Sequence[float],
    ) -> None:
        """Write values of metrics, which are named by the keywords."""
        self.client.put_metric_data(
            Namespace=self.namespace,
            MetricData=[
                {
                    "MetricName": metric,
                    "Values": metric_values,
                    "Timestamp": datetime.now(UTC) - timedelta(seconds=seconds_ago),
                    "Dimensions": dimension_list(dimensions or {}),
                }
                for metric, metric_values in values.items()
            ],
        )

    def state(self, name: str) -> str:
        """Return the current state of a metric alarm or a composite alarm."""
        found = self.client.describe_alarms(
            AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        states = [alarm["StateValue"] for alarm in found["MetricAlarms"]]
        states += [alarm["StateValue"] for alarm in found["CompositeAlarms"]]
        (state,) = states
        return state

    def wait_for_state(self, name: str, state: str, *, seconds: float = 10) -> None:
        """Wait until the alarm is in this state."""
        wait_for(lambda: self.state(name) == state, seconds=seconds)

    def next_notification(self) -> dict[str, Any]:
        """Wait for the next notification and return it."""
        envelope = queues.receive(self._emulator, self._queue_url)
        notification: dict[str, Any] = json.loads(envelope["Message"])
        return notification

    def delete_all(self) -> None:
        """Delete all alarms, since each is evaluated five times a second."""
        found = self.client.describe_alarms(
            AlarmTypes=["CompositeAlarm", "MetricAlarm"]
        )
        # A composite alarm has to be deleted before the alarms that it refers to.
        for composite in found["CompositeAlarms"]:
            self.client.delete_alarms(AlarmNames=[composite["AlarmName"]])
        for metric in found["MetricAlarms"]:
            self.client.delete_alarms(AlarmNames=[metric["AlarmName"]])


def dimension_list(dimensions: dict[str, str]) -> list[DimensionTypeDef]:
    """Return dimensions in the shape of CloudWatch's API."""
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]
