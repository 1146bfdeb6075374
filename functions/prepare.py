"""Prepare: read what was uploaded, and write what is sent of it, before it is paid."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, clock, telemetry
from functions.aws.adapters import adapter_for, batch_adapter_for
from functions.aws.approvals import Approvals
from functions.aws.batch_store import BatchStore
from functions.aws.credits_left import credits_left
from functions.aws.daily_budget import DailyBudget
from functions.aws.earlier_uploads import check_first_upload
from functions.aws.finishes import FinishStore
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.s3_source import S3Source
from functions.aws.settings import provider_settings
from functions.aws.verdict_memory import VerdictMemory
from functions.core.approval import Approval, Reason, wait_for_approval
from functions.core.errors import SOURCE_FAULTS, SourceMisnamed, SourceTooLarge
from functions.core.estimate import (
    cost_of,
    lacks_credits,
    remarks_of_requests,
    values_of,
)
from functions.core.job_record import SubmissionRecord
from functions.core.keys import BATCHES_PREFIX, QUOTE_OPTION
from functions.core.model import Batch, Job, Next, State
from functions.core.provider_settings import ProviderSettings
from functions.core.quote import Remarks
from functions.core.routing import refuse
from functions.core.upload_options import ListOptions, yes_or_no
from functions.prepare_list import prepare_list
from functions.recalling import Recall, RecalledBefore, asks_for_fresh

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Preparation:
    """One try to prepare a job, which is not submitted yet."""

    job: Job
    settings: ProviderSettings
    job_store: JobStore
    approvals: Approvals
    budget: DailyBudget
    s3: "S3Client"
    now: float
    memory: VerdictMemory | None = None
    finishes: FinishStore | None = None
    credits_left: Callable[[str], int | None] | None = None

    def prepare(self) -> Job:
        """Return the job with its next step: submit it, or run its requests.

        One that needs an approval waits for it before. A source that is not worth
        paying for ends the job, with the reason as advice.
        """
        record = self.job_store.create(self.job, now=self.now)
        job = self.job.with_(received_at=record.received_at)
        # Executions of earlier releases come from Submit, and go on to Requests.
        is_of_earlier_release = job.next is Next.PREPARE
        if (claimed := record.claimed_list).key:
            # What may be sent already is what its results are joined with.
            return job.with_(next=Next.SUBMIT, prepared=claimed)
        try:
            self._check_source()
            may_be_sent = record.may_be_sent or record.provider_ref
            if is_of_earlier_release or may_be_sent:
                return self._prepared(job, record, may_cut=not record.may_be_sent)[0]
            self._check_first_upload()
            prepared = self._prepared(job, record, may_cut=True, is_unsent=True)
            return self._for_approval(*prepared, record)
        except SOURCE_FAULTS as error:
            telemetry.logger.warning(
                "source refused", error=type(error).__name__, reason=str(error)
            )
            if is_of_earlier_release:
                raise
            if record.may_be_sent:  # it may be paid for: Submit looks for it
                return job.with_(next=Next.SUBMIT)
            telemetry.record_error(error, job)
            return refuse(job, error)

    def _for_approval(
        self, job: Job, remarks: Remarks, record: SubmissionRecord
    ) -> Job:
        """Return the job as it waits until somebody has approved it, if it must."""
        values = values_of(job)
        if (reason := self._reason(values, remarks, record)) is None:
            return job
        self.job_store.record_prepared(job, quote=remarks)
        approval = Approval.needed(
            reason, values=values, now=self.now, days=self.settings.approve_days
        )
        self.approvals.ask(job, approval)
        return wait_for_approval(job, until=approval.until, now=self.now)

    def _reason(
        self, values: int, remarks: Remarks, record: SubmissionRecord
    ) -> Reason | None:
        if record.approved_values >= values:
            return None
        if record.quote_asked or yes_or_no(self._source.metadata, QUOTE_OPTION):
            return Reason.ASKED
        most, daily = self.settings.approve_above, self.settings.daily_values
        if most is not None and values > most:
            return Reason.ABOVE
        if self.settings.approve_beyond_credits and lacks_credits(remarks):
            return Reason.CREDITS
        if daily is None or self.budget.take(
            self.job, record, values=values, most=daily, now=self.now
        ):
            return None
        return Reason.DAILY

    def _prepared(
        self,
        job: Job,
        record: SubmissionRecord,
        *,
        may_cut: bool,
        is_unsent: bool = False,
    ) -> tuple[Job, Remarks]:
        """Return the job with its next step, and what there is to say of it."""
        prepared, remarks = self._read(job, record, may_cut=may_cut)
        costs = cost_of(prepared, credits_per_value=self.settings.credits_per_value)
        remarks = {**remarks, **costs}
        # Shards of an earlier attempt may be paid: less is left, and less is needed.
        is_new = job.attempt == 1 or not record.prepared_list.shards
        if self.credits_left and is_unsent and is_new and costs["credits_needed"]:
            remarks = {**remarks, "credits_left": self.credits_left(job.provider)}
        if self.finishes:
            seconds = self.finishes.expected_seconds(
                prepared, values=values_of(prepared)
            )
            remarks = {**remarks, "expected_seconds": seconds}
        if prepared.prepared.records_version_id:
            self.job_store.record_prepared(prepared, quote=remarks)
        return prepared, remarks

    def _read(
        self, job: Job, record: SubmissionRecord, *, may_cut: bool
    ) -> tuple[Job, Remarks]:
        batch_store = BatchStore(job, s3=self.s3)
        if self._is_batch:
            from functions.prepare_batch import prepare_batch  # noqa: PLC0415 - lists start without it

            batch, remarks = prepare_batch(
                job,
                adapter=batch_adapter_for(job.provider),
                source=self._source,
                batch_store=batch_store,
                max_requests=self.settings.max_batch_requests,
                sending_seconds=self.settings.sending_seconds,
            )
            self.job_store.record_batch(batch)
            return batch, remarks or remarks_of_requests(batch)
        if self.settings.max_list_records:
            before = record.prepared_list
            with self._recall(job) or nullcontext() as recall:
                return prepare_list(
                    job,
                    source=self._source,
                    settings=self.settings,
                    batch_store=batch_store,
                    now=self.now,
                    asked=ListOptions.from_record(record),
                    before=before,
                    recall=RecalledBefore(batch_store, before)
                    if before.shards
                    else recall,
                    may_cut=may_cut,
                )
        count = adapter_for(job.provider).validate(job.key, job.type, self._source)
        # Not in every state: most requests have one.
        single = Batch(values=count.values if count.values > 1 else 0)
        return job.with_(next=Next.SUBMIT, batch=single), remarks_of_requests(job)

    def _check_source(self) -> None:
        if self.job.key.startswith(BATCHES_PREFIX):
            # 0.1.0 could start a request as a job; its source has its batch's rows.
            raise SourceMisnamed("a work file of a batch is no list")
        if self._source.size > self.settings.max_source_bytes:
            raise SourceTooLarge("the file is larger than max_source_bytes")

    def _check_first_upload(self) -> None:
        check_first_upload(
            self.job,
            self._source,
            is_batch=self._is_batch,
            job_store=self.job_store,
            s3=self.s3,
        )

    def _recall(self, job: Job) -> Recall | None:
        """Return what looks values up; None where all of them are to be sent."""
        if self.memory is None or asks_for_fresh(job, self._source.metadata):
            return None
        return Recall(job, self.memory, now=self.now)

    @property
    def _is_batch(self) -> bool:
        return self.job.key.lower().endswith(self.settings.batches)

    @cached_property
    def _source(self) -> S3Source:
        return S3Source(self.job, s3=self.s3)


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Prepare for one job."""
    job = read_job(event)

    with telemetry.count_errors(job):
        settings = provider_settings(job.provider)
        remembers = settings.remembered_days > 0
        prepared = Preparation(
            job=job,
            settings=settings,
            job_store=JobStore.from_environment(),
            approvals=Approvals.from_environment(),
            budget=DailyBudget.from_environment(),
            s3=clients.s3(),
            now=clock.now(),
            memory=VerdictMemory.from_environment() if remembers else None,
            finishes=FinishStore.from_environment(),
            credits_left=credits_left,
        ).prepare()

    telemetry.logger.info(
        "prepared",
        next=prepared.next,
        records=prepared.prepared.records,
        sent=prepared.prepared.sent,
        remembered=prepared.prepared.remembered,
        rows=prepared.rows,
        invalid=prepared.invalid,
        requests=prepared.batch.requests,
    )
    return prepared.to_state()
