"""Requests: the Map over a batch, of which each item is one request on its own poll.

Each child tells in one short text how its request ended, since the state of the
batch carries all of them (see `functions.core.batch_results`).
"""

from typing import Any

import jsii
from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from functions.core.keys import BATCHES_PREFIX
from functions.core.model import Next, Outcome, Phase
from infra.functions import Functions
from infra.poll_loop import PollLoop, next_is
from infra.task_defaults import (
    RETRIED_ERRORS,
    lambda_task,
    retry,
    retry_provider_errors,
)

_WHOSE = "request"


def batch_map(
    scope: Construct,
    *,
    functions: Functions,
    inbox: s3.IBucket,
    max_concurrency: int,
) -> sfn.DistributedMap:
    """Make the Map; a request that fails does not end the others."""
    poll = PollLoop(scope, functions=functions, whose=_WHOSE)
    ended = _tell(scope, "Ended", "$.outcome", "$.error")
    failed = _tell(scope, "Failed", _word(Outcome.FAILED), "$.failure.Error")
    downloaded = _download(scope, functions.download, failed)

    poll.route.when(next_is(Next.COLLECT), downloaded, comment="there is a result")
    poll.route.otherwise(ended)
    poll.catch(failed)

    judge = sfn.Choice(scope, f"Judge {_WHOSE}", comment="Was it all there?")
    judge.when(
        sfn.Condition.string_equals("$.phase", Phase.PARTIAL),
        _tell(scope, "Partial", _word(Outcome.PARTIAL)),
        comment="some of it is missing",
    )
    judge.otherwise(_tell(scope, "Succeeded", _word(Outcome.SUCCEEDED)))
    downloaded.next(judge)

    requests = sfn.DistributedMap(
        scope,
        "Requests",
        comment="Each request of a batch by itself",
        item_reader=_Items(inbox),
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
        result_path="$.answers",
    )
    requests.item_processor(poll.submitted)
    return requests


@jsii.implements(sfn.IItemReader)
class _Items:
    """The list of a batch's requests. The CDK's own reader may read all uploads."""

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


def _download(
    scope: Construct, function: lambda_.Function, failed: sfn.Pass
) -> sfn.TaskStateBase:
    downloaded = lambda_task(
        scope,
        f"Download {_WHOSE}",
        function,
        "Copy the result, which is the only kind",
        payload=sfn.TaskInput.from_object(
            {
                "job": sfn.JsonPath.object_at("$"),
                "kind": sfn.JsonPath.string_at("$.kinds[0]"),
                "attempt": sfn.JsonPath.number_at("$$.State.RetryCount"),
            }
        ),
        keeps_state=True,
    )
    retry_provider_errors(downloaded)
    retry(downloaded, RETRIED_ERRORS)
    downloaded.add_catch(failed, result_path="$.failure")
    return downloaded


def _tell(scope: Construct, name: str, *told: str) -> sfn.Pass:
    """Go on with a text: which request it was, and what is told of it."""
    parts = ("$.part.number", *told)
    form = " ".join("{}" for _ in parts)
    return sfn.Pass(
        scope,
        f"{name} {_WHOSE}",
        comment="Tell which request ended, how, and of what",
        parameters={"told.$": f"States.Format('{form}', {', '.join(parts)})"},
        output_path="$.told",
    )


def _word(outcome: Outcome) -> str:
    return f"'{outcome}'"
