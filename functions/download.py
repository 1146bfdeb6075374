"""Download: copy one result into the results bucket, whole or not at all."""

from collections.abc import Callable
from dataclasses import replace

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry, wiring
from functions.aws.results import Results
from functions.aws.store_result import store_result
from functions.core import keys
from functions.core.errors import CourierError, LinkSpent
from functions.core.metrics import Metric
from functions.core.model import File, Job, State
from functions.providers.protocol import Body, Provider

#: Kept of the function's time for completing or aborting the upload.
_MARGIN_SECONDS = 20.0


def download(
    job: Job,
    kind: str,
    *,
    provider: Provider,
    results: Results,
    attempts: int,
    now: Callable[[], float],
    ends_at: float,
) -> File:
    """Give the file as it stands in the results bucket.

    `ends_at` is when this function ends, like `now` in Unix seconds. The link is
    asked for last, after everything that could fail without it, and opened once.
    """
    age = 0.0

    def open_body() -> Body:
        nonlocal age
        link = provider.results(job.provider_ref).get(kind)
        if link is None:
            raise LinkSpent("the provider gave no link for a result that it named")
        opened_at = now()
        age = opened_at - link.issued_at
        return provider.open(link, seconds=ends_at - opened_at - _MARGIN_SECONDS)

    file = store_result(
        results,
        keys.result(job, kind, provider.result_format),
        provider.result_format,
        job_id=job.job_id,
        kind=kind,
        open_body=open_body,
    )
    return replace(file, attempts=attempts, link_age_seconds=round(age, 3))


@wiring.handler
def handler(event: State, context: LambdaContext) -> State:
    """Download one kind of result, as the workflow's state of this name."""
    job = wiring.job(event["job"])
    kind = event["kind"]
    telemetry.logger.append_keys(kind=kind)

    telemetry.measure({Metric.JOB_AGE_SECONDS: job.age(wiring.now())}, job)

    try:
        with telemetry.count_errors(job):
            file = download(
                job,
                kind,
                provider=wiring.provider(job),
                results=wiring.results(),
                attempts=event["attempt"] + 1,
                now=wiring.now,
                ends_at=wiring.now() + context.get_remaining_time_in_millis() / 1000,
            )
    except CourierError as error:
        telemetry.logger.warning("download failed", error=type(error).__name__)
        raise

    telemetry.logger.info("downloaded", bytes=file.bytes, rows=file.rows)
    return file.to_state()
