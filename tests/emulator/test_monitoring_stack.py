"""A stack creates its alarms, dashboard, metric filters and saved queries."""

from pathlib import Path
from typing import Any

import pytest

from local.deploy import deploy
from local.emulator.process import Emulator
from tests.emulator.alarms import AlarmHarness
from tests.emulator.polling import wait_for
from tests.emulator.stacks import Resources, write_assembly, write_template

OUTPUTS: dict[str, object] = {"composite": {"Ref": "Composite"}}


def metric_query(namespace: str, name: str) -> dict[str, Any]:
    """Return the query of a metric that an expression uses."""
    return {
        "Id": name,
        "ReturnData": False,
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": name},
            "Period": 300,
            "Stat": "Sum",
        },
    }


def alarm_resources(alarms: AlarmHarness) -> Resources:
    """Return two alarms, one of them on a share, and a composite alarm of both."""
    common = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "TreatMissingData": "notBreaching",
    }
    share = {"Id": "share", "Expression": "100 * failed / ended", "Label": "failures"}
    rule = {
        "Fn::Join": [
            "",
            [
                '(ALARM("',
                {"Fn::GetAtt": ["Share", "Arn"]},
                '") OR ALARM("',
                {"Fn::GetAtt": ["Refused", "Arn"]},
                '"))',
            ],
        ]
    }
    return {
        "Share": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **common,
                "Threshold": 50,
                "Metrics": [
                    share,
                    metric_query(alarms.namespace, "failed"),
                    metric_query(alarms.namespace, "ended"),
                ],
            },
        },
        "Refused": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **common,
                "Namespace": alarms.namespace,
                "MetricName": "refused",
                "Period": 60,
                "Statistic": "Sum",
                "Threshold": 0,
            },
        },
        "Composite": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmActions": [alarms.topic],
                "AlarmDescription": "read the run-book",
                "AlarmRule": rule,
                "OKActions": [alarms.topic],
            },
        },
    }


@pytest.mark.correction("composite_alarms")
@pytest.mark.correction("metric_math")
def test_composite_alarm_goes_off_and_returns_to_ok(
    emulator: Emulator, alarms: AlarmHarness, tmp_path: Path
) -> None:
    """It follows its alarms, and disappears with its stack."""
    emulator.set_period_scale(0.5 / 300)
    assembly, stack = write_assembly(tmp_path, alarm_resources(alarms), OUTPUTS)
    name = deploy(assembly, stack, emulator, {})["composite"]
    alarms.wait_for_state(name, "OK")
    assert alarms.next_notification()["NewStateValue"] == "OK"

    alarms.put(failed=[2], ended=[3])

    message = alarms.next_notification()
    assert (message["AlarmName"], message["NewStateValue"]) == (name, "ALARM")
    assert message["AlarmRule"].startswith("(ALARM(")
    assert message["TriggeringChildren"][0]["State"]["Value"] == "ALARM"
    assert alarms.next_notification()["NewStateValue"] == "OK"
    emulator.client("cloudformation").delete_stack(StackName=stack)
    wait_for(lambda: name not in _composite_alarms(alarms))


@pytest.mark.correction("composite_alarms")
def test_updated_stack_updates_its_composite_alarm(
    emulator: Emulator, alarms: AlarmHarness, tmp_path: Path
) -> None:
    """The alarm keeps its name and gets another rule."""
    resources = alarm_resources(alarms)
    assembly, stack = write_assembly(tmp_path, resources, OUTPUTS)
    name = deploy(assembly, stack, emulator, {})["composite"]
    resources["Composite"]["Properties"]["AlarmRule"] = "TRUE"
    write_template(tmp_path, stack, resources, OUTPUTS)

    assert deploy(assembly, stack, emulator, {})["composite"] == name

    alarms.wait_for_state(name, "ALARM")


@pytest.mark.correction("saved_queries")
def test_stack_has_a_dashboard_a_filter_and_a_query(
    emulator: Emulator, tmp_path: Path
) -> None:
    """They are deleted with the stack."""
    resources: Resources = {
        "Group": {"Type": "AWS::Logs::LogGroup"},
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardBody": '{"widgets": []}'},
        },
        "Filter": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "FilterPattern": "{ $.level = ERROR }",
                "LogGroupName": {"Ref": "Group"},
                "MetricTransformations": [
                    {
                        "MetricName": "Errors",
                        "MetricNamespace": "Tests",
                        "MetricValue": "1",
                    }
                ],
            },
        },
        "Query": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {
                "LogGroupNames": [{"Ref": "Group"}],
                "Name": "courier/job",
                "QueryString": "fields @timestamp | filter job_id = 'j'",
            },
        },
    }
    assembly, stack = write_assembly(
        tmp_path,
        resources,
        {
            "dashboard": {"Ref": "Dashboard"},
            "group": {"Ref": "Group"},
            "query": {"Ref": "Query"},
        },
    )
    outputs = deploy(assembly, stack, emulator, {})
    logs, cloudwatch = emulator.client("logs"), emulator.client("cloudwatch")

    def queries() -> list[Any]:
        found: list[Any] = logs.describe_query_definitions(
            queryDefinitionNamePrefix="courier/"
        )["queryDefinitions"]
        return found

    (query,) = queries()
    assert query["queryDefinitionId"] == outputs["query"]
    assert query["logGroupNames"] == [outputs["group"]]
    assert cloudwatch.get_dashboard(DashboardName=outputs["dashboard"])["DashboardBody"]
    filters = logs.describe_metric_filters(logGroupName=outputs["group"])
    assert len(filters["metricFilters"]) == 1

    emulator.client("cloudformation").delete_stack(StackName=stack)

    wait_for(lambda: not queries())
    listed = cloudwatch.list_dashboards()["DashboardEntries"]
    assert outputs["dashboard"] not in [entry["DashboardName"] for entry in listed]


def _composite_alarms(alarms: AlarmHarness) -> list[str]:
    found = alarms.client.describe_alarms(AlarmTypes=["CompositeAlarm"])
    return [alarm["AlarmName"] for alarm in found["CompositeAlarms"]]
