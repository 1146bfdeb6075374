"""The words of the domain: a job, what the provider says of it, what it brought."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Self

#: A JSON object that travels through the state machine: small, without secrets.
State = dict[str, Any]


class Phase(StrEnum):
    """Our word for the provider's status."""

    QUEUED = "queued"
    RUNNING = "running"
    FINALIZING = "finalizing"
    FINISHED = "finished"
    PARTIAL = "partial"
    FAILED = "failed"
    ABORTED = "aborted"


class Outcome(StrEnum):
    """How a job ended; empty while it has not."""

    NONE = ""
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    ABORTED = "aborted"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


class Next(StrEnum):
    """Where the Route state of the workflow sends a job."""

    HOLD = "hold"  # wait, then submit again
    WAIT = "wait"  # wait, then check again
    LISTEN = "listen"  # the same, unless a webhook ends the wait
    PREPARE = "prepare"  # it is a batch: make requests of its rows
    COLLECT = "collect"
    REPORT = "report"  # all is collected: write the manifest
    CONCLUDE = "conclude"


@dataclass(frozen=True, kw_only=True)
class File:
    """One result of a job: an object in the results bucket, or why there is none.

    `key` is empty where there is no object; then `error` names the reason.
    `rows` counts its lines, a header not among them, `bytes` the object's size and
    `link_age_seconds` how old the link was when it was opened.
    """

    kind: str
    key: str = ""
    version_id: str = ""
    bytes: int = 0
    rows: int = 0
    sha256: str = ""
    attempts: int = 1
    link_age_seconds: float = 0.0
    error: str = ""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read a file, ignoring fields of a newer deployment."""
        return cls(**_known(cls, state))

    def to_state(self) -> State:
        """Give the file as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which request of a batch a job is; without a `batch_id` it is none.

    Its body lies in the batch's source of requests, `length` bytes from `offset`.
    """

    batch_id: str = ""
    number: int = 0
    offset: int = 0
    length: int = 0

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read a part, ignoring fields of a newer deployment."""
        return cls(**_known(cls, state))


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The requests that a file was packed into, and what became of its rows."""

    requests: int = 0
    key: str = ""  # of the object with the bodies, in the source's bucket
    version_id: str = ""
    items_key: str = ""  # of the list of the requests, beside it
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read a batch, ignoring fields of a newer deployment."""
        return cls(**_known(cls, state))


#: Fields of a job that states have under the names of an earlier release.
_STORED_AS = {"suspected_error": "doubt", "suspicions": "doubts"}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One verification that we follow, from intake to delivered results.

    Times are Unix seconds, waits are seconds. Fields are only ever added, and
    only with defaults: executions in flight meet new code. A job never holds
    links, keys, provider answers or personal data, for it is the state of an
    execution, which its history keeps.
    """

    job_id: str
    provider: str
    type: str
    bucket: str = ""
    key: str = ""
    version_id: str = ""
    provider_ref: str = ""
    received_at: float = 0.0
    submitted_at: float = 0.0
    phase: Phase = Phase.QUEUED
    polls: int = 0
    failures: int = 0  # calls in a row that were not answered
    suspected_error: str = ""  # a bad ending that was heard, but not often enough
    suspicions: int = 0  # how often in a row
    next: Next = Next.WAIT
    wait_seconds: int = 1
    finished_at: float = 0.0
    kinds: tuple[str, ...] = ()  # results to fetch
    absent: tuple[str, ...] = ()  # results that the provider says do not exist
    rows: int = 0  # rows handed in, the header not counted
    invalid: int = 0  # those that the provider, or Prepare of a batch, found invalid
    files: tuple[File, ...] = ()
    manifest_key: str = ""
    outcome: Outcome = Outcome.NONE
    error: str = ""
    advice: str = ""
    attempt: int = 1  # which execution this is: a retry starts another one
    resumed_at: float = 0.0  # when a retry started waiting anew
    slot_at: float = 0.0  # from when it may be submitted, under the provider's rate
    heard_at: float = 0.0  # when a webhook ended the last wait; 0 where none did
    phase_since: float = 0.0  # when a check first saw the phase; 0 where none did
    part: Part = Part()  # of a batch, if it is one
    batch: Batch = Batch()  # what it is made of, if it is one

    @property
    def execution_name(self) -> str:
        """The name of the execution that follows this attempt."""
        return self.job_id if self.attempt == 1 else f"{self.job_id}-{self.attempt}"

    @property
    def waiting_since(self) -> float:
        """From when the waits grow and the deadline counts."""
        return max(self.submitted_at, self.resumed_at) or self.received_at

    def age(self, now: float) -> float:
        """Give for how many seconds it has been waited for."""
        return max(0.0, now - self.waiting_since) if self.waiting_since else 0.0

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read a job, ignoring what the state holds besides and what is newer."""
        known = _known(cls, state)
        for name, stored_as in _STORED_AS.items():
            if stored_as in state:
                known[name] = state[stored_as]
        for name, kind in (("phase", Phase), ("next", Next), ("outcome", Outcome)):
            if name in known:
                known[name] = kind(known[name])
        for name in ("kinds", "absent"):
            known[name] = tuple(known.get(name, ()))
        known["part"] = Part.from_state(known.get("part", {}))
        known["batch"] = Batch.from_state(known.get("batch", {}))
        known["files"] = tuple(File.from_state(file) for file in known.get("files", ()))
        return cls(**known)

    def to_state(self) -> State:
        """Give the job as a JSON object."""
        state = asdict(self)
        for name in ("kinds", "absent", "files"):
            state[name] = list(state[name])
        for name, stored_as in _STORED_AS.items():
            state[stored_as] = state.pop(name)
        return state

    def with_(self, **changes: Any) -> Self:  # noqa: ANN401 - replace checks the names
        """Give this job with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class StatusReport:
    """What the provider said when it was asked once.

    `kinds` are the results that can be fetched now, `absent` those that the
    provider names without a link. `unknown` is a status word that the adapter
    does not know, reduced to letters; the job then counts as running. `final_error`
    names the error of a failure that the provider calls final, and that is therefore
    believed at once. `finished_at` is when the provider says that it was done, in Unix
    seconds; 0 where it does not say.
    """

    phase: Phase
    kinds: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    invalid: int = 0
    unknown_word: str = ""
    final_error: str = ""
    finished_at: float = 0.0


def _known(cls: type, state: Mapping[str, Any]) -> dict[str, Any]:
    names = {known.name for known in fields(cls)}
    return {name: value for name, value in state.items() if name in names}
