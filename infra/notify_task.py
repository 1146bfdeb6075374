"""Notify task: build the state that announces the end of a job."""

from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from functions.core.notice import LATE_ATTRIBUTE, MESSAGE_ATTRIBUTES, MESSAGE_FIELDS
from infra.task_defaults import GRACE, retry


def notify_task(
    scope: Construct, topic: sns.ITopic, results: s3.IBucket
) -> tasks.SnsPublish:
    """Return the state that publishes the notice of a job."""
    message = {name: sfn.JsonPath.string_at(f"$.{name}") for name in MESSAGE_FIELDS}
    attributes = {name: message[name] for name in MESSAGE_ATTRIBUTES}
    attributes[LATE_ATTRIBUTE] = sfn.JsonPath.json_to_string(
        sfn.JsonPath.object_at(f"$.{LATE_ATTRIBUTE}")
    )
    notify = tasks.SnsPublish(
        scope,
        "Notify",
        comment="Announce the outcome: keys only, no content",
        topic=topic,
        message=sfn.TaskInput.from_object(
            {**message, "results_bucket": results.bucket_name}
        ),
        message_attributes={
            name: tasks.MessageAttribute(
                value=value, data_type=tasks.MessageAttributeDataType.STRING
            )
            for name, value in attributes.items()
        },
        task_timeout=sfn.Timeout.duration(GRACE),
        result_path=sfn.JsonPath.DISCARD,
    )
    retry(notify, (sfn.Errors.TASKS_FAILED, sfn.Errors.TIMEOUT))
    return notify
