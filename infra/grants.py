"""Grants: rights as narrow as the functions need, where the CDK's own are wider.

`grant_read` and its like use `s3:GetObject*`, `s3:DeleteObject*` or
`kms:ReEncrypt*`; these name each action, and none of them deletes.
"""

from collections.abc import Iterable

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from functions.core.keys import BATCHES_PREFIX, JOBS_BY_MONTH
from infra.nag import acknowledge, logical_id

READ_KEY = ("kms:Decrypt",)
READ_AND_WRITE_KEY = ("kms:Decrypt", "kms:GenerateDataKey")
TABLE_KEY = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


def read_source(function: lambda_.Function, *, inbox: s3.Bucket, key: kms.IKey) -> None:
    """Let it read any version of any uploaded file, and what batches are made into.

    ListBucket here and below: without it a missing object is a 403, not a 404.
    """
    _allow(function, inbox.bucket_arn, "s3:ListBucket")
    _objects(function, inbox, "s3:GetObject", "s3:GetObjectVersion")
    key.grant(function, *READ_KEY)


def put_results(
    function: lambda_.Function, *, results: s3.Bucket, key: kms.IKey
) -> None:
    """Let it put results and look at what is there."""
    _allow(function, results.bucket_arn, "s3:ListBucket")
    _objects(function, results, "s3:GetObject", "s3:PutObject")
    key.grant(function, *READ_AND_WRITE_KEY)


def upload_results(
    function: lambda_.Function, *, results: s3.Bucket, key: kms.IKey
) -> None:
    """Let it put results in parts, and give up an upload."""
    put_results(function, results=results, key=key)
    _objects(function, results, "s3:AbortMultipartUpload")


def write_batches(
    function: lambda_.Function, *, inbox: s3.Bucket, key: kms.IKey
) -> None:
    """Let it write down what it makes of a batch, where no upload starts a job."""
    _objects(function, inbox, "s3:PutObject", prefix=BATCHES_PREFIX)
    key.grant(function, *READ_AND_WRITE_KEY)


def read_batches(
    function: lambda_.Function, *, inbox: s3.Bucket, key: kms.IKey
) -> None:
    """Let it read what Prepare made of a batch."""
    _objects(function, inbox, "s3:GetObject", prefix=BATCHES_PREFIX)
    key.grant(function, *READ_KEY)


def send_task_success(
    function: lambda_.Function, *, machine: sfn.StateMachine, key: kms.IKey
) -> None:
    """Let it end a wait of the machine's, whose token it has.

    By a policy of its own, which may depend on the machine though the machine depends
    on the function.
    """
    assert function.role is not None  # noqa: S101 - tells mypy that we gave it one
    iam.Policy(
        machine,
        f"WaitsFor{function.node.id}",
        roles=[function.role],
        statements=[
            iam.PolicyStatement(
                actions=["states:SendTaskSuccess"],
                resources=[machine.state_machine_arn],
            )
        ],
    )
    key.grant(function, *READ_AND_WRITE_KEY)


def use_table(
    function: lambda_.Function, *actions: str, table: dynamodb.Table, key: kms.IKey
) -> None:
    """Let it do `actions` (such as `GetItem`) on the table, not on its index."""
    _allow(function, table.table_arn, *(f"dynamodb:{action}" for action in actions))
    key.grant(function, *TABLE_KEY)


def use_items(
    function: lambda_.Function,
    *actions: str,
    table: dynamodb.Table,
    named: str,
    key: kms.IKey,
) -> None:
    """Let it do `actions` on those items of the table whose names begin so."""
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=[f"dynamodb:{action}" for action in actions],
            resources=[table.table_arn],
            conditions={
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{named}*"]}
            },
        )
    )
    key.grant(function, *TABLE_KEY)


def list_jobs(function: lambda_.Function, *, table: dynamodb.Table) -> None:
    """Let it read the table by its index."""
    _allow(function, f"{table.table_arn}/index/{JOBS_BY_MONTH}", "dynamodb:Query")


def presign_uploads(
    function: lambda_.Function,
    *,
    inbox: s3.Bucket,
    providers: Iterable[str],
    key: kms.IKey,
) -> None:
    """Let it sign uploads: what it may not do, its links cannot either."""
    for provider in providers:
        _objects(function, inbox, "s3:PutObject", prefix=f"{provider}/")
    key.grant(function, *READ_AND_WRITE_KEY)


def presign_results(
    function: lambda_.Function, *, results: s3.Bucket, key: kms.IKey
) -> None:
    """Let it read manifests, and sign downloads."""
    _allow(function, results.bucket_arn, "s3:ListBucket")
    _objects(function, results, "s3:GetObject")
    key.grant(function, *READ_KEY)


def use_executions(
    function: lambda_.Function, *actions: str, machine: sfn.StateMachine, key: kms.IKey
) -> None:
    """Let it do `actions` (such as `StopExecution`) on any execution of the machine."""
    executions = Stack.of(machine).format_arn(
        service="states",
        resource="execution",
        resource_name=f"{machine.state_machine_name}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    _allow(function, executions, *(f"states:{action}" for action in actions))
    key.grant(function, *READ_KEY)
    _accept(
        function,
        f"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
        f"<{logical_id(machine)}.Name>:*",
        "Executions are named by jobs, which are not known before.",
    )


def publish_notices(
    function: lambda_.Function, *, topic: sns.Topic, key: kms.IKey
) -> None:
    """Let it publish notices."""
    _allow(function, topic.topic_arn, "sns:Publish")
    key.grant(function, *READ_AND_WRITE_KEY)


def send_dead_letters(
    function: lambda_.Function, *, queue: sqs.Queue, key: kms.IKey
) -> None:
    """Let Lambda put what the function cannot handle into a queue, in its name."""
    _allow(function, queue.queue_arn, "sqs:SendMessage")
    key.grant(function, *READ_AND_WRITE_KEY)


def _objects(
    function: lambda_.Function, bucket: s3.Bucket, *actions: str, prefix: str = ""
) -> None:
    _allow(function, bucket.arn_for_objects(f"{prefix}*"), *actions)
    _accept(
        function,
        f"<{logical_id(bucket)}.Arn>/{prefix}*",
        "Object keys are not known before the objects are; the actions are exact.",
    )


def _accept(function: lambda_.Function, resource: str, reason: str) -> None:
    assert function.role is not None  # noqa: S101 - tells mypy that we gave it one
    acknowledge(function.role, f"AwsSolutions-IAM5[Resource::{resource}]", reason)


def _allow(function: lambda_.Function, resource: str, *actions: str) -> None:
    function.add_to_role_policy(
        iam.PolicyStatement(actions=list(actions), resources=[resource])
    )
