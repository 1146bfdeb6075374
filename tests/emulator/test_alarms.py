"""Alarms change state with their data, and notify their topic."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.alarms import AlarmHarness, dimension_list
from tests.emulator.machines import Machines, invoke_task

FAILS = "def handler(event, context): raise ValueError"


@pytest.mark.correction("alarms_in_time")
def test_alarm_goes_off_and_returns_to_ok(alarms: AlarmHarness) -> None:
    """Data set it to ALARM; the end of the data alone sets it back to OK."""
    name = alarms.create()
    alarms.wait_for_state(name, "OK")

    alarms.put(Bad=[1])

    alarms.wait_for_state(name, "ALARM")
    alarms.wait_for_state(name, "OK")


@pytest.mark.correction("period_scale")
def test_period_scale_changes_a_running_period(
    emulator: Emulator, alarms: AlarmHarness
) -> None:
    """A period has its real length until the scale shortens it."""
    emulator.set_period_scale(1)
    name = alarms.create()
    alarms.put(Bad=[1])
    alarms.wait_for_state(name, "ALARM")

    emulator.set_period_scale(0)

    alarms.wait_for_state(name, "OK", seconds=5)


@pytest.mark.correction("alarms_in_time")
def test_alarm_evaluates_its_own_dimensions_only(alarms: AlarmHarness) -> None:
    """Errors of one provider must not set off the alarm of another."""
    txncheck = alarms.create(Dimensions=dimension_list({"provider": "txncheck"}))
    ipqs = alarms.create(Dimensions=dimension_list({"provider": "ipqs"}))

    alarms.put(dimensions={"provider": "ipqs"}, Bad=[1])

    alarms.wait_for_state(ipqs, "ALARM")
    assert alarms.state(txncheck) == "OK"


@pytest.mark.correction("alarms_in_time")
def test_data_that_stop_are_insufficient(alarms: AlarmHarness) -> None:
    """Missing data that are treated as missing lead to INSUFFICIENT_DATA."""
    name = alarms.create(TreatMissingData="missing")

    alarms.put(Bad=[1])

    alarms.wait_for_state(name, "ALARM")
    alarms.wait_for_state(name, "INSUFFICIENT_DATA")


@pytest.mark.correction("alarms_in_time")
def test_missing_data_can_be_breaching(alarms: AlarmHarness) -> None:
    """An alarm on missing webhooks has to go off when there is no data at all."""
    name = alarms.create(
        ComparisonOperator="LessThanThreshold", TreatMissingData="breaching"
    )

    alarms.wait_for_state(name, "ALARM")
    alarms.put(Bad=[5])
    alarms.wait_for_state(name, "OK")


@pytest.mark.correction("alarms_in_time")
def test_alarm_needs_two_breaching_periods_of_three(
    emulator: Emulator, alarms: AlarmHarness
) -> None:
    """One is not enough; two need not be adjacent."""
    emulator.set_period_scale(1 / 60)
    name = alarms.create(EvaluationPeriods=3, DatapointsToAlarm=2)
    alarms.wait_for_state(name, "OK")

    alarms.put(seconds_ago=1.5, Bad=[1])
    assert alarms.state(name) == "OK"
    alarms.put(Bad=[1])

    alarms.wait_for_state(name, "ALARM", seconds=3)


def test_alarm_on_a_percentile(alarms: AlarmHarness) -> None:
    """The project's alarms on lag and duration use percentiles."""
    name = alarms.create(ExtendedStatistic="p90", Statistic=None, Threshold=50)

    alarms.put(Bad=[1] * 89 + [100] * 2)
    assert alarms.state(name) != "ALARM"
    alarms.put(Bad=[100] * 20)

    alarms.wait_for_state(name, "ALARM")


@pytest.mark.correction("alarm_messages")
def test_notification_has_cloudwatchs_fields(alarms: AlarmHarness) -> None:
    """It tells a person which alarm went off, why, and where the run-book is."""
    name = alarms.create()
    alarms.wait_for_state(name, "OK")
    assert alarms.next_notification()["NewStateValue"] == "OK"

    alarms.put(Bad=[3])

    message = alarms.next_notification()
    assert message["AlarmName"] == name
    assert message["AlarmDescription"] == "https://runbook.invalid/bad"
    assert (message["OldStateValue"], message["NewStateValue"]) == ("OK", "ALARM")
    assert "[3.0]" in message["NewStateReason"]
    assert message["AlarmArn"].endswith(f":alarm:{name}")
    assert message["AlarmActions"] == [alarms.topic]
    assert message["Trigger"]["MetricName"] == "Bad"
    assert message["Trigger"]["TreatMissingData"] == "notBreaching"
    assert alarms.next_notification()["NewStateValue"] == "OK"


