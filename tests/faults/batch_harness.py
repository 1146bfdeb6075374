"""Batches: a list of requests taken apart, run and gathered, without a machine."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import IO, Any

from functions.aws import clients
from functions.aws.batch_store import BatchStore
from functions.aws.job_store import JobStore
from functions.aws.results import Results
from functions.aws.s3_source import S3Source
from functions.check import check
from functions.core.batch_results import parse_results
from functions.core.errors import CourierError, RetryableError
from functions.core.model import Job, Next, Outcome, Phase
from functions.core.provider_settings import to_json
from functions.download import download
from functions.gather import KIND, BatchGathering
from functions.prepare import prepare
from functions.providers.transport.connection import verified_tls_context
from functions.providers.transport.http import HttpClient, HttpResponse
from functions.providers.txncheck.adapter import Txncheck
from functions.submit import Submission
from local.simulators.faults import Answer
from local.simulators.txncheck import TxncheckSimulator
from tests.faults.fault_injection import FaultInjector, Killed, Mode
from tests.faults.harness import INBOX, RESULTS, SECRET, TABLE, StepHarness
from tests.settings import txncheck_settings

#: Found again wherever they leak to; see tests/canary.py.
NAMES = ("Asha Leaking", "Bina Leaking", "Chand Leaking")
MOBILES = ("+919871234501", "+919871234502", "+919871234503")
PEOPLE = "\n".join(["mobile,name", *map(",".join, zip(MOBILES, NAMES, strict=True))])
KEY = "canaryKeyOfTxncheck"

_TLS = verified_tls_context()
_SECONDS = 900.0
_TRIES = 7
_numbers = itertools.count()


class BatchHarness:
    """One batch after the other; every step has collaborators of its own."""

    def __init__(self, bench: StepHarness, simulator: TxncheckSimulator) -> None:
        self._bench = bench
        self.simulator = simulator
        self.now = simulator.clock.now
        self.effects = FaultInjector(bench.ipqs)
        self.results = Results(RESULTS, s3=clients.s3())
        self.settings = txncheck_settings(
            base_url=simulator.base_url,
            loopback=True,
            max_batch_requests=10,
            max_upload_bytes=10_000,
            settle_seconds=bench.settings.settle_seconds,
            rate=None,
            secret=SECRET,
        )

    @property
    def environment(self) -> str:
        """What the functions read of the provider, as infra writes it."""
        return json.dumps({"txncheck": to_json(self.settings)})

    def arrive(
        self, content: str = PEOPLE, *, type_: str = "full-check", ending: str = "csv"
    ) -> Job:
        """Upload a list; give its batch, which is not yet prepared."""
        key = f"txncheck/{type_}/list {next(_numbers)}.{ending}"
        stored = clients.s3().put_object(Bucket=INBOX, Key=key, Body=content.encode())
        return Job(
            job_id=f"batch-{next(_numbers)}",
            provider="txncheck",
            type=type_,
            bucket=INBOX,
            key=key,
            version_id=stored["VersionId"],
            next=Next.PREPARE,
        )

    def adapter(self, **settings: Any) -> Txncheck:  # noqa: ANN401 - TxncheckSettings checks them
        """Give an adapter whose every call is one of the effects."""
        return Txncheck(
            replace(self.settings, **settings),
            http=_CountedHttpClient(self.effects, self.simulator),
            key=lambda _fresh: KEY,
            signing_secret=lambda _fresh: "",
            now=self.now,
        )

    def prepare(self, job: Job, **settings: Any) -> Job:  # noqa: ANN401 - see adapter
        """Prepare a batch, under settings of the adapter's."""
        return prepare(
            job,
            provider=self.adapter(**settings),
            source=S3Source(job, s3=clients.s3()),
            batch_store=BatchStore(job, s3=clients.s3()),
            max_bytes=10_000_000,
            max_requests=4000,
        )

    def requests(self, job: Job) -> list[Job]:
        """Give the requests of a prepared batch, as the Map begins them."""
        items = BatchStore(job, s3=clients.s3()).read_json("items.json")
        whose = {
            "provider": job.provider,
            "bucket": job.bucket,
            "key": job.batch.key,
            "version_id": job.batch.version_id,
        }
        return [Job.from_state({**item, **whose}) for item in items]

    def submit(self, job: Job) -> Job:
        """Submit a request once."""
        return Submission(
            job=job,
            provider=self.adapter(),
            source=S3Source(job, s3=clients.s3()),
            job_store=JobStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90),
            rate_limiter=None,
            settings=self.settings,
            token=f"token-{next(_numbers)}",
            now=self.now(),
            random=0.5,
        ).submit()

    def run(self, job: Job) -> str:
        """Follow a request to its end; give what the state machine tells of it."""
        try:
            return self.collected(self.polled(job))
        except TaskFailed as failed:
            return f"{job.part.number} failed {failed}"

    def polled(self, job: Job) -> Job:
        """Submit a request, and check it until it is over."""
        job = self.tried(self.submit, job)
        while job.next in (Next.HOLD, Next.WAIT):
            self.simulator.clock.advance(job.wait_seconds)
            again = self.submit if job.next is Next.HOLD else self._check
            job = self.tried(again, job)
        return job

    def collected(self, job: Job) -> str:
        """Fetch the result of a request that is over; give what is told of it."""
        if job.next is not Next.COLLECT:
            return f"{job.part.number} {job.outcome} {job.error}"
        try:
            self.tried(self._download, job)
        except TaskFailed as failed:
            return f"{job.part.number} failed {failed}"
        good = Outcome.PARTIAL if job.phase is Phase.PARTIAL else Outcome.SUCCEEDED
        return f"{job.part.number} {good}"

    def gather(self, job: Job, answers: Sequence[object]) -> Job:
        """Gather a batch."""
        return BatchGathering(
            job=job,
            request_results=parse_results(answers, requests=job.batch.requests),
            provider=self.adapter(),
            batch_store=BatchStore(job, s3=clients.s3()),
            results=self.results,
            now=self.now(),
        ).gather()

    def carried(self, job: Job) -> Job:
        """Carry a batch to its end, one request after the other."""
        prepared = self.prepare(job)
        return self.gather(prepared, [self.run(one) for one in self.requests(prepared)])

    def lines(self, job: Job) -> list[dict[str, Any]]:
        """Read the result of a gathered batch."""
        (file,) = job.files
        answer = clients.s3().get_object(Bucket=RESULTS, Key=file.key)
        return [json.loads(line) for line in answer["Body"].read().split(b"\n")[:-1]]

    def tried(self, step: Callable[[Job], Job], job: Job) -> Job:
        """Take a step as the state machine does, in a new process each time."""
        error = ""
        for _ in range(_TRIES):
            self.effects.alive_again()
            try:
                done: Job = step(job)
            except (RetryableError, Killed) as raised:
                error = type(raised).__name__
            except CourierError as raised:
                raise TaskFailed(type(raised).__name__) from None
            else:
                return done
        raise TaskFailed(error)

    def _check(self, job: Job) -> Job:
        policy = self.settings.policy
        return check(job, self.adapter(), policy=policy, now=self.now(), random=0.5)

    def _download(self, job: Job) -> Job:
        download(
            job,
            KIND,
            provider=self.adapter(),
            results=self.results,
            attempts=1,
            now=self.now,
            ends_at=self.now() + _SECONDS,
        )
        return job


class TaskFailed(Exception):
    """A task is given up; the text is the name of its error."""


class _CountedHttpClient(HttpClient):
    """Speaks HTTP as always, through the effects."""

    def __init__(self, effects: FaultInjector, simulator: TxncheckSimulator) -> None:
        super().__init__(tls=_TLS, loopback=True)
        self._effects = effects
        self._simulator = simulator

    def call(
        self,
        method: str,
        url: str,
        *,
        seconds: float,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes | None = None,
    ) -> HttpResponse:
        """Make a call of the API."""
        call = "submit" if method == "POST" else "check"
        mode = self._effects.begin(f"txncheck.{call}")
        if mode is Mode.ERROR_BEFORE:
            self._simulator.script(call, [Answer.dropped_before()])
        if mode is Mode.ERROR_AFTER:
            self._simulator.script(call, [Answer.dropped_after()])
        reply = super().call(
            method,
            url,
            seconds=seconds,
            max_bytes=max_bytes,
            headers=headers,
            body=body,
        )
        self._effects.end(mode)
        return reply
