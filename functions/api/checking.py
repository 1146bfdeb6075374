"""Checking: let a person have a job checked now, and not at its next check."""

import math
from pathlib import PurePosixPath

from functions.api import problems
from functions.api.problems import Problem
from functions.api.request import ApiRequest
from functions.api.responses import Document, rfc3339
from functions.api.service import JobService
from functions.aws import telemetry
from functions.aws.callbacks import CallbackStore
from functions.aws.check_spacing import CheckSpacing
from functions.aws.status_calls import StatusAnswer, StatusCalls
from functions.core.errors import ProviderDeclined, ProviderRejected, advice_for
from functions.core.job_record import JobRecord
from functions.core.model import Phase, WaitReason

#: Reasons for the next check after which an earlier one does no harm. After the others
#: it would count as one more failure, or confirm a bad answer before its time.
_WAKING = (
    "",
    WaitReason.ELAPSED,
    WaitReason.EXPECTED,
    WaitReason.CREDITS,
    WaitReason.DEADLINE,
)
#: With more checks a job is not woken: each adds 13 events to its history, and Step
#: Functions ends an execution that has more than 25,000.
MOST_CHECKS = 500
#: Errors whose advice leads to the provider's words, which a check does not keep.
_WITH_WORDS = (ProviderDeclined.__name__, ProviderRejected.__name__)
#: The longest that a provider's wish to be left alone counts.
_MOST_SECONDS = 3600.0


def check_job(service: JobService, request: ApiRequest, *, now: float) -> Document:
    """End a job's wait for a webhook; or ask the provider, and return what it says.

    Only the status is asked for: no link is opened, and nothing is written of the job,
    whose own checks go on as if nobody had asked.

    Raises:
        Problem: There is nothing to ask, or somebody has asked a moment ago.
    """
    record = service.find(request, now=now)
    _require_waiting(service, record)
    if record.next_check_reason == WaitReason.ASKED and now < record.next_check_at:
        raise _too_soon(
            "The provider asks to be left alone until the job's next check.",
            record.next_check_at - now,
        )
    spacing = CheckSpacing.from_environment()
    if seconds := spacing.claim(record.job_id, now=now):
        raise _too_soon("Somebody has asked for a check of this job already.", seconds)
    job = record.to_job().with_(provider_ref=record.provider_ref)
    callbacks = CallbackStore.from_environment()
    is_woken = record.polls < MOST_CHECKS and callbacks.wake(job, reasons=_WAKING)
    telemetry.logger.info("check asked for", job_id=job.job_id, is_woken=is_woken)
    answer = StatusAnswer() if is_woken else StatusCalls.from_environment().ask(job)
    if answer.hint_seconds:
        until = now + min(answer.hint_seconds, _MOST_SECONDS)
        spacing.put_off(job.job_id, until=until)
    return {
        "job_id": job.job_id,
        "asked_at": rfc3339(now),
        "woken": is_woken,
        "phase": answer.phase or None,
        "error": {"name": answer.error, "advice": _advice(answer.error)}
        if answer.error
        else None,
        "next_check_at": None if is_woken else rfc3339(record.next_check_at),
    }


def _require_waiting(service: JobService, record: JobRecord) -> None:
    """Raise the problem of a job that does not wait for its provider."""
    if record.outcome:
        raise Problem(problems.JOB_ENDED, outcome=str(record.outcome))
    if record.awaits_approval:
        detail = "The job waits for approval: the provider has nothing of it."
    elif not record.provider_ref and _has_parts(service, record):
        detail = "The job has several requests, each of which is checked by itself."
    elif not record.provider_ref:
        detail = "The job is not submitted yet."
    elif record.phase in (Phase.FINISHED, Phase.PARTIAL):
        detail = (
            "The provider says that the job is finished: its results are fetched, or "
            "the next check confirms it."
        )
    else:
        return
    raise Problem(problems.NOTHING_TO_CHECK, detail)


def _advice(error: str) -> str:
    """Return the advice on an error that a check has met, and the job may not meet."""
    if error in _WITH_WORDS:
        return (
            "Nothing of it is kept: the job asks by itself, and says why if it fails."
        )
    return advice_for(error)


def _has_parts(service: JobService, record: JobRecord) -> bool:
    """Return whether the job is a batch, or a list in shards."""
    provider = service.settings.providers.get(record.provider)
    suffix = PurePosixPath(record.key).suffix.lower()
    is_batch = provider is not None and suffix in provider.batches
    return is_batch or record.prepared_list.shards > 0


def _too_soon(detail: str, seconds: float) -> Problem:
    wait = math.ceil(seconds)
    detail = f"{detail} Ask again in {wait} s."
    return Problem(problems.CHECKED_LATELY, detail, retry_after=wait)
