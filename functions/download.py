"""Download: copy one result into the results bucket, whole or not at all."""

from collections.abc import Callable
from dataclasses import replace

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clock, telemetry
from functions.aws.adapters import adapter_for
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.results import Results
from functions.aws.store_result import store_result
from functions.core.body import Body
from functions.core.errors import CourierError, LinkSpent
from functions.core.metrics import Metric
from functions.core.model import File, Job, State
from functions.core.result_keys import result_key
from functions.providers.protocol import Provider

#: The part of the function's time that is reserved for ending the upload.
_MARGIN_SECONDS = 20.0


def download(
    job: Job,
    kind: str,
    *,
    adapter: Provider,
    results: Results,
    attempts: int,
    now: Callable[[], float],
    ends_at: float,
) -> File:
    """Store one result of a job unless it is stored already; return its file.

    `ends_at` is the function's time-out, in Unix seconds like `now`. The link is
    requested last, after every call that could fail before it, and opened once.
    """
    link_age = 0.0

    def open_body() -> Body:
        nonlocal link_age
        links = adapter.result_links(job.provider_ref, name=job.file_name)
        link = links.get(kind)
        if link is None:
            raise LinkSpent("the provider returned no link for a result that it listed")
        opened_at = now()
        link_age = opened_at - link.issued_at
        seconds = ends_at - opened_at - _MARGIN_SECONDS
        return adapter.open(link, type_=job.type, seconds=seconds)

    file = store_result(
        results,
        result_key(job, kind, adapter.result_format),
        adapter.result_format,
        job_id=job.job_id,
        kind=kind,
        open_body=open_body,
    )
    return replace(file, attempts=attempts, link_age_seconds=round(link_age, 3))


@lambda_handler
def handler(event: State, context: LambdaContext) -> State:
    """Run the state Download for one kind of result; for a shard, for all of them."""
    job = read_job(event["job"])
    # The links of a shard's results are for this function alone, one after the other.
    kinds = job.kinds if job.part.shard else (event["kind"],)
    telemetry.logger.append_keys(kind=event["kind"])

    started_at = clock.now()
    ends_at = started_at + context.get_remaining_time_in_millis() / 1000
    telemetry.measure({Metric.JOB_AGE_SECONDS: job.age(started_at)}, job)

    try:
        with telemetry.count_errors(job):
            files = [
                download(
                    job,
                    kind,
                    adapter=adapter_for(job.provider),
                    results=Results.from_environment(),
                    attempts=event["attempt"] + 1,
                    now=clock.now,
                    ends_at=ends_at,
                )
                for kind in kinds
            ]
    except CourierError as error:
        telemetry.logger.warning("download failed", error=type(error).__name__)
        raise

    for file in files:
        telemetry.logger.info(
            "downloaded", kind=file.kind, bytes=file.bytes, rows=file.rows
        )
    return files[-1].to_state()
