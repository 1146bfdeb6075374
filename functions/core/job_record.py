"""Job record: read a job as the jobs table stores it and the API shows it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

from functions.core.model import Job, Outcome, Phase

#: An item of the jobs table, its numbers as floats.
Item = Mapping[str, str | float]

#: Fields that the table stores under another name.
_STORED_AS = {"notified_attempt": "told"}


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A stored job; times are Unix seconds, and 0 means "not yet"."""

    job_id: str
    provider: str
    type: str
    bucket: str = ""
    key: str = ""
    version_id: str = ""
    provider_ref: str = ""
    received_at: float = 0.0
    submitted_at: float = 0.0
    resumed_at: float = 0.0
    late: bool = False
    finished_at: float = 0.0
    ended_at: float = 0.0
    next_check_at: float = 0.0
    timed_out_at: float = 0.0  # the first time, if only the sweep resumed it since
    late_check_at: float = 0.0  # when the sweep looks at the job, which timed out
    phase: Phase = Phase.QUEUED
    polls: int = 0
    rows: int = 0
    invalid: int = 0
    bytes: int = 0
    outcome: Outcome = Outcome.NONE
    error: str = ""
    advice: str = ""
    manifest_key: str = ""
    attempt: int = 1
    request_hash: str = ""
    notified_attempt: int = 0  # the last attempt that `finalize_execution` announced
    earlier: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_item(cls, item: Item) -> Self:
        """Read an item, ignoring attributes that are not fields of a record."""
        values: dict[str, Any] = {
            field.name: type(field.default)(item[attribute])
            for field in fields(cls)
            if (attribute := _STORED_AS.get(field.name, field.name)) in item
            and isinstance(field.default, (str, float, int))
        }
        for name in ("job_id", "provider", "type"):
            values[name] = str(item.get(name, ""))
        values["earlier"] = tuple(json.loads(str(item.get("earlier", "[]"))))
        return cls(**values)

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
            attempt=self.attempt,
            resumed_at=self.resumed_at,
            late=self.late,
        )

    def late_attributes(self, now: float) -> dict[str, float]:
        """Return what the table stores of an attempt that the sweep starts.

        The job stays in the index of late checks until its execution surely runs.
        """
        return {"late": 1, "timed_out_at": self.timed_out_at, "late_check_at": now}

    def attempts_json(self) -> str:
        """Return the attempts up to this one, as the table stores them in `earlier`."""
        this_attempt = {
            "attempt": self.attempt,
            "outcome": str(self.outcome),
            "error": self.error,
            "checks": self.polls,
            "ended_at": self.ended_at,
        }
        return json.dumps([*self.earlier, this_attempt])


def month_of(timestamp: float) -> str:
    """Return the month of a Unix time, in UTC, such as "2026-11"."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m")
