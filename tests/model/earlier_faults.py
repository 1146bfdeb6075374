"""Earlier faults: take away the guards that mended faults of release 0.1.0.

The model has to find each of them; otherwise it would find no other fault either.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

from functions import conclude, prepare
from functions.api import problems, retrying, service
from functions.api.problems import Problem
from functions.aws import attempt_store, job_store
from functions.aws.attempt_store import AttemptStore
from functions.aws.dynamodb import DynamoTable
from functions.aws.job_items import THIS_ATTEMPT
from functions.aws.job_store import JobStore
from functions.core.job_record import JobRecord, SubmissionRecord
from functions.core.model import Job, Outcome

_conclude = conclude.conclude


def _get(store: JobStore, job_id: str) -> JobRecord | None:
    """Return any item of the table, a request of a batch as well as a job."""
    table: DynamoTable = store._table
    record = JobRecord.from_item(table.get(job_id))
    return record if record.job_id else None


def _refuse_what_began(
    service_: service.JobService,
    record: JobRecord,
    *,
    now: float,  # noqa: ARG001 - as the method
) -> bool:
    """Take an execution that has ended for one that runs."""
    if service_.executions.find(record.execution_name) is not None:
        raise Problem(problems.JOB_RUNNING)
    return False


def _merge_half(job: Job, failure: dict[str, Any] | None, **options: Any) -> Job:  # noqa: ANN401 - passed on
    """Take over the outcome of an end that stands, and nothing else of it."""
    if job.outcome is Outcome.NONE:
        return _conclude(job, failure, **options)
    stands = options["job_store"].record_outcome(job, now=options["now"])
    return job.with_(outcome=stands.outcome)


@contextmanager
def _sending_after_the_end() -> Iterator[None]:
    """Let the writes that lead to a payment ignore that the attempt has ended."""

    def unguarded(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
            with mock.patch.object(job_store, "RUNNING", THIS_ATTEMPT):
                return method(*arguments, **options)

        return call

    def never(_record: SubmissionRecord, _job: Job) -> bool:
        return False

    with ExitStack() as stack:
        for name in ("create", "claim_submission"):
            changed = unguarded(getattr(JobStore, name))
            stack.enter_context(mock.patch.object(JobStore, name, changed))
        for target, name, value in (
            (attempt_store, "RUNNING", THIS_ATTEMPT),
            (SubmissionRecord, "has_ended", never),
            (JobStore, "_require_running_batch", lambda _store, _job: None),
        ):
            stack.enter_context(mock.patch.object(target, name, value))
        yield


@contextmanager
def _retrying_requests() -> Iterator[None]:
    with (
        mock.patch.object(JobStore, "get", _get),
        mock.patch.object(prepare, "BATCHES_PREFIX", "no key begins so/"),
    ):
        yield


@contextmanager
def _following_all_executions() -> Iterator[None]:
    with (
        _sending_after_the_end(),
        mock.patch.object(AttemptStore, "begin", return_value=0.0),
        mock.patch.object(conclude, "conclude", _merge_half),
    ):
        yield


def _refusing_cancelled() -> AbstractContextManager[Any]:
    outcomes = (Outcome.FAILED, Outcome.TIMED_OUT)
    return mock.patch.object(retrying, "RETRYABLE_OUTCOMES", outcomes)


def _refusing_unrecorded() -> AbstractContextManager[Any]:
    return mock.patch.object(service.JobService, "record_end", _refuse_what_began)


#: What happened, by name; each puts the fault back while its block runs.
EARLIER_FAULTS: Mapping[str, Callable[[], AbstractContextManager[Any]]] = {
    "a retry of one request submits its batch again": _retrying_requests,
    "a new execution of an ended job submits, or mixes two ends": (
        _following_all_executions
    ),
    "a cancelled job whose execution runs on is submitted": _sending_after_the_end,
    "a cancelled job cannot be retried": _refusing_cancelled,
    "a job that ended without an outcome cannot be retried": _refusing_unrecorded,
}
