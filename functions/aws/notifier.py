"""Notifier: publish the same SNS message as the workflow's Notify state."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from functions.aws import clients
from functions.aws.clients import translate_aws_errors
from functions.aws.settings import function_settings
from functions.core.job_record import JobRecord
from functions.core.keys import ENV_NOTICES_TOPIC, ENV_RESULTS_BUCKET
from functions.core.notice import LATE_ATTRIBUTE, MESSAGE_ATTRIBUTES, MESSAGE_FIELDS

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Notifier:
    """The notices topic, for jobs whose execution cannot notify any more."""

    def __init__(self, topic: str, *, results_bucket: str, sns: "SNSClient") -> None:
        self._topic = topic
        self._results_bucket = results_bucket
        self._sns = sns

    @classmethod
    def from_environment(cls) -> Self:
        """Return the notifier of the topic that this function's environment names."""
        settings = function_settings(ENV_NOTICES_TOPIC, ENV_RESULTS_BUCKET)
        return cls(
            settings.notices_topic,
            results_bucket=settings.results_bucket,
            sns=clients.sns(),
        )

    def publish(self, record: JobRecord) -> None:
        """Publish how a job ended: S3 keys only, no content."""
        fields = {name: getattr(record, name) for name in MESSAGE_FIELDS}
        attributes = {name: str(fields[name]) for name in MESSAGE_ATTRIBUTES}
        attributes[LATE_ATTRIBUTE] = json.dumps(record.late)
        self.send({**fields, "results_bucket": self._results_bucket}, attributes)

    def send(self, message: Mapping[str, Any], attributes: Mapping[str, str]) -> None:
        """Publish a message with text attributes."""
        with translate_aws_errors("publish a notice"):
            self._sns.publish(
                TopicArn=self._topic,
                Message=json.dumps(message),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
            )
