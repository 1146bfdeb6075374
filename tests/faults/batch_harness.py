"""Batch harness: prepare, run and gather batches without a state machine."""

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from functions.aws import clients
from functions.aws.batch_store import BatchStore
from functions.aws.daily_budget import DailyBudget
from functions.aws.job_store import JobStore
from functions.aws.results import Results
from functions.aws.s3_source import S3Source
from functions.aws.submission_claim import SubmissionClaim
from functions.check import check
from functions.core.model import Job, Next, Outcome, Phase
from functions.core.provider_settings import to_json
from functions.core.result_keys import SINGLE_RESULT_KIND
from functions.download import download
from functions.gather import BatchGathering
from functions.prepare_batch import prepare_batch
from functions.providers.txncheck.adapter import Txncheck
from functions.submit import Submission
from local.simulators.txncheck import TxncheckSimulator
from tests.faults.execution_driver import DOWNLOAD_SECONDS, TaskFailed, retry
from tests.faults.fault_injection import FaultInjector, FaultyHttpClient
from tests.faults.harness import (
    INBOX,
    RESULTS,
    SECRET,
    SETTLE_SECONDS,
    TABLE,
    credit_waits,
)
from tests.settings import txncheck_settings

#: The canary looks for these in all that leaves the functions.
NAMES = ("Asha Leaking", "Bina Leaking", "Chand Leaking")
MOBILES = ("+919871234501", "+919871234502", "+919871234503")
KEY = "canaryKeyOfTxncheck"

LIST = "\n".join(["mobile,name", *map(",".join, zip(MOBILES, NAMES, strict=True))])
_numbers = itertools.count()


