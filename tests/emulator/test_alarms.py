"""Alarms go off when data breach, come back when they do not, and say so."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.alarms import Alarms, dimensions
from tests.emulator.machines import Machines, invoke

FAILS = "def handler(event, context): raise ValueError"


@pytest.mark.holds("alarms_in_time")
def test_an_alarm_goes_off_and_comes_back(alarms: Alarms) -> None:
    """By data, and by time alone when there are no more data."""
    name = alarms.create()
    alarms.becomes(name, "OK")

    alarms.put(Bad=[1])

    alarms.becomes(name, "ALARM")
    alarms.becomes(name, "OK")


@pytest.mark.holds("period_scale")
def test_a_period_lasts_as_long_as_it_says(emulator: Emulator, alarms: Alarms) -> None:
    """Unless the scale says otherwise, which it can while the alarm waits."""
    emulator.set_period_scale(1)
    name = alarms.create()
    alarms.put(Bad=[1])
    alarms.becomes(name, "ALARM")

    emulator.set_period_scale(0)

    alarms.becomes(name, "OK", seconds=5)


@pytest.mark.holds("alarms_in_time")
def test_an_alarm_looks_at_its_own_dimensions(alarms: Alarms) -> None:
    """One provider's trouble is not the other's."""
    other = alarms.create(Dimensions=dimensions({"provider": "txncheck"}))
    one = alarms.create(Dimensions=dimensions({"provider": "ipqs"}))

    alarms.put(under={"provider": "ipqs"}, Bad=[1])

    alarms.becomes(one, "ALARM")
    assert alarms.state(other) == "OK"


@pytest.mark.holds("alarms_in_time")
def test_data_that_stop_are_insufficient(alarms: Alarms) -> None:
    """Where missing data are missing, silence is a state of its own."""
    name = alarms.create(TreatMissingData="missing")

    alarms.put(Bad=[1])

    alarms.becomes(name, "ALARM")
    alarms.becomes(name, "INSUFFICIENT_DATA")


@pytest.mark.holds("alarms_in_time")
def test_silence_can_be_the_trouble(alarms: Alarms) -> None:
    """No webhook at all is what an alarm on missing webhooks is for."""
    name = alarms.create(
        ComparisonOperator="LessThanThreshold", TreatMissingData="breaching"
    )

    alarms.becomes(name, "ALARM")
    alarms.put(Bad=[5])
    alarms.becomes(name, "OK")


@pytest.mark.holds("alarms_in_time")
def test_one_bad_period_of_three_may_not_be_enough(
    emulator: Emulator, alarms: Alarms
) -> None:
    """Two of three are; they do not have to be neighbours."""
    emulator.set_period_scale(1 / 60)
    name = alarms.create(EvaluationPeriods=3, DatapointsToAlarm=2)
    alarms.becomes(name, "OK")

    alarms.put(ago=1.5, Bad=[1])
    assert alarms.state(name) == "OK"
    alarms.put(Bad=[1])

    alarms.becomes(name, "ALARM", seconds=3)


def test_an_alarm_on_a_percentile(alarms: Alarms) -> None:
    """Lag and duration are told by theirs."""
    name = alarms.create(ExtendedStatistic="p90", Statistic=None, Threshold=50)

    alarms.put(Bad=[1] * 89 + [100] * 2)
    assert alarms.state(name) != "ALARM"
    alarms.put(Bad=[100] * 20)

    alarms.becomes(name, "ALARM")


@pytest.mark.holds("alarm_messages")
def test_a_change_is_told_in_cloudwatchs_form(alarms: Alarms) -> None:
    """Who is woken reads which alarm, why, and where the run-book is."""
    name = alarms.create()
    alarms.becomes(name, "OK")
    assert alarms.heard()["NewStateValue"] == "OK"

    alarms.put(Bad=[3])

    message = alarms.heard()
    assert message["AlarmName"] == name
    assert message["AlarmDescription"] == "https://runbook.invalid/bad"
    assert (message["OldStateValue"], message["NewStateValue"]) == ("OK", "ALARM")
    assert "[3.0]" in message["NewStateReason"]
    assert message["AlarmArn"].endswith(f":alarm:{name}")
    assert message["AlarmActions"] == [alarms.topic]
    assert message["Trigger"]["MetricName"] == "Bad"
    assert message["Trigger"]["TreatMissingData"] == "notBreaching"
    assert alarms.heard()["NewStateValue"] == "OK"


@pytest.mark.holds("metric_math")
def test_an_alarm_on_an_expression(alarms: Alarms) -> None:
    """A share of failures, which is no share when there were no jobs."""
    name = alarms.create(Threshold=0.5, Metrics=_share(alarms.namespace))
    alarms.becomes(name, "OK")

    alarms.put(failed=[3], ended=[4])

    alarms.becomes(name, "ALARM")
    alarms.becomes(name, "OK")


@pytest.mark.holds("metric_math")
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
def test_an_expression_that_cannot_be_is_refused(
    alarms: Alarms, queries: list[Any]
) -> None:
    """When the alarm is made, not in the night."""
    with pytest.raises(ClientError, match="ValidationError"):
        alarms.create(Metrics=queries)


@pytest.mark.holds("queue_metrics")
def test_a_dead_letter_alarms(emulator: Emulator, alarms: Alarms) -> None:
    """Until somebody takes it away."""
    sqs, queue = emulator.client("sqs"), f"dead-{uuid.uuid4()}"
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    name = alarms.create(
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=dimensions({"QueueName": queue}),
        Statistic="Maximum",
    )
    alarms.becomes(name, "OK")

    sqs.send_message(QueueUrl=url, MessageBody="dead")
    alarms.becomes(name, "ALARM")

    sqs.purge_queue(QueueUrl=url)
    alarms.becomes(name, "OK")


@pytest.mark.holds("queue_metrics")
def test_an_old_message_alarms(emulator: Emulator, alarms: Alarms) -> None:
    """A queue that nobody empties shows by the age of its oldest message."""
    sqs, queue = emulator.client("sqs"), f"old-{uuid.uuid4()}"
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    name = alarms.create(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=dimensions({"QueueName": queue}),
        Statistic="Maximum",
    )

    sqs.send_message(QueueUrl=url, MessageBody="left")

    alarms.becomes(name, "ALARM")


@pytest.mark.holds("alarms_in_time")
def test_a_failing_function_alarms(
    emulator: Emulator, machines: Machines, alarms: Alarms
) -> None:
    """Without anybody writing a metric by hand."""
    function = functions.create(emulator, FAILS)
    name = alarms.create(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=dimensions({"FunctionName": function}),
    )
    alarms.becomes(name, "OK")

    machines.run({"Call": invoke(function)})

    alarms.becomes(name, "ALARM")


@pytest.mark.holds("alarms_in_time")
def test_a_failed_execution_alarms(machines: Machines, alarms: Alarms) -> None:
    """Red in the console is not enough: nobody looks at night."""
    machine = machines.create({"Fail": {"Type": "Fail", "Error": "Broken"}})
    name = alarms.create(
        Namespace="AWS/States",
        MetricName="ExecutionsFailed",
        Dimensions=dimensions({"StateMachineArn": machine}),
    )
    alarms.becomes(name, "OK")

    machines.ended(machines.start(machine))

    alarms.becomes(name, "ALARM")


def _share(namespace: str) -> list[dict[str, Any]]:
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
