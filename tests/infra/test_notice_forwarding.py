"""Receivers of notices are deployed where the settings name some, and only there."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from functions.core.keys import ENV_NOTICE_RECEIVERS
from functions.core.notice_receivers import NoticeReceiver, receivers_by_queue
from functions.core.settings_parser import ConfigError
from functions.forward_notice import SECONDS
from infra import config
from infra.bundling import LAMBDA, bundle_notices
from infra.stack import VerdictCourier
from tests.infra.alarm_state import AlarmState
from tests.infra.alarms import state_at
from tests.infra.template import Template, text
from tests.infra.test_alarms import NOW, dead_letter

CRM = "https://crm.example.com/hook"
RECEIVERS = {
    "crm": {"format": "standard-webhooks", "url": CRM},
    "team": {"format": "slack"},
}


def stage(name: str, receivers: Mapping[str, Any]) -> config.Stage:
    """Return a stage with receivers."""
    settings = copy.deepcopy(config.context()["courier"])
    settings["stages"][name]["notice_receivers"] = receivers
    return config.stage(name, settings)


@pytest.fixture(scope="module")
def forwarding(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the template of production with two receivers, which cdk-nag accepts."""
    app = App(
        context=config.context(), outdir=str(tmp_path_factory.mktemp("receivers"))
    )
    VerdictCourier(app, "Receivers", stage=stage("prod", RECEIVERS))
    Validations.of(app).add_plugins(AwsSolutionsChecks(), ServerlessChecks())
    return Template.read(Path(app.synth().directory))


def test_nothing_of_it_is_deployed_without_receivers(template: Template) -> None:
    """Who needs none pays for none: no function, no queue, no secret."""
    parts = ("Forward", "Receiver")

    assert not [n for n in template.body["Resources"] if any(p in n for p in parts)]


def test_the_function_knows_the_receiver_of_each_queue(forwarding: Template) -> None:
    """A message does not say for whom it is; the queue from which it comes does."""
    variable = text(forwarding.environment("forward_notice")[ENV_NOTICE_RECEIVERS])
    receivers = receivers_by_queue(variable)

    secrets = forwarding.resources("AWS::SecretsManager::Secret")
    crm, team = (
        f"<{next(n for n in secrets if part in n)}>"
        for part in ("CrmReceiver", "TeamReceiver")
    )
    assert [*receivers.values()] == [
        NoticeReceiver(format="standard-webhooks", url=CRM, secret=crm),
        NoticeReceiver(format="slack", secret=team),
    ]
    sources = {
        text(mapping["EventSourceArn"])
        for name, mapping in forwarding.properties(
            "AWS::Lambda::EventSourceMapping"
        ).items()
        if "ForwardNotice" in name
    }
    assert sources == set(receivers)


