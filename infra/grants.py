"""Grants: allow the functions exactly what they need.

The CDK's own `grant_read` and the like contain `s3:GetObject*`, `s3:DeleteObject*` or
`kms:ReEncrypt*`. The grants of this module name each action; one of them deletes.
"""

from collections.abc import Iterable

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from functions.core.keys import BATCHES_PREFIX
from functions.core.result_keys import ERROR_OBJECT
from infra.nag import acknowledge, logical_id

READ_KEY = ("kms:Decrypt",)
WRITE_KEY = ("kms:GenerateDataKey",)
READ_AND_WRITE_KEY = ("kms:Decrypt", "kms:GenerateDataKey")
TABLE_KEY = (
    *READ_AND_WRITE_KEY,
    *("kms:DescribeKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
)


class Grants:
    """Allows functions to use resources that are encrypted with `key`."""

    def __init__(self, key: kms.IKey) -> None:
        self._key = key

    def read_source(self, function: lambda_.Function, inbox: s3.Bucket) -> None:
        """Allow reading every object of the inbox by its version, as every job does.

        ListBucket, here and below, makes S3 answer 404 for a missing object, not 403.
        """
        _allow(function, inbox.bucket_arn, "s3:ListBucket")
        _allow_objects(function, inbox, "s3:GetObjectVersion")
        self._key.grant(function, *READ_KEY)

    def list_versions(self, function: lambda_.Function, bucket: s3.Bucket) -> None:
        """Allow listing versions of objects, not reading them."""
        _allow(function, bucket.bucket_arn, "s3:ListBucketVersions")

    def erase_objects(
        self, function: lambda_.Function, bucket: s3.Bucket, *, of: str = "*"
    ) -> None:
        """Allow deleting versions of objects for good, as a person asks for it."""
        _allow_objects(function, bucket, "s3:DeleteObjectVersion", of=of)

    def write_results(self, function: lambda_.Function, results: s3.Bucket) -> None:
        """Allow writing results, and reading those that exist."""
        _allow(function, results.bucket_arn, "s3:ListBucket")
        _allow_objects(function, results, "s3:GetObject", "s3:PutObject")
        self._key.grant(function, *READ_AND_WRITE_KEY)

    def write_errors(self, function: lambda_.Function, results: s3.Bucket) -> None:
        """Allow writing what providers say about failures, and finding what exists."""
        _allow(function, results.bucket_arn, "s3:ListBucket")
        errors = f"*/{ERROR_OBJECT}*"
        _allow_objects(function, results, "s3:GetObject", "s3:PutObject", of=errors)
        self._key.grant(function, *WRITE_KEY)

    def write_results_in_parts(
        self, function: lambda_.Function, results: s3.Bucket
    ) -> None:
        """Allow the same with multipart uploads, which can be aborted."""
        self.write_results(function, results)
        _allow_objects(function, results, "s3:AbortMultipartUpload")

    def write_batches(self, function: lambda_.Function, inbox: s3.Bucket) -> None:
        """Allow writing work files of batches, under a prefix that starts no jobs."""
        _allow_objects(function, inbox, "s3:PutObject", of=f"{BATCHES_PREFIX}*")
        self._key.grant(function, *READ_AND_WRITE_KEY)

    def read_batches(self, function: lambda_.Function, inbox: s3.Bucket) -> None:
        """Allow reading work files of batches, some of which may be missing."""
        _allow(function, inbox.bucket_arn, "s3:ListBucket")
        _allow_objects(function, inbox, "s3:GetObject", of=f"{BATCHES_PREFIX}*")
        self._key.grant(function, *READ_KEY)

    def read_work_files(self, function: lambda_.Function, inbox: s3.Bucket) -> None:
        """Allow reading work files by their version, as Prepare has named it."""
        _allow(function, inbox.bucket_arn, "s3:ListBucket")
        objects = f"{BATCHES_PREFIX}*"
        _allow_objects(function, inbox, "s3:GetObjectVersion", of=objects)
        self._key.grant(function, *READ_KEY)

    def presign_uploads(
        self, function: lambda_.Function, inbox: s3.Bucket, providers: Iterable[str]
    ) -> None:
        """Allow signing uploads; a signed request has the rights of its signer."""
        for provider in providers:
            _allow_objects(function, inbox, "s3:PutObject", of=f"{provider}/*")
        self._key.grant(function, *READ_AND_WRITE_KEY)

    def presign_results(self, function: lambda_.Function, results: s3.Bucket) -> None:
        """Allow reading manifests and signing downloads."""
        _allow(function, results.bucket_arn, "s3:ListBucket")
        _allow_objects(function, results, "s3:GetObject")
        self._key.grant(function, *READ_KEY)

    def access_table(
        self, function: lambda_.Function, table: dynamodb.Table, *actions: str
    ) -> None:
        """Allow `actions` (such as `GetItem`) on a table, not on its indexes."""
        _allow(function, table.table_arn, *(f"dynamodb:{action}" for action in actions))
        self._key.grant(function, *TABLE_KEY)

    def access_items(
        self,
        function: lambda_.Function,
        table: dynamodb.Table,
        *actions: str,
        prefix: str,
    ) -> None:
        """Allow `actions` on items of a table whose partition key has the prefix."""
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=[f"dynamodb:{action}" for action in actions],
                resources=[table.table_arn],
                conditions={
                    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{prefix}*"]}
                },
            )
        )
        self._key.grant(function, *TABLE_KEY)

    def query_index(
        self, function: lambda_.Function, table: dynamodb.Table, index: str
    ) -> None:
        """Allow queries of one index of a table; access_table grants the key."""
        _allow(function, f"{table.table_arn}/index/{index}", "dynamodb:Query")

    def access_executions(
        self, function: lambda_.Function, machine: sfn.StateMachine, *actions: str
    ) -> None:
        """Allow `actions` (such as `StopExecution`) on the machine's executions."""
        executions = Stack.of(machine).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{machine.state_machine_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        _allow(function, executions, *(f"states:{action}" for action in actions))
        self._key.grant(function, *READ_KEY)
        _acknowledge_wildcard(
            function,
            f"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
            f"<{logical_id(machine)}.Name>:*",
            "Executions are named after jobs, which are not known at deployment.",
        )

    def send_task_success(
        self, function: lambda_.Function, machine: sfn.StateMachine
    ) -> None:
        """Allow completing a task of the state machine by its token.

        Children of a Distributed Map run under the machine's name and a label; whether
        the right on the name covers them is not documented, so it names both.

        In a policy of its own: the machine depends on the function, so the function's
        default policy must not depend on the machine.
        """
        assert function.role is not None  # noqa: S101 - infra.functions sets it
        arn = machine.state_machine_arn
        policy = iam.Policy(
            machine,
            f"WaitsFor{function.node.id}",
            roles=[function.role],
            statements=[
                iam.PolicyStatement(
                    actions=["states:SendTaskSuccess"],
                    resources=[arn, f"{arn}/*"],
                )
            ],
        )
        # Who ends a wait needs no key: the state machine reads and writes its data.
        acknowledge(
            policy,
            f"AwsSolutions-IAM5[Resource::<{logical_id(machine)}>/*]",
            "The label of the Distributed Map is chosen by Step Functions.",
        )

    def invoke(self, function: lambda_.Function, called: lambda_.Function) -> None:
        """Allow calling another function; the CDK's own grant adds its versions."""
        _allow(function, called.function_arn, "lambda:InvokeFunction")

    def read_secret(
        self, function: lambda_.Function, secret: secretsmanager.ISecret
    ) -> None:
        """Allow reading a secret's value.

        The CDK's own grant also allows DescribeSecret, and names the role in the key's
        policy, which lets every role of the account use it already.
        """
        _allow(function, secret.secret_arn, "secretsmanager:GetSecretValue")
        self._key.grant(function, *READ_KEY)

    def receive_messages(self, function: lambda_.Function, queue: sqs.Queue) -> None:
        """Allow Lambda to poll a queue in the function's name."""
        _allow(
            function,
            queue.queue_arn,
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        )
        self._key.grant(function, *READ_KEY)

    def publish_notices(self, function: lambda_.Function, topic: sns.Topic) -> None:
        """Allow publishing the outcomes of jobs."""
        _allow(function, topic.topic_arn, "sns:Publish")
        self._key.grant(function, *READ_AND_WRITE_KEY)

    def send_dead_letters(self, function: lambda_.Function, queue: sqs.Queue) -> None:
        """Allow Lambda to send failed calls to the queue, in the function's name."""
        _allow(function, queue.queue_arn, "sqs:SendMessage")
        self._key.grant(function, *READ_AND_WRITE_KEY)


def _allow_objects(
    function: lambda_.Function, bucket: s3.Bucket, *actions: str, of: str = "*"
) -> None:
    _allow(function, bucket.arn_for_objects(of), *actions)
    _acknowledge_wildcard(
        function,
        f"<{logical_id(bucket)}.Arn>/{of}",
        "Object keys are not known at deployment; the actions are exact.",
    )


def _allow(function: lambda_.Function, resource: str, *actions: str) -> None:
    function.add_to_role_policy(
        iam.PolicyStatement(actions=list(actions), resources=[resource])
    )


def _acknowledge_wildcard(
    function: lambda_.Function, resource: str, reason: str
) -> None:
    assert function.role is not None  # noqa: S101 - infra.functions sets it
    acknowledge(function.role, f"AwsSolutions-IAM5[Resource::{resource}]", reason)
