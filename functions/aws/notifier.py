"""Notices: tells of a job's end in the very words of the workflow's Notify."""

import json
from typing import TYPE_CHECKING

from functions.aws.clients import translate_aws_errors
from functions.core.job_record import JobRecord
from functions.core.notice import MESSAGE_ATTRIBUTES, MESSAGE_FIELDS

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Notifier:
    """The topic, for jobs whose execution cannot tell any more."""

    def __init__(self, topic: str, *, bucket: str, sns: "SNSClient") -> None:
        self._topic = topic
        self._bucket = bucket
        self._sns = sns

    def publish(self, record: JobRecord) -> None:
        """Tell how a job ended: keys only, no content."""
        told = {name: str(getattr(record, name)) for name in MESSAGE_FIELDS}
        with translate_aws_errors("publish a notice"):
            self._sns.publish(
                TopicArn=self._topic,
                Message=json.dumps({**told, "results_bucket": self._bucket}),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": told[name]}
                    for name in MESSAGE_ATTRIBUTES
                },
            )