class BatchHarness:
    """Runs batches against the TxnCheck simulator, with faults from its injector."""

    def __init__(self, simulator: TxncheckSimulator) -> None:
        self.simulator = simulator
        self.now = simulator.clock.now
        self.injector = FaultInjector()
        self.results = Results(RESULTS, s3=clients.s3())
        self.job_store = JobStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90)
        self.settings = txncheck_settings(
            base_url=simulator.base_url,
            loopback=True,
            max_batch_requests=10,
            max_upload_bytes=10_000,
            settle_seconds=SETTLE_SECONDS,
            rate=None,
            secret=SECRET,
        )

    @property
    def environment(self) -> str:
        """Return COURIER_PROVIDERS as infra sets it."""
        return json.dumps({"txncheck": to_json(self.settings)})

    def upload_list(
        self, content: str = LIST, *, type_: str = "full-check", extension: str = "csv"
    ) -> Job:
        """Upload a list to the inbox; return its batch, ready for Prepare."""
        key = f"txncheck/{type_}/list {next(_numbers)}.{extension}"
        stored = clients.s3().put_object(Bucket=INBOX, Key=key, Body=content.encode())
        return Job(
            job_id=f"batch-{next(_numbers)}",
            provider="txncheck",
            type=type_,
            bucket=INBOX,
            key=key,
            version_id=stored["VersionId"],
        )

    def adapter(self, **settings: Any) -> Txncheck:  # noqa: ANN401 - TxncheckSettings checks them
        """Return a new adapter, whose calls pass through the injector."""
        return Txncheck(
            replace(self.settings, **settings),
            http=FaultyHttpClient(
                self.injector,
                self.simulator,
                provider="txncheck",
                call_name=lambda method, _: "submit" if method == "POST" else "check",
            ),
            key=lambda _fresh: KEY,
            signing_secret=lambda _fresh: "",
            now=self.now,
        )

    def prepare(
        self,
        job: Job,
        *,
        max_requests: int = 4000,
        **settings: Any,  # noqa: ANN401 - see adapter
    ) -> Job:
        """Prepare a batch, with changed settings of the provider."""
        prepared, _quote = prepare_batch(
            job,
            adapter=self.adapter(**settings),
            source=S3Source(job, s3=clients.s3()),
            batch_store=BatchStore(job, s3=clients.s3()),
            max_requests=max_requests,
            sending_seconds=self.settings.sending_seconds,
        )
        return prepared

    def requests(self, job: Job) -> list[Job]:
        """Return the requests of a prepared batch, as the Map starts them."""
        items = BatchStore(job, s3=clients.s3()).read_json("items.json")
        of_the_batch = {
            "provider": job.provider,
            "bucket": job.bucket,
            "key": job.batch.key,
            "version_id": job.batch.version_id,
        }
        return [Job.from_state({**item, **of_the_batch}) for item in items]

    def run_request(self, job: Job) -> str:
        """Run a request to its end; return its result as the state machine puts it."""
        try:
            return self.collect(self.submit_and_poll(job))
        except TaskFailed as failed:
            return f"{job.part.number} failed {failed}"

    def submit_and_poll(self, job: Job) -> Job:
        """Submit a request, and check it until it is over."""
        job = self.retry(self.submit, job)
        while job.next in (Next.HOLD, Next.WAIT):
            self.simulator.clock.advance(job.wait_seconds)
            step = self.submit if job.next is Next.HOLD else self.check
            job = self.retry(step, job)
        return job

    def collect(self, job: Job) -> str:
        """Download the result of a request that is over; return as `run_request`."""
        if job.next is not Next.COLLECT:
            return f"{job.part.number} {job.outcome} {job.error}"
        try:
            self.retry(self._download, job)
        except TaskFailed as failed:
            return f"{job.part.number} failed {failed}"
        partial = job.phase is Phase.PARTIAL
        outcome = Outcome.PARTIAL if partial else Outcome.SUCCEEDED
        return f"{job.part.number} {outcome}"

    def gather(self, job: Job, answers: Sequence[object]) -> Job:
        """Gather a batch; `answers` are those of the Map."""
        return BatchGathering(
            job=job,
            answers=answers,
            adapter=self.adapter(),
            batch_store=BatchStore(job, s3=clients.s3()),
            results=self.results,
            now=self.now(),
        ).gather()

    def run_requests(self, job: Job) -> list[str]:
        """Run the requests of a prepared batch, one after the other."""
        return [self.run_request(request) for request in self.requests(job)]

    def result_lines(self, job: Job) -> list[dict[str, Any]]:
        """Return the lines of a gathered batch's result."""
        (file,) = job.files
        response = clients.s3().get_object(Bucket=RESULTS, Key=file.key)
        return [json.loads(line) for line in response["Body"].read().split(b"\n")[:-1]]

    def retry(self, step: Callable[[Job], Job], job: Job) -> Job:
        """Take a step as the state machine does, with its retries."""
        return retry(lambda _attempt: step(job), self.injector)

    def submit(self, job: Job) -> Job:
        """Try once to submit a request."""
        return Submission(
            job=job,
            adapter=self.adapter(),
            source=S3Source(job, s3=clients.s3()),
            rate_limiter=None,
            credits=credit_waits("txncheck", self.settings, self.job_store),
            budget=DailyBudget(TABLE, dynamodb=clients.dynamodb(), keep_days=90),
            results=lambda: self.results,
            settings=self.settings,
            claim=SubmissionClaim(
                job=job,
                job_store=self.job_store,
                token=f"token-{next(_numbers)}",
                now=self.now(),
            ),
            now=self.now(),
            random=0.5,
        ).submit()

    def check(self, job: Job) -> Job:
        """Check a request once, and record its progress."""
        policy, now = self.settings.policy, self.now()
        checked = check(
            job,
            self.adapter(),
            results=lambda: self.results,
            policy=policy,
            now=now,
            random=0.5,
        )
        self.job_store.record_progress(
            checked, next_check_at=now + checked.wait_seconds
        )
        return checked

    def _download(self, job: Job) -> Job:
        download(
            job,
            SINGLE_RESULT_KIND,
            adapter=self.adapter(),
            results=self.results,
            attempts=1,
            now=self.now,
            ends_at=self.now() + DOWNLOAD_SECONDS,
        )
        return job
