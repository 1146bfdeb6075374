"""Job record: read a job, and its submission, as the jobs table stores them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, Self

from functions.core.errors import advice_for
from functions.core.keys import BATCHES_PREFIX
from functions.core.model import Job, Outcome, Phase, PreparedList
from functions.core.rows import RowsVerdict

#: An item of the jobs table, its numbers as floats.
Item = Mapping[str, str | float]

#: Fields that the table stores under another name.
_STORED_AS = {"notified_attempt": "told"}


@dataclass(frozen=True, kw_only=True)
class End:
    """How an attempt of a job ended, as it is recorded and announced."""

    outcome: Outcome
    error: str
    advice: str
    manifest_key: str
    verdict: RowsVerdict
    error_key: str


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A stored job, or a request of one; times are Unix seconds, 0 means "not yet".

    `batch_id` is the job that a request belongs to. Requests are stored like jobs, so
    that they are submitted like jobs, but nobody can do anything with one by itself.
    """

    job_id: str
    provider: str
    type: str
    bucket: str = ""
    key: str = ""
    version_id: str = ""
    provider_ref: str = ""
    intent: str = ""  # the claim of a submission
    resent: bool = False  # a claim was replaced whose submission may be paid for
    received_at: float = 0.0
    submitted_at: float = 0.0
    resumed_at: float = 0.0
    late: bool = False
    finished_at: float = 0.0
    ended_at: float = 0.0
    next_check_at: float = 0.0
    next_check_reason: str = ""
    forecast: str = ""  # a `Forecast`, as JSON
    held_for: str = ""  # an error that the job waits out
    held_since: float = 0.0
    timed_out_at: float = 0.0  # the first time, if only the sweep resumed it since
    late_check_at: float = 0.0  # when the sweep looks at the job, which timed out
    phase: Phase = Phase.QUEUED
    polls: int = 0
    rows: int = 0
    distinct_rows: int = 0
    invalid: int = 0
    bytes: int = 0
    outcome: Outcome = Outcome.NONE
    error: str = ""
    advice: str = ""
    manifest_key: str = ""
    verdict: RowsVerdict = RowsVerdict.NONE
    error_key: str = ""
    webhook_status: str = ""
    erase_began_at: float = 0.0
    erased_at: float = 0.0
    attempt: int = 1
    request_hash: str = ""
    execution: str = ""  # that follows this attempt; empty before it has begun
    notified_attempt: int = 0  # the last attempt that `finalize_execution` announced
    earlier: tuple[Mapping[str, Any], ...] = ()
    batch_id: str = ""
    prepared: str = ""  # a `PreparedList`, as JSON
    quote: str = ""  # what Prepare says besides the numbers of a list, as JSON
    quoted_at: float = 0.0  # since when the job waits, or has waited, for approval
    approve_until: float = 0.0  # of a job that waits for approval
    approve_reason: str = ""
    approve_values: int = 0  # that are to be approved
    approved_at: float = 0.0
    approved_values: int = 0  # that a person has approved, in whichever attempt
    quote_told: int = 0  # the last attempt whose quote was announced
    resendable: int = 0  # as of a `Batch`
    resumable: int = 0
    sending_seconds: float = 0.0  # as of a `Batch`
    name: str = ""  # of the file, as who asked for the job gave it
    label: str = ""
    column: str = ""  # of a list's values, as the request for the job says
    header: str = ""  # whether it has one, "yes" or "no"
    send_unfit: str = ""  # whether values are sent that do not fit, "yes" or "no"

    @classmethod
    def from_item(cls, item: Item) -> Self:
        """Read an item, ignoring attributes that are not fields of a record."""
        values: dict[str, Any] = {
            name: type_(item[attribute])
            for name, attribute, type_ in _plain_fields(JobRecord)
            if attribute in item
        }
        for name in ("job_id", "provider", "type"):
            values[name] = str(item.get(name, ""))
        if "earlier" in item:
            values["earlier"] = tuple(json.loads(str(item["earlier"])))
        return cls(**values)

    @property
    def is_batch_request(self) -> bool:
        """Whether this is a request of a batch."""
        # Requests of 0.1.0 have no `batch_id`, but no job has a key of this prefix.
        return bool(self.batch_id) or self.key.startswith(BATCHES_PREFIX)

    @property
    def awaits_approval(self) -> bool:
        """Whether the job waits until a person approves it."""
        return bool(self.approve_until) and not self.outcome

    @property
    def file_name(self) -> str:
        """The name of the file: the one that was given, or the end of its key."""
        return self.name or self.key.rpartition("/")[2]

    @property
    def execution_name(self) -> str:
        """The name of this attempt's execution, also of one that has not begun."""
        return self.execution or self.to_job().execution_name

    def to_job(self) -> Job:
        """Return the job that is the input of this attempt's execution.

        It depends only on attributes that are written once in an attempt, so that
        starting the same attempt twice starts one execution.
        """
        job = Job(
            job_id=self.job_id,
            provider=self.provider,
            type=self.type,
            bucket=self.bucket,
            key=self.key,
            version_id=self.version_id,
        )
        if self.attempt == 1 and self.key:
            return job  # the same as Intake starts
        return job.with_(
            provider_ref=self.provider_ref,
            received_at=self.received_at,
            submitted_at=self.submitted_at,
            rows=self.rows,
            distinct_rows=self.distinct_rows,
            attempt=self.attempt,
            resumed_at=self.resumed_at,
            late=self.late,
            # Without a reference, this attempt prepares its list itself.
            prepared=self.prepared_list if self.provider_ref else PreparedList(),
        )

    @property
    def prepared_list(self) -> PreparedList:
        """What Prepare made of the list; empty where it has made nothing."""
        return PreparedList.from_state(json.loads(self.prepared or "{}"))

    @property
    def latest_manifest_key(self) -> str:
        """The key of the latest manifest, which may be that of an earlier attempt."""
        keys = [str(ended.get("manifest_key", "")) for ended in self.earlier]
        return next((key for key in [self.manifest_key, *reversed(keys)] if key), "")

    def late_attributes(self, now: float) -> dict[str, float]:
        """Return what the table stores of an attempt that the sweep starts.

        The job stays in the index of late checks until its execution surely runs.
        """
        return {"late": 1, "timed_out_at": self.timed_out_at, "late_check_at": now}

    def end_of(self, attempt: int) -> End:
        """Return how an attempt ended: this one, or one of the earlier ones."""
        if attempt == self.attempt:
            return End(
                outcome=self.outcome,
                error=self.error,
                advice=self.advice,
                manifest_key=self.manifest_key,
                verdict=self.verdict,
                error_key=self.error_key,
            )
        (ended,) = (e for e in self.earlier if e["attempt"] == attempt)
        error = str(ended["error"])
        return End(
            outcome=Outcome(ended["outcome"]),
            error=error,
            advice=advice_for(error) if error else "",
            # Records of an earlier release do not have them.
            manifest_key=str(ended.get("manifest_key", "")),
            verdict=RowsVerdict(ended.get("verdict", RowsVerdict.NONE)),
            error_key=str(ended.get("error_key", "")),
        )

    def attempts_json(self) -> str:
        """Return the attempts up to this one, as the table stores them in `earlier`."""
        this_attempt = {
            "attempt": self.attempt,
            "outcome": str(self.outcome),
            "error": self.error,
            "checks": self.polls,
            "ended_at": self.ended_at,
            "manifest_key": self.manifest_key,
            "verdict": str(self.verdict),
            "error_key": self.error_key,
        }
        return json.dumps([*self.earlier, this_attempt])


