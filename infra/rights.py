"""Rights: allow each function what it needs, in one place."""

from dataclasses import dataclass

from aws_cdk import aws_stepfunctions as sfn

from functions.core.keys import (
    APPROVAL_ITEM_PREFIX,
    BATCHES_PREFIX,
    CALLBACK_ITEM_PREFIX,
    CHECK_ITEM_PREFIX,
    IDEMPOTENCY_ITEM_PREFIX,
    JOBS_BY_MONTH,
    LATE_CHECKS,
    RATE_LIMIT_ITEM_PREFIX,
)
from functions.core.provider_settings import PROVIDERS
from infra.credentials import Credentials
from infra.failure_events import FailureEvents
from infra.functions import Functions
from infra.grants import Grants
from infra.intake import Intake
from infra.notice_forwarding import NoticeForwarding
from infra.state_machine_role import grant_state_machine
from infra.storage import Storage
from infra.sweep_schedule import SweepSchedule


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What has rights, and what they are on."""

    functions: Functions
    storage: Storage
    credentials: Credentials
    machine: sfn.StateMachine
    intake: Intake
    failure_events: FailureEvents
    sweep_schedule: SweepSchedule
    notice_forwarding: NoticeForwarding | None

    def grant(self) -> None:
        """Grant every right of the stack's functions, and of its state machine."""
        self._grant_workflow()
        self._grant_api()
        self._grant_finalize_execution()
        self._grant_sweep()
        if self.notice_forwarding:
            self._grant_forward_notice(self.notice_forwarding)

    @property
    def _grants(self) -> Grants:
        return Grants(self.storage.key)

    def _grant_workflow(self) -> None:
        functions, storage, grants = self.functions, self.storage, self._grants
        machine = self.machine

        grants.receive_messages(functions.intake, self.intake.queue)
        machine.grant_start_execution(functions.intake)
        grant_state_machine(
            machine, *functions.tasks, inbox=storage.inbox, key=storage.key
        )

        grants.read_source(functions.submit, storage.inbox)
        grants.read_source(functions.prepare, storage.inbox)
        grants.list_versions(functions.prepare, storage.inbox)
        grants.write_batches(functions.prepare, storage.inbox)
        # A retry looks which requests have ended, and how an earlier try split them.
        grants.read_batches(functions.prepare, storage.inbox)
        grants.read_batches(functions.gather, storage.inbox)
        grants.write_batches(functions.gather, storage.inbox)
        grants.write_results_in_parts(functions.gather, storage.results)
        grants.read_work_files(functions.join, storage.inbox)
        grants.write_results_in_parts(functions.join, storage.results)
        grants.write_results_in_parts(functions.download, storage.results)
        grants.write_results(functions.manifest, storage.results)
        for function in (functions.submit, functions.check):
            grants.write_errors(function, storage.results)
        grants.access_table(functions.manifest, storage.jobs, "GetItem")
        grants.access_table(functions.begin, storage.jobs, "GetItem", "UpdateItem")
        grants.access_table(functions.submit, storage.jobs, "GetItem", "UpdateItem")
        grants.access_table(functions.check, storage.jobs, "UpdateItem")
        grants.access_table(functions.prepare, storage.jobs, "GetItem", "UpdateItem")
        grants.access_table(functions.conclude, storage.jobs, "GetItem", "UpdateItem")
        grants.access_items(
            functions.submit,
            storage.waits,
            "GetItem",
            "UpdateItem",
            prefix=RATE_LIMIT_ITEM_PREFIX,
        )
        for function in (functions.listen, functions.webhook):
            grants.access_items(
                function,
                storage.waits,
                "GetItem",
                "UpdateItem",
                prefix=CALLBACK_ITEM_PREFIX,
            )
            grants.send_task_success(function, machine)
        grants.access_table(functions.approve, storage.jobs, "GetItem", "UpdateItem")
        grants.publish_notices(functions.approve, storage.notices)
        prefix = APPROVAL_ITEM_PREFIX
        grants.access_items(
            functions.approve, storage.waits, "GetItem", "UpdateItem", prefix=prefix
        )
        grants.access_items(functions.api, storage.waits, "GetItem", prefix=prefix)
        for function in (functions.approve, functions.api):
            grants.send_task_success(function, machine)

        for function, action in (
            (functions.prepare, "BatchGetItem"),
            (functions.join, "BatchWriteItem"),
        ):
            grants.access_table(function, storage.verdicts, action)
            grants.read_secret(function, self.credentials.memory)

        for provider, secret in self.credentials.secrets.items():
            for function in functions.calling_providers:
                grants.read_secret(function, secret)
            if PROVIDERS[provider].tells_credits:
                grants.read_secret(functions.prepare, secret)
        for secret in self.credentials.webhooks.values():
            grants.read_secret(functions.webhook, secret)

    def _grant_api(self) -> None:
        api, storage = self.functions.api, self.storage
        grants = self._grants
        machine = self.machine

        machine.grant_start_execution(api)
        grants.access_executions(
            api, machine, "DescribeExecution", "GetExecutionHistory", "StopExecution"
        )
        grants.access_table(api, storage.jobs, "GetItem", "UpdateItem")
        grants.query_index(api, storage.jobs, JOBS_BY_MONTH)
        for prefix in (IDEMPOTENCY_ITEM_PREFIX, CHECK_ITEM_PREFIX):
            grants.access_items(
                api, storage.waits, "GetItem", "UpdateItem", prefix=prefix
            )
        prefix = CALLBACK_ITEM_PREFIX
        grants.access_items(api, storage.waits, "GetItem", prefix=prefix)
        grants.invoke(api, self.functions.check_now)
        grants.access_table(api, storage.verdicts, "DeleteItem")
        grants.read_secret(api, self.credentials.memory)
        grants.presign_results(api, storage.results)
        grants.presign_uploads(api, storage.inbox, self.credentials.secrets)
        for bucket in (storage.inbox, storage.results):
            grants.list_versions(api, bucket)
        grants.erase_objects(api, storage.results)
        grants.erase_objects(api, storage.inbox, of=f"{BATCHES_PREFIX}*")
        for provider in self.credentials.secrets:
            grants.erase_objects(api, storage.inbox, of=f"{provider}/*")

    def _grant_finalize_execution(self) -> None:
        finalize, storage = self.functions.finalize_execution, self.storage
        grants = self._grants
        grants.access_executions(
            finalize,
            self.machine,
            "DescribeExecution",
            "GetExecutionHistory",
        )
        grants.access_table(finalize, storage.jobs, "GetItem", "UpdateItem")
        grants.publish_notices(finalize, storage.notices)
        grants.send_dead_letters(finalize, self.failure_events.dead_letters)

    def _grant_sweep(self) -> None:
        sweep, storage = self.functions.sweep, self.storage
        grants = self._grants
        self.machine.grant_start_execution(sweep)
        grants.access_table(sweep, storage.jobs, "UpdateItem")
        grants.query_index(sweep, storage.jobs, LATE_CHECKS)
        grants.send_dead_letters(sweep, self.sweep_schedule.dead_letters)

    def _grant_forward_notice(self, forwarding: NoticeForwarding) -> None:
        for queue in forwarding.queues.values():
            self._grants.receive_messages(forwarding.function, queue)
        for secret in self.credentials.receivers.values():
            self._grants.read_secret(forwarding.function, secret)