def test_every_notice_reaches_every_queue(forwarding: Template) -> None:
    """A queue that SNS may not write to, or a key it may not use, drops notices."""
    topic, _ = forwarding.named("AWS::SNS::Topic", "Notices")
    letters, _ = forwarding.named("AWS::SQS::Queue", "ForwardingDeadLetters")
    subscriptions = forwarding.properties("AWS::SNS::Subscription").values()

    queues = {text(subscription["Endpoint"]) for subscription in subscriptions}
    assert len(queues) == len(RECEIVERS)
    for subscription in subscriptions:
        assert subscription["TopicArn"] == {"Ref": topic}
        redrive = subscription["RedrivePolicy"]["deadLetterTargetArn"]
        assert text(redrive) == f"<{letters}.Arn>"
    writable = {
        text(statement["Resource"])
        for policy in forwarding.properties("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "sns.amazonaws.com"}
        and text(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == f"<{topic}>"
    }
    assert writable == {*queues, f"<{letters}.Arn>"}
    (statement,) = (
        statement
        for statement in forwarding.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "sns.amazonaws.com"}
    )
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert text(statement["Condition"]["ArnLike"]["aws:SourceArn"]).endswith(
        ":sns:<AWS::Region>:<AWS::AccountId>:Receivers-*"
    )


def test_a_notice_is_sent_again_for_hours(forwarding: Template) -> None:
    """A receiver may be out of order for an evening; then a person is told."""
    letters, _ = forwarding.named("AWS::SQS::Queue", "ForwardingDeadLetters")
    function = forwarding.functions()["forward_notice"]

    for name, queue in forwarding.properties("AWS::SQS::Queue").items():
        if not name.startswith("NoticeForwarding") or name == letters:
            continue
        redrive = queue["RedrivePolicy"]
        assert text(redrive["deadLetterTargetArn"]) == f"<{letters}.Arn>"
        hours = redrive["maxReceiveCount"] * queue["VisibilityTimeout"] / 3600
        assert 5 < hours < 24
        # AWS advises six times the function's time-out.
        assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    for name, mapping in forwarding.properties(
        "AWS::Lambda::EventSourceMapping"
    ).items():
        if "ForwardNotice" in name:
            assert mapping["BatchSize"] == 1
            assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert function["Timeout"] > SECONDS + 5


def test_a_notice_that_nobody_accepts_raises_an_alarm(forwarding: Template) -> None:
    """Dead letters that nobody looks at are lost after two weeks."""
    _, alarm = forwarding.named("AWS::CloudWatch::Alarm", "DeadLettersOfForwardNotice")
    letter = dead_letter("ForwardNoticeDeadLetterQueueUrl")(forwarding)

    assert state_at(NOW, alarm, []) is AlarmState.OK
    assert state_at(NOW, alarm, [*letter]) is AlarmState.ALARM


def test_the_function_reads_its_queues_and_secrets_only(forwarding: Template) -> None:
    """Whoever gets hold of its role can neither publish nor read data of jobs."""
    rights = forwarding.rights(forwarding.role("forward_notice"))

    used = {(action.partition(":")[0], resource) for action, resource in rights}
    assert {action for action, _ in rights} == {
        "kms:Decrypt",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:GetSecretValue",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    assert len({r for service, r in used if service == "sqs"}) == len(RECEIVERS)
    assert {r for s, r in used if s == "secretsmanager"} == {
        f"<{name}>"
        for name in forwarding.resources("AWS::SecretsManager::Secret")
        if "Receiver" in name
    }


def test_only_its_asset_has_the_library_that_signs(forwarding: Template) -> None:
    """All other functions stay as small as they were."""
    codes = [str(each["Code"]) for each in forwarding.functions().values()]
    asset = bundle_notices(LAMBDA)

    assert codes.count(str(forwarding.functions()["forward_notice"]["Code"])) == 1
    assert len({*codes}) == 3
    assert (asset / "standardwebhooks" / "webhooks.py").is_file()
    assert (asset / "functions" / "forward_notice.py").is_file()


@pytest.mark.parametrize(
    ("receiver", "message"),
    [
        ({"format": "xml"}, "format: must be one of"),
        ({"format": "standard-webhooks"}, "url: must begin with https://"),
        (
            {"format": "standard-webhooks", "url": "http://crm.example.com"},
            "url: must begin with https://",
        ),
        ({"format": "slack", "url": CRM}, "url: belongs into the secret"),
        (
            {"format": "slack", "secret": "x"},
            "the deployment sets secret and loopback",
        ),
        (
            {"format": "standard-webhooks", "url": CRM, "loopback": True},
            "the deployment sets secret and loopback",
        ),
    ],
)
def test_a_receiver_that_cannot_work_is_refused(
    receiver: Mapping[str, Any], message: str
) -> None:
    """At the synth, with the name of the setting."""
    with pytest.raises(ConfigError, match=f"notice_receivers.crm.*{message}"):
        stage("prod", {"crm": receiver})


def test_the_name_of_a_receiver_is_part_of_logical_ids() -> None:
    """Two names that CloudFormation cannot tell apart would be one resource."""
    with pytest.raises(ConfigError, match="small letters and digits"):
        stage("prod", {"our-crm": RECEIVERS["crm"]})


def test_only_the_local_stage_sends_without_tls() -> None:
    """There is no certificate for this machine."""
    receiver = {"format": "standard-webhooks", "url": "http://127.0.0.1:1/hook"}

    assert stage("local", {"crm": receiver}).notice_receivers
