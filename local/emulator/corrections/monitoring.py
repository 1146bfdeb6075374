"""CloudWatch's resources of a template, accepted and not imitated."""

from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.emulator.corrections.ministack_types import Alarm, Props


def monitoring_resources() -> None:
    """Accept alarms on expressions, composite alarms and saved queries in a template.

    AWS: CloudFormation makes all three. Here an alarm changes by SetAlarmState only,
    which notifies; a composite alarm and a saved query are names without effect.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_CloudWatch.html
    MiniStack: refuses all three, and judges an alarm by one number over all of its
    metric's dimensions.
    """
    create_record = provisioners._cw_metric_alarm_record

    def metric_alarm_record(name: str, props: Props) -> Alarm:
        if "Metrics" in props:
            props = {"MetricName": "-", "Namespace": "-", **props, "Metrics": []}
        alarm: Alarm = create_record(name, props)
        return alarm

    provisioners._cw_metric_alarm_record = metric_alarm_record
    cloudwatch._evaluate_alarm = lambda _alarm: None
    for kind in ("AWS::CloudWatch::CompositeAlarm", "AWS::Logs::QueryDefinition"):
        provisioners._RESOURCE_HANDLERS[kind] = {
            "create": _create,
            "update": lambda physical_id, *_: (physical_id, _attributes(physical_id)),
            "delete": lambda *_: None,
        }


def _create(logical_id: str, _props: Props, stack: str) -> tuple[str, Props]:
    name = provisioners._physical_name(stack, logical_id, max_len=255)
    return name, _attributes(name)


def _attributes(name: str) -> dict[str, Any]:
    place = f"{get_region()}:{get_account_id()}"
    arn = f"arn:aws:cloudwatch:{place}:alarm:{name}"
    return {"Arn": arn, "QueryDefinitionId": name}
