"""Download: copy one result into the results bucket, whole or not at all."""

from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.core.errors import CourierError, LinkSpent
from functions.core.forms import Form
from functions.core.model import File, Job, State
from functions.core.tally import Tally
from functions.providers.protocol import Provider
from functions.runtime import telemetry, wiring
from functions.runtime.results import Results, Stored
from functions.runtime.streaming import stream

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
    form = provider.form
    key = result_key(job, kind, form)
    if (stored := results.find(key, job_id=job.job_id)) is not None:
        tally = results.measure(stored, form)
        return _file(kind, stored, tally, attempts=attempts)

    metadata = {"job-id": job.job_id, "kind": kind}
    with results.upload(key, form, metadata=metadata) as upload:
        link = provider.results(job.provider_ref).get(kind)
        if link is None:
            raise LinkSpent("the provider gave no link for a result that it named")
        opened_at = now()
        body = provider.open(link, seconds=ends_at - opened_at - _MARGIN_SECONDS)
        try:
            tally = stream(body, upload, form)
        finally:
            body.close()
        tally.check_plausible()
        stored = upload.complete(tally)
        if stored.found:  # another attempt's, perhaps: say what is true of it
            tally = results.measure(stored, form)

    age = opened_at - link.minted_at
    return _file(kind, stored, tally, attempts=attempts, link_age_seconds=age)


def result_key(job: Job, kind: str, form: Form) -> str:
    """Name a result's object; nothing of the uploader's naming is in it."""
    return f"{job.provider}/{job.type}/{job.job_id}/{kind}{form.suffix}"


def _file(
    kind: str,
    stored: Stored,
    tally: Tally,
    *,
    attempts: int,
    link_age_seconds: float = 0.0,
) -> File:
    return File(
        kind=kind,
        key=stored.key,
        version_id=stored.version_id,
        bytes=tally.bytes,
        rows=tally.rows,
        sha256=tally.sha256,
        attempts=attempts,
        link_age_seconds=round(link_age_seconds, 3),
    )


@wiring.handler
def handler(event: State, context: LambdaContext) -> State:
    """Download one kind of result, as the workflow's state of this name."""
    job = wiring.job(event["job"])
    kind = event["kind"]
    telemetry.logger.append_keys(kind=kind)

    try:
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
