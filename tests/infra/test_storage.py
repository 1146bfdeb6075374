"""What is stored: apart, encrypted, bounded in time and kept on purpose."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.template import Json, Template, text

BUCKETS = ("Inbox", "Results", "AccessLogs")
KEY_PROPERTY = {
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
}
# Holds what somebody would miss, or would be asked for, after a stack is gone.
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
    """Return the key's ARN, as references to it read."""
    (name,) = template.resources("AWS::KMS::Key")
    return f"<{name}.Arn>"


def test_the_key_rotates_and_can_be_saved_for_a_month(template: Template) -> None:
    """A key deleted by mistake takes every result with it."""
    (key,) = template.properties("AWS::KMS::Key").values()

    assert key["EnableKeyRotation"] is True
    assert key["PendingWindowInDays"] == 30


@pytest.mark.parametrize("kind", KEY_PROPERTY)
def test_everything_that_holds_data_has_our_key(template: Template, kind: str) -> None:
    """Whoever may not use the key reads nothing, whatever else a policy says."""
    for name, properties in template.properties(kind).items():
        assert text(properties[KEY_PROPERTY[kind]]) == the_key(template), name


def test_logs_may_use_the_key_for_this_stack_only(template: Template) -> None:
    """Without it no log group can be made; without the condition, any group's data."""
    (key,) = template.properties("AWS::KMS::Key").values()
    (statement,) = (
        statement
        for statement in key["KeyPolicy"]["Statement"]
        if "logs.<AWS::Region>" in service(statement)
    )

    ((_, group),) = statement["Condition"]["ArnLike"].items()
    assert ":log-group:VerdictCourier-" in text(group)


def service(statement: Json) -> str:
    """Return the service that a statement is for, or nothing."""
    return text(statement["Principal"].get("Service", ""))


@pytest.mark.parametrize(("part", "key"), [("Jobs", "job_id"), ("Waits", "wait_id")])
def test_a_table_has_our_key_and_a_way_back(
    template: Template, part: str, key: str
) -> None:
    """One says what was paid for, the other holds the tokens of waits."""
    _, table = template.named("AWS::DynamoDB::Table", part)

    assert text(table["SSESpecification"]["KMSMasterKeyId"]) == the_key(template)
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]


@pytest.mark.parametrize("part", ["Inbox", "Results"])
def test_lists_and_results_have_our_key(template: Template, part: str) -> None:
    """With a bucket key, so that a thousand parts do not make a thousand calls."""
    _, bucket = template.named("AWS::S3::Bucket", part)
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["BucketKeyEnabled"] is True
    default = rule["ServerSideEncryptionByDefault"]
    assert default["SSEAlgorithm"] == "aws:kms"
    assert text(default["KMSMasterKeyID"]) == the_key(template)


@pytest.mark.parametrize("part", BUCKETS)
def test_a_bucket_is_private_and_versioned(template: Template, part: str) -> None:
    """A list of people's addresses is not public, nor gone by one wrong put."""
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
def test_only_tls_is_answered(
    template: Template, kind: str, owners: str, service: str
) -> None:
    """Signed requests over plain http would show the data to the network."""
    policies = template.properties(kind).values()

    assert len(policies) == len(template.resources(owners))
    for policy in policies:
        assert any(
            refuses_plain_http(statement, service)
            for statement in policy["PolicyDocument"]["Statement"]
        )


def refuses_plain_http(statement: Json, service: str) -> bool:
    """Say whether a statement denies a service's calls without TLS."""
    return (
        statement["Effect"] == "Deny"
        and str(statement["Action"]).lower().startswith(f"{service}:")
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    )


@pytest.mark.fault(74)
@pytest.mark.parametrize("part", BUCKETS)
def test_orphaned_parts_are_gone_after_a_day(template: Template, part: str) -> None:
    """A killed upload leaves parts that nobody sees and everybody pays."""
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
    """Old versions too: a deleted list that is still there is not deleted."""
    _, bucket = prod.named("AWS::S3::Bucket", part)
    (rule,) = (rule for rule in lifecycle(bucket) if "Prefix" not in rule)

    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == days
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}


@pytest.mark.fault(99)
@pytest.mark.parametrize("part", ["Inbox", "Results"])
def test_what_is_personal_by_its_nature_goes_after_a_week(
    prod: Template, part: str
) -> None:
    """Nobody else's lists or results: a rule for all would take theirs along.

    A day after it expired, what has become an old version is gone, too.
    """
    _, bucket = prod.named("AWS::S3::Bucket", part)

    sooner = {rule["Prefix"]: rule for rule in lifecycle(bucket) if "Prefix" in rule}
    assert set(sooner) == {"txncheck/", "batches/txncheck/"}
    for rule in sooner.values():
        assert rule["Status"] == "Enabled"
        assert rule["ExpirationInDays"] == 7
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
        assert "TagFilters" not in rule


def test_a_rule_that_would_keep_data_longer_is_not_made(
    assembly: Callable[[str], Path],
) -> None:
    """The local stack keeps everything for a day: a week is no promise there."""
    local = Template.read(assembly("local"))

    for part in ("Inbox", "Results"):
        _, bucket = local.named("AWS::S3::Bucket", part)
        assert [rule["ExpirationInDays"] for rule in lifecycle(bucket)] == [1]


def lifecycle(bucket: Json) -> list[Json]:
    """Return the rules by which a bucket's objects expire."""
    rules: list[Json] = bucket["LifecycleConfiguration"]["Rules"]
    return rules


@pytest.mark.fault(99)
def test_every_log_and_message_and_job_expires(template: Template) -> None:
    """A store without an end is a leak that waits."""
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
def test_removal_is_decided(prod: Template, template: Template, kind: str) -> None:
    """Production survives the loss of its stack; a trial leaves nothing behind."""
    for name, resource in template.resources(kind).items():
        assert resource["DeletionPolicy"] in {"Retain", "Delete"}, name
        assert resource["UpdateReplacePolicy"] == resource["DeletionPolicy"], name
    for name, resource in prod.resources(kind).items():
        assert resource["DeletionPolicy"] == "Retain", name


@pytest.mark.fault(95)
def test_the_ledger_of_production_cannot_be_deleted(prod: Template) -> None:
    """Without it a job that was paid for would be paid for again."""
    for name, table in prod.properties("AWS::DynamoDB::Table").items():
        assert table["DeletionProtectionEnabled"] is True, name


def test_reads_of_lists_and_results_are_recorded(template: Template) -> None:
    """Who read a result is the first question after a leak."""
    logs, _ = template.named("AWS::S3::Bucket", "AccessLogs")
    for part in ("Inbox", "Results"):
        _, bucket = template.named("AWS::S3::Bucket", part)
        assert bucket["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": logs}


def test_a_secret_is_created_without_a_value(template: Template) -> None:
    """What is in a template is in a repository, a log and somebody's mail."""
    for name, secret in template.properties("AWS::SecretsManager::Secret").items():
        assert set(secret) == {"Description", "KmsKeyId"}, name
