"""Batch map: build the Distributed Map that runs each request of a batch by itself.

A request outputs one short text. Step Functions writes the texts of all requests into
the inbox bucket, because a state could not hold them, and only the place of their list
travels on; Gather reads them (`functions.core.batch_results`).
"""

from typing import Any

import jsii
from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from functions.core.keys import ANSWERS_PREFIX, BATCHES_PREFIX
from functions.core.model import Next, Outcome, Phase
from infra.functions import Functions
from infra.poll_loop import PollLoop, next_is
from infra.task_defaults import download_task, retry


def batch_map(
    scope: Construct,
    *,
    functions: Functions,
    inbox: s3.IBucket,
    max_concurrency: int,
) -> sfn.DistributedMap:
    """Return the Map; a request that fails does not end the others."""
    poll = PollLoop(scope, functions=functions, suffix="request")
    download = download_task(
        scope,
        "Download request",
        functions.download,
        "Copy the only result of the request",
        job="$",
        kind="$.kinds[0]",
        discard_response=True,
    )
    judge = sfn.Choice(scope, "Judge request", comment="Is the result complete?")
    error = sfn.JsonPath.string_at("$.error")
    caught = sfn.JsonPath.string_at("$.failure.Error")
    succeeded = _result(scope, "Succeeded request", Outcome.SUCCEEDED)
    partial = _result(scope, "Partial request", Outcome.PARTIAL)
    ended = _result(scope, "Ended request", sfn.JsonPath.string_at("$.outcome"), error)
    failed = _result(scope, "Failed request", Outcome.FAILED, caught)

    poll.route.when(next_is(Next.COLLECT), download, comment="there is a result")
    poll.route.otherwise(ended)
    download.next(judge)
    judge.when(
        sfn.Condition.string_equals("$.phase", Phase.PARTIAL),
        partial,
        comment="part of it is missing",
    )
    judge.otherwise(succeeded)
    for task in (poll.submit, poll.check, download):
        task.add_catch(failed, result_path="$.failure")

    requests = sfn.DistributedMap(
        scope,
        "Requests",
        comment="Run each request of the batch by itself",
        item_reader=_RequestListReader(inbox),
        item_selector={
            "job_id": sfn.JsonPath.string_at("$$.Map.Item.Value.job_id"),
            "type": sfn.JsonPath.string_at("$$.Map.Item.Value.type"),
            "part": sfn.JsonPath.object_at("$$.Map.Item.Value.part"),
            "provider": sfn.JsonPath.string_at("$.provider"),
            "bucket": sfn.JsonPath.string_at("$.bucket"),
            "key": sfn.JsonPath.string_at("$.batch.key"),
            "version_id": sfn.JsonPath.string_at("$.batch.version_id"),
        },
        max_concurrency=max_concurrency,
        tolerated_failure_percentage=100,
        map_execution_type=sfn.StateMachineType.STANDARD,
        result_writer_v2=_AnswerWriter(
            bucket=inbox,
            prefix=ANSWERS_PREFIX.removesuffix("/"),
            writer_config=sfn.WriterConfig(
                output_type=sfn.OutputType.JSONL,
                transformation=sfn.Transformation.COMPACT,
            ),
        ),
        result_path="$.answers",  # where the texts are that the requests ended with
    )
    # S3 may be busy. Where the texts could not be written, the requests run once more:
    # each finds what it has submitted, and its result.
    retry(requests, ("States.ItemReaderFailed", "States.ResultWriterFailed"))
    requests.item_processor(poll.submit)
    return requests


def _result(scope: Construct, name: str, *values: str) -> sfn.Pass:
    """Return a state that outputs the request's number and `values` as one text."""
    number = sfn.JsonPath.string_at("$.part.number")
    template = " ".join(["{}"] * (1 + len(values)))
    return sfn.Pass(
        scope,
        name,
        comment="Output the request's number, outcome and error",
        parameters={"result": sfn.JsonPath.format(template, number, *values)},
        output_path="$.result",
    )


class _AnswerWriter(sfn.ResultWriterV2):
    """Writes how the requests ended into S3.

    The CDK's own writer would let the state machine write every object of the inbox.
    """

    def provide_policy_statements(self) -> list[iam.PolicyStatement]:
        assert self.bucket is not None  # noqa: S101 - for mypy: it is given
        return [
            iam.PolicyStatement(
                actions=[
                    "s3:PutObject",  # reading is allowed with the items
                    "s3:ListMultipartUploadParts",
                    "s3:AbortMultipartUpload",
                ],
                resources=[self.bucket.arn_for_objects(f"{ANSWERS_PREFIX}*")],
            )
        ]


@jsii.implements(sfn.IItemReader)
class _RequestListReader:
    """Reads a batch's list of requests from S3.

    The CDK's own reader would let the state machine read every object of the inbox.
    """

    def __init__(self, inbox: s3.IBucket) -> None:
        self._inbox = inbox

    @property
    def bucket(self) -> s3.IBucket:
        return self._inbox

    @property
    def bucket_name_path(self) -> None:
        return None

    @property
    def max_items(self) -> None:
        return None

    @property
    def resource(self) -> str:
        return f"arn:{Aws.PARTITION}:states:::s3:getObject"

    def render(self, _query_language: object = None) -> dict[str, Any]:
        return {
            "Resource": self.resource,
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {
                "Bucket": self._inbox.bucket_name,
                "Key.$": "$.batch.items_key",
            },
        }

    def provide_policy_statements(self) -> list[iam.PolicyStatement]:
        return [
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[self._inbox.arn_for_objects(f"{BATCHES_PREFIX}*")],
            )
        ]

    def validate_item_reader(self) -> list[str]:
        return []
