"""Outputs: name what a deployed stack has, for people and for scripts."""

from aws_cdk import CfnOutput, Stack

from infra.api import Api
from infra.credentials import Credentials
from infra.failure_events import FailureEvents
from infra.intake import Intake
from infra.notice_forwarding import NoticeForwarding
from infra.observability import Observability
from infra.storage import Storage
from infra.sweep_schedule import SweepSchedule
from infra.workflow import Workflow


def add_outputs(
    stack: Stack,
    *,
    storage: Storage,
    credentials: Credentials,
    workflow: Workflow,
    intake: Intake,
    failure_events: FailureEvents,
    sweep_schedule: SweepSchedule,
    notice_forwarding: NoticeForwarding | None,
    observability: Observability,
    api: Api,
) -> None:
    """Print what people and scripts need to know of a deployed stack."""
    outputs = {
        "InboxBucket": storage.inbox.bucket_name,
        "ResultsBucket": storage.results.bucket_name,
        "AccessLogsBucket": storage.access_logs.bucket_name,
        "JobsTable": storage.jobs.table_name,
        "NoticesTopicArn": storage.notices.topic_arn,
        "OperationsTopicArn": observability.operations.topic_arn,
        "StateMachineArn": workflow.state_machine.state_machine_arn,
        "IntakeQueueUrl": intake.queue.queue_url,
        "DeadLetterQueueUrl": intake.dead_letters.queue_url,
        # Operators' scripts know this output by the name of earlier releases.
        "ReflectDeadLetterQueueUrl": failure_events.dead_letters.queue_url,
        "SweepDeadLetterQueueUrl": sweep_schedule.dead_letters.queue_url,
        "ApiUrl": api.rest.url,
        "DataKeyArn": storage.key.key_arn,
    }
    for provider, secret in credentials.secrets.items():
        outputs[f"{provider.capitalize()}SecretArn"] = secret.secret_arn
    for provider, secret in credentials.webhooks.items():
        outputs[f"{provider.capitalize()}WebhookSecretArn"] = secret.secret_arn
    if notice_forwarding:
        queue_url = notice_forwarding.dead_letters.queue_url
        outputs["ForwardNoticeDeadLetterQueueUrl"] = queue_url
    for receiver, secret in credentials.receivers.items():
        outputs[f"{receiver.capitalize()}ReceiverSecretArn"] = secret.secret_arn
    for name, value in outputs.items():
        CfnOutput(stack, name, value=value)
