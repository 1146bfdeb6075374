"""A stack brings its alarms, its dashboard, its filters and its queries."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.deploy import deploy
from local.emulator.process import Emulator
from tests.emulator.alarms import Alarms
from tests.emulator.polling import until
from tests.emulator.test_deploy import Resources, assembly, outputs


def metric(namespace: str, name: str) -> dict[str, Any]:
    """One metric of an expression."""
    return {
        "Id": name,
        "ReturnData": False,
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": name},
            "Period": 300,
            "Stat": "Sum",
        },
    }


def observed(alarms: Alarms) -> Resources:
    """Two alarms, one on a share, and a composite of them that tells the topic."""
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
                {"Fn::GetAtt": ["Plain", "Arn"]},
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
                    metric(alarms.namespace, "failed"),
                    metric(alarms.namespace, "ended"),
                ],
            },
        },
        "Plain": {
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
        "Wake": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmActions": [alarms.topic],
                "AlarmDescription": "read the run-book",
                "AlarmRule": rule,
                "OKActions": [alarms.topic],
            },
        },
    }


@pytest.mark.holds("composite_alarms")
@pytest.mark.holds("metric_math")
def test_a_composite_alarm_wakes_and_rests(
    emulator: Emulator, alarms: Alarms, tmp_path: Path
) -> None:
    """When one of its alarms goes off, and when none is any more."""
    emulator.set_period_scale(0.5 / 300)
    template, stack = assembly(
        tmp_path, observed(alarms), Outputs=outputs(wake={"Ref": "Wake"})
    )
    name = deploy(template, stack, emulator, {})["wake"]
    alarms.becomes(name, "OK")
    assert alarms.heard()["NewStateValue"] == "OK"

    alarms.put(failed=[2], ended=[3])

    message = alarms.heard()
    assert (message["AlarmName"], message["NewStateValue"]) == (name, "ALARM")
    assert message["AlarmRule"].startswith("(ALARM(")
    assert message["TriggeringChildren"][0]["State"]["Value"] == "ALARM"
    assert alarms.heard()["NewStateValue"] == "OK"
    emulator.client("cloudformation").delete_stack(StackName=stack)
    until(lambda: name not in _composites(alarms) or None)


@pytest.mark.holds("composite_alarms")
def test_an_updated_stack_updates_its_composite_alarm(
    emulator: Emulator, alarms: Alarms, tmp_path: Path
) -> None:
    """It stays the same alarm, with another rule."""
    resources = observed(alarms)
    template, stack = assembly(
        tmp_path, resources, Outputs=outputs(wake={"Ref": "Wake"})
    )
    name = deploy(template, stack, emulator, {})["wake"]
    resources["Wake"]["Properties"]["AlarmRule"] = "TRUE"
    document = {"Resources": resources, "Outputs": outputs(wake={"Ref": "Wake"})}
    (tmp_path / f"{stack}.template.json").write_text(json.dumps(document))

    assert deploy(template, stack, emulator, {})["wake"] == name

    alarms.becomes(name, "ALARM")


@pytest.mark.holds("saved_queries")
def test_a_stack_has_a_dashboard_filters_and_queries(
    emulator: Emulator, tmp_path: Path
) -> None:
    """And takes them away with it."""
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
        "Story": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {
                "LogGroupNames": [{"Ref": "Group"}],
                "Name": "courier/story",
                "QueryString": "fields @timestamp | filter job_id = 'j'",
            },
        },
    }
    template, stack = assembly(
        tmp_path,
        resources,
        Outputs=outputs(
            dashboard={"Ref": "Dashboard"},
            group={"Ref": "Group"},
            story={"Ref": "Story"},
        ),
    )
    made = deploy(template, stack, emulator, {})
    logs, cloudwatch = emulator.client("logs"), emulator.client("cloudwatch")

    def queries() -> list[Any]:
        found: list[Any] = logs.describe_query_definitions(
            queryDefinitionNamePrefix="courier/"
        )["queryDefinitions"]
        return found

    (query,) = queries()
    assert query["queryDefinitionId"] == made["story"]
    assert query["logGroupNames"] == [made["group"]]
    assert cloudwatch.get_dashboard(DashboardName=made["dashboard"])["DashboardBody"]
    filters = logs.describe_metric_filters(logGroupName=made["group"])
    assert len(filters["metricFilters"]) == 1

    emulator.client("cloudformation").delete_stack(StackName=stack)

    until(lambda: not queries())
    listed = cloudwatch.list_dashboards()["DashboardEntries"]
    assert made["dashboard"] not in [one["DashboardName"] for one in listed]


def _composites(alarms: Alarms) -> list[str]:
    found = alarms.client.describe_alarms(AlarmTypes=["CompositeAlarm"])
    return [one["AlarmName"] for one in found["CompositeAlarms"]]