@pytest.mark.correction("metric_math")
def test_alarm_on_an_expression(alarms: AlarmHarness) -> None:
    """The share of failures is defined as 0 when there were no jobs."""
    name = alarms.create(Threshold=0.5, Metrics=_share_queries(alarms.namespace))
    alarms.wait_for_state(name, "OK")

    alarms.put(failed=[3], ended=[4])

    alarms.wait_for_state(name, "ALARM")
    alarms.wait_for_state(name, "OK")


@pytest.mark.correction("metric_math")
@pytest.mark.parametrize(
    "queries",
    [
        pytest.param([{"Id": "e", "Expression": "nothing + 1"}], id="unknown name"),
        pytest.param(
            [{"Id": "e", "Expression": "1"}, {"Id": "f", "Expression": "2"}],
            id="two results",
        ),
    ],
)
def test_invalid_expression_is_refused(
    alarms: AlarmHarness, queries: list[Any]
) -> None:
    """The error appears when the alarm is created, not when it is evaluated."""
    with pytest.raises(ClientError, match="ValidationError"):
        alarms.create(Metrics=queries)


@pytest.mark.correction("queue_metrics")
def test_alarm_on_dead_letters(emulator: Emulator, alarms: AlarmHarness) -> None:
    """It stays in ALARM until the dead-letter queue is empty."""
    sqs, queue = emulator.client("sqs"), f"dead-{uuid.uuid4()}"
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    name = alarms.create(
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=dimension_list({"QueueName": queue}),
        Statistic="Maximum",
    )
    alarms.wait_for_state(name, "OK")

    sqs.send_message(QueueUrl=url, MessageBody="dead")
    alarms.wait_for_state(name, "ALARM")

    sqs.purge_queue(QueueUrl=url)
    alarms.wait_for_state(name, "OK")


@pytest.mark.correction("queue_metrics")
def test_alarm_on_the_age_of_a_message(
    emulator: Emulator, alarms: AlarmHarness
) -> None:
    """The age of the oldest message reveals a queue without a consumer."""
    sqs, queue = emulator.client("sqs"), f"old-{uuid.uuid4()}"
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    name = alarms.create(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=dimension_list({"QueueName": queue}),
        Statistic="Maximum",
    )

    sqs.send_message(QueueUrl=url, MessageBody="left")

    alarms.wait_for_state(name, "ALARM")


@pytest.mark.correction("alarms_in_time")
def test_alarm_on_function_errors(
    emulator: Emulator, machines: Machines, alarms: AlarmHarness
) -> None:
    """The metric is Lambda's own; no test writes it."""
    function = functions.create(emulator, FAILS)
    name = alarms.create(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=dimension_list({"FunctionName": function}),
    )
    alarms.wait_for_state(name, "OK")

    machines.run({"Call": invoke_task(function)})

    alarms.wait_for_state(name, "ALARM")


@pytest.mark.correction("alarms_in_time")
def test_alarm_on_failed_executions(machines: Machines, alarms: AlarmHarness) -> None:
    """The metric is Step Functions' own; no test writes it."""
    machine = machines.create({"Fail": {"Type": "Fail", "Error": "Broken"}})
    name = alarms.create(
        Namespace="AWS/States",
        MetricName="ExecutionsFailed",
        Dimensions=dimension_list({"StateMachineArn": machine}),
    )
    alarms.wait_for_state(name, "OK")

    machines.wait(machines.start(machine))

    alarms.wait_for_state(name, "ALARM")


def _share_queries(namespace: str) -> list[dict[str, Any]]:
    return [
        {"Id": "share", "Expression": "IF(all > 0, failed / all, 0)"},
        {"Id": "all", "Expression": "FILL(ended, 0)", "ReturnData": False},
        *(
            {
                "Id": name,
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {"Namespace": namespace, "MetricName": name},
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
            for name in ("failed", "ended")
        ),
    ]
