"""Record: what the jobs table keeps of a job, and a person may see."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

from functions.core.model import Job, Outcome, Phase

#: A job's item, its numbers as floats.
Item = Mapping[str, str | float]

#: Fields of a record that the table has under another name.
_STORED_AS = {"notified_attempt": "told"}


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A job as the table has it; times are Unix seconds, and 0 is "not yet"."""

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
    finished_at: float = 0.0
    ended_at: float = 0.0
    next_check_at: float = 0.0
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
    notified_attempt: int = 0  # the last one announced by `finalize_execution`
    earlier: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_item(cls, item: Item) -> Self:
        """Read an item, ignoring what is not for people."""
        known: dict[str, Any] = {
            field.name: type(field.default)(item[attribute])
            for field in fields(cls)
            if (attribute := _STORED_AS.get(field.name, field.name)) in item
            and isinstance(field.default, (str, float, int))
        }
        for name in ("job_id", "provider", "type"):
            known[name] = str(item.get(name, ""))
        known["earlier"] = tuple(json.loads(str(item.get("earlier", "[]"))))
        return cls(**known)

    def to_job(self) -> Job:
        """Give the job with which the execution of this attempt begins.

        It follows from what is written once for an attempt, so that two who start
        the same attempt start the same execution.
        """
        plain = Job(
            job_id=self.job_id,
            provider=self.provider,
            type=self.type,
            bucket=self.bucket,
            key=self.key,
            version_id=self.version_id,
        )
        if self.attempt == 1 and self.key:
            return plain  # as intake starts it
        return plain.with_(
            provider_ref=self.provider_ref,
            received_at=self.received_at,
            submitted_at=self.submitted_at,
            rows=self.rows,
            attempt=self.attempt,
            resumed_at=self.resumed_at,
        )

    def attempts_json(self) -> str:
        """Give the attempts so far, this one included, as the table keeps them."""
        this = {
            "attempt": self.attempt,
            "outcome": str(self.outcome),
            "error": self.error,
            "checks": self.polls,
            "ended_at": self.ended_at,
        }
        return json.dumps([*self.earlier, this])


def month_of(moment: float) -> str:
    """Give the month, in UTC, under which a job is listed."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m")
