"""Grants: rights as narrow as the functions need, where the CDK's own are wider.

`grant_read` and its like use `s3:GetObject*`, `s3:DeleteObject*` or
`kms:ReEncrypt*`; these name each action, and none of them deletes.
"""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from infra.findings import acknowledge, logical_id

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


def read_list(function: lambda_.Function, *, inbox: s3.Bucket, key: kms.IKey) -> None:
    """Let it read any version of any uploaded list.

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


def use_table(
    function: lambda_.Function, *actions: str, table: dynamodb.Table, key: kms.IKey
) -> None:
    """Let it do `actions` (such as `GetItem`) on the table."""
    table.grant(function, *(f"dynamodb:{action}" for action in actions))
    key.grant(function, *TABLE_KEY)


def run_machine(
    machine: sfn.StateMachine, *functions: lambda_.Function, key: kms.IKey
) -> None:
    """Let it use its key; accept what its tasks were granted by the CDK.

    The CDK's own statement for the key names a machine without a name, since ours
    has no physical one, so it would never hold.
    """
    key.grant(machine, *READ_AND_WRITE_KEY)
    acknowledge(
        machine,
        "AwsSolutions-IAM5[Resource::*]",
        "X-Ray and the delivery of logs know no resources.",
    )
    for function in functions:
        acknowledge(
            machine,
            f"AwsSolutions-IAM5[Resource::<{logical_id(function)}.Arn>:*]",
            "The CDK allows a function's versions along with the function.",
        )


def _objects(function: lambda_.Function, bucket: s3.Bucket, *actions: str) -> None:
    _allow(function, bucket.arn_for_objects("*"), *actions)
    assert function.role is not None  # noqa: S101 - tells mypy that we gave it one
    acknowledge(
        function.role,
        f"AwsSolutions-IAM5[Resource::<{logical_id(bucket)}.Arn>/*]",
        "Object keys are not known before the objects are; the actions are exact.",
    )


def _allow(function: lambda_.Function, resource: str, *actions: str) -> None:
    function.add_to_role_policy(
        iam.PolicyStatement(actions=list(actions), resources=[resource])
    )
