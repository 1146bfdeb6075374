"""Storage: create the key, the buckets, the tables and the topic of a stage."""

from collections.abc import Iterator, Mapping

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from functions.core.keys import BATCHES_PREFIX, JOBS_BY_MONTH, LATE_CHECKS
from infra.nag import acknowledge

KEY_DELETION_DAYS = 30


class Storage(Construct):
    """Everything that keeps data longer than an execution lasts."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        inbox_retention: Duration,
        results_retention: Duration,
        provider_retention_days: Mapping[str, int | None],
        removal_policy: RemovalPolicy,
        deletion_protection: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._removal_policy = removal_policy
        self._deletion_protection = deletion_protection
        self._provider_retention_days = provider_retention_days

        self.key = self._key()
        self.access_logs = self._access_log_bucket(results_retention)
        self.inbox = self._data_bucket("Inbox", expires_after=inbox_retention)
        self.results = self._data_bucket("Results", expires_after=results_retention)
        _send_events_to_eventbridge(self.inbox)
        self.jobs = self._table("Jobs", "job_id")
        # Jobs are listed by month, newest first, without a scan of the table.
        self.jobs.add_global_secondary_index(
            index_name=JOBS_BY_MONTH,
            partition_key=dynamodb.Attribute(
                name="month", type=dynamodb.AttributeType.STRING
            ),
            sort_key=dynamodb.Attribute(
                name="received_at", type=dynamodb.AttributeType.NUMBER
            ),
        )
        # Only jobs that the sweep looks at have the time of a late check.
        self.jobs.add_global_secondary_index(
            index_name=LATE_CHECKS,
            partition_key=dynamodb.Attribute(
                name="provider", type=dynamodb.AttributeType.STRING
            ),
            sort_key=dynamodb.Attribute(
                name="late_check_at", type=dynamodb.AttributeType.NUMBER
            ),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        self.waits = self._table("Waits", "wait_id")
        # Without backups: what is forgotten must not be kept anywhere.
        self.verdicts = self._table("Verdicts", "verdict_id", restorable=False)
        acknowledge(
            self.verdicts,
            "AwsSolutions-DDB3",
            "Backups would keep what people ask to be forgotten; a verdict that is "
            "lost is only paid for once more.",
        )
        self.notices = sns.Topic(self, "Notices", master_key=self.key, enforce_ssl=True)
        self.notices.apply_removal_policy(removal_policy)

    def _key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            enable_key_rotation=True,
            pending_window=Duration.days(KEY_DELETION_DAYS),
            removal_policy=self._removal_policy,
        )
        stack = Stack.of(self)
        log_groups = f"log-group:{stack.stack_name}-*"
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogGroupsOfThisStack",
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=[
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey",
                    "kms:GenerateDataKeyWithoutPlaintext",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                ],
                resources=["*"],  # in a key's policy: the key itself
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": (
                            f"arn:{stack.partition}:logs:{stack.region}:"
                            f"{stack.account}:{log_groups}"
                        )
                    }
                },
            )
        )
        return key

    def _data_bucket(self, name: str, *, expires_after: Duration) -> s3.Bucket:
        return s3.Bucket(
            self,
            name,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix=f"{name.lower()}/",
            lifecycle_rules=[
                _expiry(expires_after),
                *self._provider_expiry(expires_after),
            ],
            removal_policy=self._removal_policy,
        )

    def _provider_expiry(self, default: Duration) -> Iterator[s3.LifecycleRule]:
        """Yield the rules of providers whose data expires before the default.

        Where two rules apply to an object, S3 follows the shorter.
        """
        for name, days in self._provider_retention_days.items():
            if days is not None and days < default.to_days():
                for prefix in (f"{name}/", f"{BATCHES_PREFIX}{name}/"):
                    yield s3.LifecycleRule(
                        id=f"Expire {prefix}",
                        prefix=prefix,
                        expiration=Duration.days(days),
                        # An expired object becomes a noncurrent version.
                        noncurrent_version_expiration=Duration.days(1),
                    )

    def _access_log_bucket(self, expires_after: Duration) -> s3.Bucket:
        """Return the bucket of the access logs.

        S3 delivers them only to a bucket that is encrypted with its own key.
        """
        return s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[_expiry(expires_after)],
            removal_policy=self._removal_policy,
        )

    def _table(self, name: str, key: str, *, restorable: bool = True) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            name,
            partition_key=dynamodb.Attribute(
                name=key, type=dynamodb.AttributeType.STRING
            ),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=restorable
            ),
            time_to_live_attribute="expires_at",
            deletion_protection=self._deletion_protection,
            removal_policy=self._removal_policy,
        )


def _expiry(after: Duration) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id="Expire",
        abort_incomplete_multipart_upload_after=Duration.days(1),
        expiration=after,
        noncurrent_version_expiration=after,
    )


def _send_events_to_eventbridge(bucket: s3.Bucket) -> None:
    """Set the CloudFormation property that sends the bucket's events to EventBridge.

    The CDK's `event_bridge_enabled` sets it with a Lambda function of its own, which
    has rights on every bucket.
    """
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - for mypy
    resource.notification_configuration = (
        s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )
    )