@cache
def _plain_fields(record: type) -> tuple[tuple[str, str, type], ...]:
    """Return the name, the attribute and the type of each text and number."""
    return tuple(
        (field.name, _STORED_AS.get(field.name, field.name), type(field.default))
        for field in fields(record)
        if isinstance(field.default, (str, float, int))
    )


@dataclass(frozen=True, kw_only=True)
class SubmissionRecord:
    """A job's submission as it is recorded; `intent` is the token of the claim.

    Times are Unix seconds, and 0 means "not yet".
    """

    received_at: float
    intent: str = ""
    intent_at: float = 0.0
    resent: bool = False  # as of a `JobRecord`
    provider_ref: str = ""
    submitted_at: float = 0.0
    rows: int = 0
    distinct_rows: int = 0
    attempt: int = 1
    outcome: str = ""
    quote_asked: bool = False  # by the request for the job
    column: str = ""  # as of a `JobRecord`
    header: str = ""
    send_unfit: str = ""
    approve_until: float = 0.0
    approved_at: float = 0.0
    approved_values: int = 0
    counted_on: str = ""  # the day whose budget its values are counted in
    prepared: str = ""  # as of a `JobRecord`

    @classmethod
    def from_item(cls, item: Item) -> Self:
        """Read an item of the jobs table."""
        values: dict[str, Any] = {
            name: type_(item[attribute])
            for name, attribute, type_ in _plain_fields(SubmissionRecord)
            if attribute in item
        }
        return cls(received_at=float(item.get("received_at", 0.0)), **values)

    @property
    def may_be_sent(self) -> bool:
        """Whether a try with a claim, or one before it, may have sent the job."""
        return bool(self.intent) or self.resent

    @property
    def claimed_list(self) -> PreparedList:
        """What the try with the claim has sent, or was about to; empty if unknown."""
        return self.prepared_list if self.may_be_sent else PreparedList()

    @property
    def prepared_list(self) -> PreparedList:
        """What Prepare made of the list; empty where it has made nothing."""
        return PreparedList.from_state(json.loads(self.prepared or "{}"))

    def has_ended(self, job: Job) -> bool:
        """Whether this attempt of the job is over, so that nothing may be paid."""
        return bool(self.outcome) or self.attempt != job.attempt


def month_of(timestamp: float) -> str:
    """Return the month of a Unix time, in UTC, such as "2026-11"."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m")
