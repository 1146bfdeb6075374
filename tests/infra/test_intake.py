"""How the news of a list comes in: from the inbox only, and never lost."""

import pytest

from tests.infra.template import Template, text


@pytest.mark.fault(11)
def test_only_the_inbox_is_listened_to(template: Template) -> None:
    """A result that started a job would start another, and each is paid for."""
    inbox, _ = template.named("AWS::S3::Bucket", "Inbox")
    results, _ = template.named("AWS::S3::Bucket", "Results")
    _, rule = template.named("AWS::Events::Rule", "Intake")

    pattern = rule["EventPattern"]
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail-type"] == ["Object Created"]
    assert pattern["detail"]["bucket"]["name"] == [{"Ref": inbox}]
    assert pattern["detail"]["object"]["key"] == [
        {"prefix": "ipqs/"},
        {"prefix": "txncheck/"},  # and not batches/, where Prepare writes
    ]

    announcing = {
        name
        for name, bucket in template.properties("AWS::S3::Bucket").items()
        if "NotificationConfiguration" in bucket
    }
    assert announcing == {inbox}
    assert inbox != results


def test_the_inbox_announces_without_code_of_the_cdk(template: Template) -> None:
    """Only our twelve functions run; the CDK's would have rights on every bucket."""
    _, inbox = template.named("AWS::S3::Bucket", "Inbox")

    assert inbox["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    assert len(template.resources("AWS::Lambda::Function")) == 12


@pytest.mark.fault(13)
def test_what_cannot_be_taken_in_is_kept(template: Template) -> None:
    """Five tries, then two weeks for a person to look at it and replay it."""
    dead_letters, kept = template.named("AWS::SQS::Queue", "IntakeDeadLetters")
    _, queue = template.named("AWS::SQS::Queue", "IntakeQueue")
    _, rule = template.named("AWS::Events::Rule", "Intake")

    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert (
        text(queue["RedrivePolicy"]["deadLetterTargetArn"]) == f"<{dead_letters}.Arn>"
    )
    assert kept["MessageRetentionPeriod"] == 14 * 86400
    (target,) = rule["Targets"]
    assert text(target["DeadLetterConfig"]["Arn"]) == f"<{dead_letters}.Arn>"


def test_a_batch_in_work_is_not_handed_out_again(template: Template) -> None:
    """AWS' rule: six times the function's timeout."""
    _, queue = template.named("AWS::SQS::Queue", "IntakeQueue")

    assert queue["VisibilityTimeout"] >= 6 * template.functions()["intake"]["Timeout"]


@pytest.mark.fault(100)
def test_one_bad_event_does_not_hold_up_its_batch(template: Template) -> None:
    """The function names what failed; SQS hands out only that again."""
    (mapping,) = template.properties("AWS::Lambda::EventSourceMapping").values()

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10


def test_a_flood_of_uploads_leaves_room_for_jobs_in_work(prod: Template) -> None:
    """SQS takes no more of the function than is reserved for it, so none is refused."""
    (mapping,) = prod.properties("AWS::Lambda::EventSourceMapping").values()
    reserved = prod.functions()["intake"]["ReservedConcurrentExecutions"]

    assert mapping["ScalingConfig"]["MaximumConcurrency"] <= reserved


def test_events_may_use_the_key_of_the_queue(template: Template) -> None:
    """Without it EventBridge drops the news of a list, and nobody is told."""
    (key,) = template.properties("AWS::KMS::Key").values()
    granted = {
        action
        for statement in key["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
        for action in statement["Action"]
    }

    assert {"kms:Decrypt", "kms:GenerateDataKey*"} <= granted
