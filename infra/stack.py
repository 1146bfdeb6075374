"""Stack: connect the constructs; it has no resources of its own."""

import math

from aws_cdk import Duration, RemovalPolicy, Stack
from constructs import Construct

from infra.api import Api
from infra.config import LOCAL, Stage
from infra.credentials import Credentials
from infra.failure_events import FailureEvents
from infra.function_environment import (
    provider_settings_json,
    set_environments,
)
from infra.functions import Functions
from infra.intake import Intake
from infra.log_retention import LOG_RETENTION
from infra.notice_forwarding import NoticeForwarding
from infra.observability import Observability
from infra.outputs import add_outputs
from infra.rights import Rights
from infra.storage import Storage
from infra.sweep_schedule import SweepSchedule
from infra.workflow import Workflow

#: How long all tasks of a job may take together, each with all of its retries. Most of
#: it is for four Downloads, one after the other.
_TASKS_TIMEOUT = Duration.hours(36)


class VerdictCourier(Stack):
    """One stage of Verdict Courier.

    Where `protected` is false, nothing keeps the tables from being deleted, so that a
    first deployment that fails can be rolled back.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        protected: bool = True,
    ) -> None:
        # With analytics the template would depend on how the synth was started.
        super().__init__(scope, construct_id, analytics_reporting=False)
        removal_policy = (
            # What a first deployment made before it failed is deleted again.
            RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if stage.retain_data
            else RemovalPolicy.DESTROY
        )
        log_retention = LOG_RETENTION[stage.log_retention_days]

        self.storage = Storage(
            self,
            "Storage",
            inbox_retention=Duration.days(stage.inbox_retention_days),
            results_retention=Duration.days(stage.results_retention_days),
            provider_retention_days={
                name: provider.data_retention_days
                for name, provider in stage.providers.items()
            },
            removal_policy=removal_policy,
            deletion_protection=stage.retain_data and protected,
        )
        self.credentials = Credentials(
            self,
            "Credentials",
            providers=stage.providers,
            notice_receivers=stage.notice_receivers,
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
            api_snap_start=stage.api_snap_start,
            forwards_notices=bool(stage.notice_receivers),
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
            log_level=stage.state_machine_log,
            results=self.storage.results,
            key=self.storage.key,
            # A job may wait for one deadline before its submission, and for one after;
            # before both for approval. The requests of a batch wait for their slots
            # besides.
            timeout=Duration.seconds(
                2 * stage.longest_deadline_seconds
                + math.ceil(stage.longest_sending_seconds)
            )
            .plus(Duration.days(stage.longest_approval_days))
            .plus(_TASKS_TIMEOUT),
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
        self.failure_events = FailureEvents(
            self,
            "Reflection",  # the name of earlier releases keeps the resources' ids
            machine=self.workflow.state_machine,
            function=self.functions.finalize_execution,
            key=self.storage.key,
            removal_policy=removal_policy,
        )
        self.sweep_schedule = SweepSchedule(
            self,
            "SweepSchedule",
            function=self.functions.sweep,
            key=self.storage.key,
            removal_policy=removal_policy,
        )
        self.notice_forwarding = (
            NoticeForwarding(
                self,
                "NoticeForwarding",
                receivers=stage.notice_receivers,
                secrets=self.credentials.receivers,
                loopback=stage.name == LOCAL,
                topic=self.storage.notices,
                function=self.functions.forward_notice,
                key=self.storage.key,
                removal_policy=removal_policy,
            )
            if self.functions.forward_notice
            else None
        )
        self.api = Api(
            self,
            "Api",
            stage=stage.name,
            types={name: provider.types for name, provider in stage.providers.items()},
            extensions={
                name: provider.extensions for name, provider in stage.providers.items()
            },
            function=self.functions.api_entry,
            webhook_function=self.functions.webhook,
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
                "finalize_execution": self.failure_events.dead_letters,
                "sweep": self.sweep_schedule.dead_letters,
                **(
                    {"forward_notice": self.notice_forwarding.dead_letters}
                    if self.notice_forwarding
                    else {}
                ),
            },
            runbook_url=stage.runbook_url,
            key=self.storage.key,
            removal_policy=removal_policy,
        )
        set_environments(
            self.functions,
            storage=self.storage,
            credentials=self.credentials,
            machine=self.workflow.state_machine,
            providers=provider_settings_json(self, stage.providers, self.credentials),
            jobs_retention_days=stage.jobs_retention_days,
            show_file_names=stage.show_file_names,
            spreadsheet_safe=stage.spreadsheet_safe,
        )
        Rights(
            functions=self.functions,
            storage=self.storage,
            credentials=self.credentials,
            machine=self.workflow.state_machine,
            intake=self.intake,
            failure_events=self.failure_events,
            sweep_schedule=self.sweep_schedule,
            notice_forwarding=self.notice_forwarding,
        ).grant()
        add_outputs(
            self,
            storage=self.storage,
            credentials=self.credentials,
            workflow=self.workflow,
            intake=self.intake,
            failure_events=self.failure_events,
            sweep_schedule=self.sweep_schedule,
            notice_forwarding=self.notice_forwarding,
            observability=self.observability,
            api=self.api,
        )
