"""Execution driver: take a job through the steps as the state machine does."""

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from functions.aws import clients
from functions.aws.approvals import Approvals
from functions.aws.daily_budget import DailyBudget
from functions.aws.job_store import JobStore
from functions.aws.rate_limiter import RateLimiter
from functions.aws.results import Results
from functions.aws.s3_source import S3Source
from functions.aws.secret import CachedSecrets, Secret
from functions.aws.submission_claim import SubmissionClaim
from functions.check import check
from functions.conclude import conclude
from functions.core.errors import CourierError, RetryableError
from functions.core.model import File, Job, Next, State
from functions.download import download
from functions.manifest import write_manifest
from functions.prepare import Preparation
from functions.providers.ipqs.adapter import Ipqs
from functions.submit import Submission
from tests.canary import Canary
from tests.faults.fault_injection import FaultInjector, FaultyHttpClient
from tests.faults.harness import RESULTS, SECRET, TABLE, StepHarness, credit_waits
from tests.world.injection import Killed

#: At least as often as the state machine retries a task.
RETRIES = 6
#: How long a Download may take.
DOWNLOAD_SECONDS = 900.0

_Result = TypeVar("_Result")


class TaskFailed(Exception):
    """A task is not retried any more; the text is the name of its error."""


def retry(call: Callable[[int], _Result], injector: FaultInjector) -> _Result:
    """Call with attempt numbers from 0, each in a new process, until it returns.

    The attempts follow each other at once, which is the hardest case.

    Raises:
        TaskFailed: The error is permanent, or the retries are used up.
    """
    error = ""
    for attempt in range(RETRIES + 1):
        injector.restart()
        try:
            return call(attempt)
        except (RetryableError, Killed) as raised:
            error = type(raised).__name__
        except CourierError as raised:
            raise TaskFailed(type(raised).__name__) from None
    raise TaskFailed(error)


class LambdaProcess:
    """The steps of a job, with collaborators that are new, as in a cold process."""

    def __init__(
        self,
        harness: StepHarness,
        injector: FaultInjector,
        *,
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        self._rate_limiter = rate_limiter
        self.now = harness.ipqs.clock.now
        self.settings = harness.settings
        self.job_store = JobStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90)
        self.results = Results(RESULTS, s3=clients.s3())
        secrets = CachedSecrets(secrets_manager=clients.secrets_manager())
        self.provider = Ipqs(
            self.settings,
            http=FaultyHttpClient(
                injector, harness.ipqs, provider="ipqs", call_name=_call_name
            ),
            key=Secret(SECRET, secrets=secrets).api_key,
            now=self.now,
        )

    def prepare(self, job: Job, _attempt: int = 0) -> Job:
        """Prepare a job."""
        return Preparation(
            job=job,
            settings=self.settings,
            job_store=self.job_store,
            approvals=Approvals(TABLE, dynamodb=clients.dynamodb(), keep_days=90),
            budget=DailyBudget(TABLE, dynamodb=clients.dynamodb(), keep_days=90),
            s3=clients.s3(),
            now=self.now(),
        ).prepare()

    def submit(self, job: Job, attempt: int = 0) -> Job:
        """Submit a job, with a claim token that no other attempt has."""
        return Submission(
            job=job,
            adapter=self.provider,
            source=S3Source.to_send(job, s3=clients.s3()),
            rate_limiter=self._rate_limiter,
            credits=credit_waits("ipqs", self.settings, self.job_store),
            budget=DailyBudget(TABLE, dynamodb=clients.dynamodb(), keep_days=90),
            results=lambda: self.results,
            settings=self.settings,
            claim=SubmissionClaim(
                job=job,
                job_store=self.job_store,
                token=f"token-{attempt}-{id(self)}",
                now=self.now(),
            ),
            now=self.now(),
            random=0.5,
        ).submit()

    def check(self, job: Job, _attempt: int = 0) -> Job:
        """Check a job and record its progress."""
        policy, now = self.settings.policy, self.now()
        checked = check(
            job,
            self.provider,
            results=lambda: self.results,
            policy=policy,
            now=now,
            random=0.5,
        )
        self.job_store.record_progress(
            checked, next_check_at=now + checked.wait_seconds
        )
        return checked

    def download(self, job: Job, kind: str, attempt: int = 0) -> File:
        """Download one kind of result."""
        return download(
            job,
            kind,
            adapter=self.provider,
            results=self.results,
            attempts=attempt + 1,
            now=self.now,
            ends_at=self.now() + DOWNLOAD_SECONDS,
        )

    def manifest(self, job: Job, _attempt: int = 0) -> Job:
        """Write the manifest."""
        return write_manifest(job, self.results)


ProcessFactory = Callable[[], LambdaProcess]
_Step = Callable[[LambdaProcess, Job, int], Job]
_STEPS: Mapping[Next, _Step] = {
    Next.SUBMIT: LambdaProcess.submit,
    Next.HOLD: LambdaProcess.submit,
    Next.WAIT: LambdaProcess.check,
}


@dataclass
class ExecutionDriver:
    """Runs executions without waiting, with a new process for each attempt."""

    harness: StepHarness
    injector: FaultInjector
    canary: Canary
    notifications: list[State] = field(default_factory=list)
    most_attempts: int = 0  # at one visit of a task

    def run(self, job: Job) -> Job:
        """Run a job from Prepare, or Check where it has a reference, to Notify."""
        failure: State | None = None
        step: _Step = LambdaProcess.check if job.provider_ref else LambdaProcess.prepare
        try:
            job = self._task(step, job)
            while job.next in _STEPS:
                if job.next is not Next.SUBMIT:
                    self.harness.ipqs.clock.advance(job.wait_seconds)
                job = self._task(_STEPS[job.next], job)
            if job.next is Next.COLLECT:
                job = self._task(LambdaProcess.manifest, self._collect(job))
        except TaskFailed as failed:
            failure = {"Error": str(failed), "Cause": ""}

        ended = self._task(
            lambda process, job, _: conclude(
                job, failure, job_store=process.job_store, now=process.now()
            ),
            job,
        )
        self.notifications.append(ended.to_state())
        return ended

    def _collect(self, job: Job) -> Job:
        def download_kind(kind: str) -> File:
            try:
                return File.from_state(
                    self._retry(
                        lambda process, attempt: process.download(
                            job, kind, attempt
                        ).to_state()
                    )
                )
            except TaskFailed as failed:
                return File(kind=kind, error=str(failed))

        return job.with_(files=tuple(map(download_kind, job.kinds)))

    def _task(self, step: _Step, job: Job) -> Job:
        return Job.from_state(
            self._retry(lambda process, attempt: step(process, job, attempt).to_state())
        )

    def _retry(self, step: Callable[[LambdaProcess, int], State]) -> State:
        def call(attempt: int) -> State:
            self.most_attempts = max(self.most_attempts, attempt + 1)
            try:
                process = LambdaProcess(self.harness, self.injector)
                text = json.dumps(step(process, attempt))
            except (CourierError, Killed):
                self.canary.search("exception", traceback.format_exc())
                raise
            self.canary.search("state", text)
            state: State = json.loads(text)
            return state

        return retry(call, self.injector)


def _call_name(_method: str, url: str) -> str:
    calls = ("upload", "status", "list", "account")
    return next(name for name in calls if f"/{name}" in url)
