"""Stack: wires the constructs together and grants; it owns nothing itself."""

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk.aws_logs import RetentionDays
from constructs import Construct

from functions.core.keys import CALLBACK_ITEM_PREFIX, RATE_LIMIT_ITEM_PREFIX
from infra import grants
from infra.api import Api
from infra.config import Stage
from infra.credentials import Credentials
from infra.failure_events import FailureEvents
from infra.function_environment import (
    provider_settings_json,
    set_environments,
)
from infra.functions import Functions
from infra.intake import Intake
from infra.observability import Observability
from infra.state_machine_role import grant_state_machine
from infra.storage import Storage
from infra.workflow import Workflow

#: What a job may take besides waiting: every task to its last retry, of which four
#: Downloads, one after the other, are the most.
_SLACK = Duration.hours(36)

LOG_RETENTION = {
    1: RetentionDays.ONE_DAY,
    7: RetentionDays.ONE_WEEK,
    30: RetentionDays.ONE_MONTH,
    90: RetentionDays.THREE_MONTHS,
    365: RetentionDays.ONE_YEAR,
}


class VerdictCourier(Stack):
    """One stage of Verdict Courier."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
    ) -> None:
        # Without analytics the CDK's command and a plain synth give one template.
        super().__init__(scope, construct_id, analytics_reporting=False)
        removal_policy = (
            RemovalPolicy.RETAIN if stage.retain_data else RemovalPolicy.DESTROY
        )
        log_retention = LOG_RETENTION[stage.log_retention_days]

        self.storage = Storage(
            self,
            "Storage",
            inbox_retention=Duration.days(stage.inbox_retention_days),
            results_retention=Duration.days(stage.results_retention_days),
            retention_days={
                name: known.data_retention_days
                for name, known in stage.providers.items()
            },
            removal_policy=removal_policy,
        )
        self.credentials = Credentials(
            self,
            "Credentials",
            providers=stage.providers,
            key=self.storage.key,
            removal_policy=removal_policy,
        )
        self.functions = Functions(
            self,
            "Functions",
            stage=stage.name,
            log_level=stage.log_level,
            debug_sample_rate=stage.debug_sample_rate,
            otel_layer_arn=stage.otel_layer_arn,
            log_retention=log_retention,
            reserved_concurrency=stage.reserved_concurrency,
            key=self.storage.key,
            removal_policy=removal_policy,
        )
        self.workflow = Workflow(
            self,
            "Workflow",
            functions=self.functions,
            topic=self.storage.notices,
            inbox=self.storage.inbox,
            batch_max_concurrency=stage.batch_max_concurrency,
            results=self.storage.results,
            key=self.storage.key,
            # A deadline counts anew from the moment the provider has the list.
            timeout=Duration.seconds(2 * stage.longest_deadline_seconds).plus(_SLACK),
            log_retention=log_retention,
            removal_policy=removal_policy,
        )
        self.intake = Intake(
            self,
            "Intake",
            inbox=self.storage.inbox,
            providers=stage.providers,
            function=self.functions.intake,
            max_concurrency=stage.intake_max_concurrency,
            key=self.storage.key,
            removal_policy=removal_policy,
        )
        self.reflection = FailureEvents(
            self,
            "Reflection",
            machine=self.workflow.state_machine,
            function=self.functions.finalize_execution,
            key=self.storage.key,
            removal_policy=removal_policy,
        )
        self.api = Api(
            self,
            "Api",
            stage=stage.name,
            types={name: known.types for name, known in stage.providers.items()},
            endings={name: one.extensions for name, one in stage.providers.items()},
            function=self.functions.api,
            webhook=self.functions.webhook,
            requests_per_second=stage.api_requests_per_second,
            burst=stage.api_burst,
            web_acl_arn=stage.web_acl_arn,
            key=self.storage.key,
            log_retention=log_retention,
            removal_policy=removal_policy,
        )
        self.observability = Observability(
            self,
            "Observability",
            stage=stage.name,
            deadline_seconds=stage.longest_deadline_seconds,
            functions=self.functions.all,
            machine=self.workflow.state_machine,
            machine_logs=self.workflow.log_group,
            queue=self.intake.queue,
            dead_letters={
                "intake": self.intake.dead_letters,
                "finalize_execution": self.reflection.dead_letters,
            },
            runbook_url=stage.runbook_url,
            key=self.storage.key,
            removal_policy=removal_policy,
        )
        set_environments(
            self.functions,
            storage=self.storage,
            machine=self.workflow.state_machine,
            providers=provider_settings_json(self, stage.providers, self.credentials),
            jobs_retention_days=stage.jobs_retention_days,
        )
        self._grant()
        self._grant_the_front()
        self._publish()

    def _grant(self) -> None:
        f = self.functions
        key, jobs = self.storage.key, self.storage.jobs
        inbox, results = self.storage.inbox, self.storage.results

        machine = self.workflow.state_machine
        machine.grant_start_execution(f.intake)
        steps = (f.submit, f.check, f.listen, f.download, f.prepare, f.gather)
        grant_state_machine(
            machine, *steps, f.manifest, f.conclude, inbox=inbox, key=key
        )

        grants.read_source(f.submit, inbox=inbox, key=key)
        grants.read_source(f.prepare, inbox=inbox, key=key)
        grants.write_batches(f.prepare, inbox=inbox, key=key)
        grants.read_batches(f.gather, inbox=inbox, key=key)
        grants.upload_results(f.gather, results=results, key=key)
        grants.upload_results(f.download, results=results, key=key)
        grants.put_results(f.manifest, results=results, key=key)

        waits = self.storage.waits
        grants.use_table(f.submit, "GetItem", "UpdateItem", table=jobs, key=key)
        grants.use_items(
            f.submit, "UpdateItem", table=waits, named=RATE_LIMIT_ITEM_PREFIX, key=key
        )
        for waiting in (f.listen, f.webhook):
            grants.use_items(
                waiting,
                "GetItem",
                "UpdateItem",
                table=waits,
                named=CALLBACK_ITEM_PREFIX,
                key=key,
            )
            grants.send_task_success(waiting, machine=machine, key=key)
        grants.use_table(f.check, "UpdateItem", table=jobs, key=key)
        grants.use_table(f.conclude, "GetItem", "UpdateItem", table=jobs, key=key)

        for secret in self.credentials.secrets.values():
            secret.grant_read(f.submit)
            secret.grant_read(f.check)
            secret.grant_read(f.download)
        for secret in self.credentials.webhooks.values():
            secret.grant_read(f.webhook)

    def _grant_the_front(self) -> None:
        api, reflect = self.functions.api, self.functions.finalize_execution
        key, jobs = self.storage.key, self.storage.jobs
        machine = self.workflow.state_machine

        machine.grant_start_execution(api)
        grants.use_executions(
            api,
            "DescribeExecution",
            "GetExecutionHistory",
            "StopExecution",
            machine=machine,
            key=key,
        )
        grants.use_table(api, "GetItem", "UpdateItem", table=jobs, key=key)
        grants.list_jobs(api, table=jobs)
        grants.presign_results(api, results=self.storage.results, key=key)
        grants.presign_uploads(
            api,
            inbox=self.storage.inbox,
            providers=self.credentials.secrets,
            key=key,
        )

        grants.use_executions(
            reflect,
            "DescribeExecution",
            "GetExecutionHistory",
            machine=machine,
            key=key,
        )
        grants.use_table(reflect, "GetItem", "UpdateItem", table=jobs, key=key)
        grants.publish_notices(reflect, topic=self.storage.notices, key=key)
        grants.send_dead_letters(reflect, queue=self.reflection.dead_letters, key=key)

    def _publish(self) -> None:
        outputs = {
            "InboxBucket": self.storage.inbox.bucket_name,
            "ResultsBucket": self.storage.results.bucket_name,
            "JobsTable": self.storage.jobs.table_name,
            "NoticesTopicArn": self.storage.notices.topic_arn,
            "OperationsTopicArn": self.observability.operations.topic_arn,
            "StateMachineArn": self.workflow.state_machine.state_machine_arn,
            "IntakeQueueUrl": self.intake.queue.queue_url,
            "DeadLetterQueueUrl": self.intake.dead_letters.queue_url,
            "ReflectDeadLetterQueueUrl": self.reflection.dead_letters.queue_url,
            "ApiUrl": self.api.rest.url,
            "DataKeyArn": self.storage.key.key_arn,
        }
        for provider, secret in self.credentials.secrets.items():
            outputs[f"{provider.capitalize()}SecretArn"] = secret.secret_arn
        for provider, secret in self.credentials.webhooks.items():
            outputs[f"{provider.capitalize()}WebhookSecretArn"] = secret.secret_arn
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
