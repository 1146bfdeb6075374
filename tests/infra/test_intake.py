"""Uploads to the inbox, and only these, reach the intake function."""

import pytest

from tests.infra.template import Template, text


@pytest.mark.fault(11)
def test_only_uploads_to_the_inbox_start_jobs(template: Template) -> None:
    """A result that started a job would start an endless chain of paid jobs."""
    inbox, _ = template.named("AWS::S3::Bucket", "Inbox")
    results, _ = template.named("AWS::S3::Bucket", "Results")
    _, rule = template.named("AWS::Events::Rule", "Intake")

    pattern = rule["EventPattern"]
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail-type"] == ["Object Created"]
    assert pattern["detail"]["bucket"]["name"] == [{"Ref": inbox}]
    assert pattern["detail"]["object"]["key"] == [
        {"prefix": "ipqs/"},
        {"prefix": "txncheck/"},  # not batches/, where Prepare writes
    ]

    with_events = {
        name
        for name, bucket in template.properties("AWS::S3::Bucket").items()
        if "NotificationConfiguration" in bucket
    }
    assert with_events == {inbox}
    assert inbox != results


def test_the_inbox_sends_events_without_code_of_the_cdk(template: Template) -> None:
    """The CDK's own function would have rights on every bucket."""
    _, inbox = template.named("AWS::S3::Bucket", "Inbox")

    assert inbox["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    assert len(template.resources("AWS::Lambda::Function")) == 17


@pytest.mark.fault(13)
def test_an_event_that_cannot_be_handled_is_kept(template: Template) -> None:
    """After five attempts it waits two weeks for a person to redrive it."""
    queue_id, dead_letters = template.named("AWS::SQS::Queue", "IntakeDeadLetters")
    _, queue = template.named("AWS::SQS::Queue", "IntakeQueue")
    _, rule = template.named("AWS::Events::Rule", "Intake")

    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert text(queue["RedrivePolicy"]["deadLetterTargetArn"]) == f"<{queue_id}.Arn>"
    assert dead_letters["MessageRetentionPeriod"] == 14 * 86400
    (target,) = rule["Targets"]
    assert text(target["DeadLetterConfig"]["Arn"]) == f"<{queue_id}.Arn>"


def test_messages_in_work_stay_hidden(template: Template) -> None:
    """AWS advises six times the function's time-out."""
    _, queue = template.named("AWS::SQS::Queue", "IntakeQueue")

    assert queue["VisibilityTimeout"] >= 6 * template.functions()["intake"]["Timeout"]


@pytest.mark.fault(100)
def test_one_bad_event_does_not_repeat_the_others(template: Template) -> None:
    """The function reports what failed, and SQS delivers only that again."""
    mapping = template.only("AWS::Lambda::EventSourceMapping")

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10


def test_a_burst_of_uploads_causes_no_throttling(prod: Template) -> None:
    """SQS calls the function at most as often at once as is reserved for it."""
    mapping = prod.only("AWS::Lambda::EventSourceMapping")
    reserved = prod.functions()["intake"]["ReservedConcurrentExecutions"]

    assert mapping["ScalingConfig"]["MaximumConcurrency"] <= reserved


def test_eventbridge_may_use_the_key_of_the_queue(template: Template) -> None:
    """Without that right EventBridge would drop events silently."""
    key = template.only("AWS::KMS::Key")
    granted = {
        action
        for statement in key["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
        for action in statement["Action"]
    }

    assert {"kms:Decrypt", "kms:GenerateDataKey*"} <= granted
