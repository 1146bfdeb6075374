"""Driver: walks a job the way the state machine does, without waiting for anything."""

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from aws_lambda_powertools.utilities.parameters import SecretsProvider

from functions.aws import clients
from functions.aws.job_store import JobStore
from functions.aws.rate_limiter import RateLimiter
from functions.aws.results import Results
from functions.aws.s3_source import S3Source
from functions.aws.secret import Secret
from functions.check import check
from functions.conclude import conclude
from functions.core.errors import CourierError, RetryableError
from functions.core.model import File, Job, Next, State
from functions.download import download
from functions.manifest import write_manifest
from functions.providers.ipqs.adapter import Ipqs
from functions.submit import Submission
from tests.canary import Canary
from tests.faults.fault_injection import CountedHttpClient, FaultInjector, Killed
from tests.faults.harness import RESULTS, SECRET, TABLE, StepHarness

#: As often as infra/workflow.py retries a task, if not more.
RETRIES = 6
#: As long as a Download may take, in seconds.
_SECONDS = 900.0


class TaskFailed(Exception):
    """A task is given up; the text is the name of its error."""


class Process:
    """One Lambda's process: collaborators of its own, and nothing from before."""

    def __init__(
        self,
        bench: StepHarness,
        effects: FaultInjector,
        *,
        pace: RateLimiter | None = None,
    ) -> None:
        self._bench = bench
        self._pace = pace
        self.now = bench.ipqs.clock.now
        self.settings = bench.settings
        self.ledger = JobStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90)
        self.results = Results(RESULTS, s3=clients.s3())
        secrets = SecretsProvider(boto3_client=clients.secrets_manager())
        self.provider = Ipqs(
            self.settings,
            http=CountedHttpClient(effects),
            key=Secret(SECRET, provider=secrets).api_key,
            now=self.now,
        )

    def submit(self, job: Job, attempt: int) -> Job:
        """Submit, with a token that tells this attempt from all others."""
        return Submission(
            job=job,
            provider=self.provider,
            source=S3Source(job, s3=clients.s3()),
            rate_limiter=self._pace,
            job_store=self.ledger,
            settings=self.settings,
            token=f"token-{attempt}-{id(self)}",
            now=self.now(),
            random=0.5,
        ).submit()

    def check(self, job: Job, _attempt: int) -> Job:
        """Check."""
        policy, now = self.settings.policy, self.now()
        checked = check(job, self.provider, policy=policy, now=now, random=0.5)
        self.ledger.record_progress(checked, next_check_at=now + checked.wait_seconds)
        return checked

    def download(self, job: Job, kind: str, attempt: int = 0) -> File:
        """Download one kind of result."""
        return download(
            job,
            kind,
            provider=self.provider,
            results=self.results,
            attempts=attempt + 1,
            now=self.now,
            ends_at=self.now() + _SECONDS,
        )

    def manifest(self, job: Job, _attempt: int) -> Job:
        """Write the manifest."""
        return write_manifest(job, self.results)


@dataclass
class Walk:
    """One execution; `told` are its notices."""

    bench: StepHarness
    effects: FaultInjector
    canary: Canary
    told: list[State] = field(default_factory=list)
    most_attempts: int = 0  # at one visit of a task

    def to_the_end(self, job: Job) -> Job:
        """Follow a job from Submit to Notify."""
        failure: State | None = None
        step = "Check" if job.provider_ref else "Submit"
        try:
            while step in ("Submit", "Check"):
                job = self._task(step, job)
                if job.next in (Next.HOLD, Next.WAIT):
                    self.bench.ipqs.clock.advance(job.wait_seconds)
                step = {Next.HOLD: "Submit", Next.WAIT: "Check"}.get(job.next, "")
            if job.next is Next.COLLECT:
                job = self._task("Manifest", self._collect(job))
        except TaskFailed as failed:
            failure = {"Error": str(failed), "Cause": ""}

        ended = self._task("Conclude", job, failure)
        self.told.append(ended.to_state())
        return ended

    def _collect(self, job: Job) -> Job:
        files = []
        for kind in job.kinds:
            try:
                done = self._retried(partial(_download, job, kind))
                files.append(File.from_state(done))
            except TaskFailed as missed:
                files.append(File(kind=kind, error=str(missed)))
        return job.with_(files=tuple(files))

    def _task(self, name: str, job: Job, failure: State | None = None) -> Job:
        def step(process: Process, attempt: int) -> State:
            if name == "Conclude":
                return conclude(
                    job, failure, job_store=process.ledger, now=process.now()
                ).to_state()
            steps: dict[str, Callable[[Job, int], Job]] = {
                "Submit": process.submit,
                "Check": process.check,
                "Manifest": process.manifest,
            }
            return steps[name](job, attempt).to_state()

        return Job.from_state(self._retried(step))

    def _retried(self, step: Callable[[Process, int], State]) -> State:
        """Call a step in a new process each time, at once: the hardest pause."""
        error = ""
        for attempt in range(RETRIES + 1):
            self.effects.alive_again()
            self.most_attempts = max(self.most_attempts, attempt + 1)
            try:
                state = json.dumps(step(Process(self.bench, self.effects), attempt))
            except (CourierError, Killed) as raised:
                self.canary.look("exception", traceback.format_exc())
                error = type(raised).__name__
                if not isinstance(raised, RetryableError | Killed):
                    break
                continue
            self.canary.look("state", state)
            read: State = json.loads(state)
            return read
        raise TaskFailed(error)


def _download(job: Job, kind: str, process: Process, attempt: int) -> State:
    return process.download(job, kind, attempt).to_state()
