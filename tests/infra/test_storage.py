"""Stored data is encrypted, private, expires, and is removed only on purpose."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.app import synthesize
from tests.infra.template import Json, Template, text

BUCKETS = ("Inbox", "Results", "AccessLogs")
KEY_PROPERTY = {
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
}
#: Types of resources whose data somebody may need after the stack is deleted.
DATA = (
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::Logs::LogGroup",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
)


def the_key(template: Template) -> str:
    """Return the ARN of the key, as `text` writes it."""
    (name,) = template.resources("AWS::KMS::Key")
    return f"<{name}.Arn>"


def test_the_key_rotates_and_its_deletion_takes_a_month(template: Template) -> None:
    """Without the key every result is lost, so a mistake has to be reversible."""
    key = template.only("AWS::KMS::Key")

    assert key["EnableKeyRotation"] is True
    assert key["PendingWindowInDays"] == 30


@pytest.mark.parametrize("kind", KEY_PROPERTY)
def test_everything_that_holds_data_is_encrypted_with_our_key(
    template: Template, kind: str
) -> None:
    """Nobody reads data without the right to use the key."""
    for name, properties in template.properties(kind).items():
        assert text(properties[KEY_PROPERTY[kind]]) == the_key(template), name


def test_logs_may_use_the_key_for_this_stack_only(template: Template) -> None:
    """Log groups need it; the condition excludes those of other stacks."""
    key = template.only("AWS::KMS::Key")
    (statement,) = (
        statement
        for statement in key["KeyPolicy"]["Statement"]
        if "logs.<AWS::Region>" in text(statement["Principal"].get("Service", ""))
    )

    ((_, group),) = statement["Condition"]["ArnLike"].items()
    assert ":log-group:VerdictCourier-" in text(group)


@pytest.mark.parametrize(("part", "key"), [("Jobs", "job_id"), ("Waits", "wait_id")])
def test_a_table_has_our_key_and_can_be_restored(
    template: Template, part: str, key: str
) -> None:
    """One knows which jobs are paid for, the other holds task tokens."""
    _, table = template.named("AWS::DynamoDB::Table", part)

    assert text(table["SSESpecification"]["KMSMasterKeyId"]) == the_key(template)
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]


def test_the_memory_has_our_key_and_no_backup(template: Template) -> None:
    """What is forgotten must not be left in a backup."""
    _, table = template.named("AWS::DynamoDB::Table", "Verdicts")

    assert text(table["SSESpecification"]["KMSMasterKeyId"]) == the_key(template)
    assert table["SSESpecification"]["SSEEnabled"] is True
    backups = table["PointInTimeRecoverySpecification"]
    assert backups["PointInTimeRecoveryEnabled"] is False
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": "verdict_id", "KeyType": "HASH"}]


def test_jobs_are_listed_by_an_index(template: Template) -> None:
    """A scan would read the whole table."""
    _, table = template.named("AWS::DynamoDB::Table", "Jobs")
    indexes = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }

    assert indexes == {
        "by_month": ["month", "received_at"],
        "late_checks": ["provider", "late_check_at"],
    }
    for role in template.resources("AWS::IAM::Role"):
        assert "dynamodb:Scan" not in {action for action, _ in template.rights(role)}


@pytest.mark.parametrize("part", ["Inbox", "Results"])
def test_data_buckets_have_our_key(template: Template, part: str) -> None:
    """A bucket key saves a call of KMS for each part of an upload."""
    _, bucket = template.named("AWS::S3::Bucket", part)
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["BucketKeyEnabled"] is True
    default = rule["ServerSideEncryptionByDefault"]
    assert default["SSEAlgorithm"] == "aws:kms"
    assert text(default["KMSMasterKeyID"]) == the_key(template)


@pytest.mark.parametrize("part", BUCKETS)
def test_a_bucket_is_private_and_versioned(template: Template, part: str) -> None:
    """Lists contain personal data, and one wrong put must not destroy them."""
    _, bucket = template.named("AWS::S3::Bucket", part)

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"


@pytest.mark.parametrize(
    ("kind", "owners", "service"),
    [
        pytest.param("AWS::S3::BucketPolicy", "AWS::S3::Bucket", "s3", id="buckets"),
        pytest.param("AWS::SQS::QueuePolicy", "AWS::SQS::Queue", "sqs", id="queues"),
        pytest.param("AWS::SNS::TopicPolicy", "AWS::SNS::Topic", "sns", id="topics"),
    ],
)
def test_plain_http_is_denied(
    template: Template, kind: str, owners: str, service: str
) -> None:
    """Even a signed request over plain HTTP shows its data to the network."""
    policies = template.properties(kind).values()

    assert len(policies) == len(template.resources(owners))
    for policy in policies:
        assert any(
            denies_plain_http(statement, service)
            for statement in policy["PolicyDocument"]["Statement"]
        )


def denies_plain_http(statement: Json, service: str) -> bool:
    """Return whether a statement denies a service's calls without TLS."""
    return (
        statement["Effect"] == "Deny"
        and str(statement["Action"]).lower().startswith(f"{service}:")
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    )


@pytest.mark.fault(74)
@pytest.mark.parametrize("part", BUCKETS)
def test_incomplete_uploads_are_deleted_after_a_day(
    template: Template, part: str
) -> None:
    """A killed upload leaves parts that nobody sees and that cost money."""
    _, bucket = template.named("AWS::S3::Bucket", part)
    (rule,) = (
        rule for rule in lifecycle(bucket) if "AbortIncompleteMultipartUpload" in rule
    )

    assert rule["Status"] == "Enabled"
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "Prefix" not in rule
    assert "TagFilters" not in rule


@pytest.mark.fault(99)
@pytest.mark.parametrize(
    ("part", "days"), [("Inbox", 30), ("Results", 90), ("AccessLogs", 90)]
)
def test_every_object_expires(prod: Template, part: str, days: int) -> None:
    """Old versions, too: a deleted list must not remain as a version."""
    _, bucket = prod.named("AWS::S3::Bucket", part)
    (rule,) = (rule for rule in lifecycle(bucket) if "Prefix" not in rule)

    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == days
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}


@pytest.mark.fault(99)
@pytest.mark.parametrize("part", ["Inbox", "Results"])
def test_personal_data_of_txncheck_expires_after_a_week(
    prod: Template, part: str
) -> None:
    """Only that provider's objects; their old versions follow a day later."""
    _, bucket = prod.named("AWS::S3::Bucket", part)

    rules = {rule["Prefix"]: rule for rule in lifecycle(bucket) if "Prefix" in rule}
    assert set(rules) == {"txncheck/", "batches/txncheck/"}
    for rule in rules.values():
        assert rule["Status"] == "Enabled"
        assert rule["ExpirationInDays"] == 7
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
        assert "TagFilters" not in rule


def test_a_provider_rule_never_keeps_data_longer(
    assembly: Callable[[str], Path],
) -> None:
    """The local stack deletes everything after a day, that provider's data included."""
    local = Template.read(assembly("local"))

    for part in ("Inbox", "Results"):
        _, bucket = local.named("AWS::S3::Bucket", part)
        assert [rule["ExpirationInDays"] for rule in lifecycle(bucket)] == [1]


def lifecycle(bucket: Json) -> list[Json]:
    """Return the lifecycle rules of a bucket."""
    rules: list[Json] = bucket["LifecycleConfiguration"]["Rules"]
    return rules


@pytest.mark.fault(99)
def test_logs_messages_and_items_expire(template: Template) -> None:
    """Data that never expires leaks one day."""
    for name, log_group in template.properties("AWS::Logs::LogGroup").items():
        assert 1 <= log_group["RetentionInDays"] <= 90, name
    for name, queue in template.properties("AWS::SQS::Queue").items():
        assert queue["MessageRetentionPeriod"] <= 14 * 86400, name
    for name, table in template.properties("AWS::DynamoDB::Table").items():
        assert table["TimeToLiveSpecification"] == {
            "AttributeName": "expires_at",
            "Enabled": True,
        }, name


@pytest.mark.fault(95)
@pytest.mark.parametrize("kind", DATA)
def test_every_removal_policy_is_explicit(
    prod: Template, template: Template, kind: str
) -> None:
    """Data of production survives its stack; a trial leaves nothing behind."""
    allowed = {("RetainExceptOnCreate", "Retain"), ("Delete", "Delete")}
    for name, resource in template.resources(kind).items():
        policies = resource["DeletionPolicy"], resource["UpdateReplacePolicy"]
        assert policies in allowed, name
    for name, resource in prod.resources(kind).items():
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name


@pytest.mark.fault(95)
def test_a_failed_first_deployment_can_be_rolled_back(template: Template) -> None:
    """A plain `Retain` would leave what it made behind, in the way of the next try."""
    for name, resource in template.body["Resources"].items():
        assert resource.get("DeletionPolicy") != "Retain", name


@pytest.mark.fault(95)
def test_tables_of_production_cannot_be_deleted(prod: Template, tmp_path: Path) -> None:
    """Without the jobs table a job could be submitted and paid twice.

    Only a first deployment leaves them unprotected, because protection would stop its
    rollback.
    """
    for name, table in prod.properties("AWS::DynamoDB::Table").items():
        assert table["DeletionProtectionEnabled"] is True, name

    first = Template.read(synthesize("prod", outdir=tmp_path, first_deployment=True))
    for name, table in first.properties("AWS::DynamoDB::Table").items():
        assert table["DeletionProtectionEnabled"] is False, name


def test_reads_of_data_buckets_are_logged(template: Template) -> None:
    """Who read a result is the first question after a leak."""
    logs, _ = template.named("AWS::S3::Bucket", "AccessLogs")
    for part in ("Inbox", "Results"):
        _, bucket = template.named("AWS::S3::Bucket", part)
        assert bucket["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": logs}


def test_a_secret_is_created_without_a_value(template: Template) -> None:
    """A value in the template would be in the repository and in logs, too."""
    memory, generated = template.named("AWS::SecretsManager::Secret", "Memory")
    assert generated["GenerateSecretString"]["PasswordLength"] == 64
    for name, secret in template.properties("AWS::SecretsManager::Secret").items():
        more = {"GenerateSecretString"} if name == memory else set()
        assert set(secret) == {"Description", "KmsKeyId"} | more, name
