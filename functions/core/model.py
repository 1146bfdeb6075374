"""Model: define a job, its phase, outcome and results, and the status report."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from functools import cache
from typing import Any, Self

from functions.core.rows import NOT_JOINED, JoinedRows, RowsVerdict

#: A JSON object that travels through the state machine: small, without secrets.
State = dict[str, Any]


class Phase(StrEnum):
    """The status of a job, mostly at the provider, in one vocabulary for all."""

    QUOTED = "quoted"  # by us: it waits for approval, and the provider has nothing
    QUEUED = "queued"
    RUNNING = "running"
    FINALIZING = "finalizing"
    FINISHED = "finished"
    PARTIAL = "partial"
    FAILED = "failed"
    ABORTED = "aborted"


class Outcome(StrEnum):
    """How a job ended; empty while it runs."""

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
    PREPARE = "prepare"  # of executions of earlier releases: Submit found a batch
    APPROVE = "approve"  # wait until a person has approved its quote, then submit it
    SUBMIT = "submit"  # it is prepared: submit it
    REQUESTS = "requests"  # it is a batch: run its requests
    COLLECT = "collect"  # the provider has results: download them
    REPORT = "report"  # the batch's result is written: join it, write the manifest
    CONCLUDE = "conclude"  # record the outcome


class WaitReason(StrEnum):
    """Why the next check is when it is."""

    ELAPSED = "elapsed"  # in proportion to the time elapsed
    EXPECTED = "expected"  # the end is expected about then
    UNCONFIRMED = "unconfirmed"  # a bad answer counts once it is repeated
    FAILED = "failed"  # the last call failed
    ASKED = "asked"  # it failed, and the provider asked for this wait
    CREDITS = "credits"  # the provider wants credits
    DEADLINE = "deadline"  # it is the last one


@dataclass(frozen=True, kw_only=True)
class File:
    """One result of a job: an object in the results bucket, or why there is none.

    Without an object `key` is empty and `error` names the reason. `rows` is the number
    of lines after the header, `bytes` the object's size, `attempts` the number of tries
    and `link_age_seconds` the age of the download link when it was opened.
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
        return cls(**_own_fields(cls, state))

    def to_state(self) -> State:
        """Return the file as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class BatchPosition:
    """The position of a request in its batch; other jobs have no `batch_id`.

    `number` is that of the request. Its body is `length` bytes from `offset` in the
    object that has the bodies of all requests of the batch. `batch_since` is the time
    from which the batch's deadline counts, and `sending_seconds` how much later it is
    because the provider limits the rate of requests.

    A shard of a list is such a request, too: the `shard`-th one, with so many `rows`,
    sent for the `submission`-th time.
    """

    batch_id: str = ""
    number: int = 0
    offset: int = 0
    length: int = 0
    batch_since: float = 0.0
    sending_seconds: float = 0.0
    shard: int = 0
    rows: int = 0
    submission: int = 0

    @property
    def waits_since(self) -> float:
        """The time from which a request waits for what its batch waits for."""
        return self.batch_since and self.batch_since + self.sending_seconds

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read a position, ignoring fields of a newer deployment."""
        return cls(**_own_fields(cls, state))


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The requests, or the shards, into which a file was packed; its rows by outcome.

    A retry sends `resendable` failed requests again, paid again; it continues others.
    Of a list in shards, `files_key` is the object that names their files.
    """

    requests: int = 0
    key: str = ""  # of the object with the requests' bodies, in the inbox bucket
    version_id: str = ""
    items_key: str = ""  # of the list of the requests, in the same bucket
    outcomes: Mapping[str, int] = field(default_factory=dict)
    resendable: int = 0
    resumable: int = 0
    sending_seconds: float = 0.0  # that the provider's rate takes for its requests
    files_key: str = ""  # in the results bucket
    lacking: tuple[str, ...] = ()  # kinds that not all shards with results have
    values: int = 0  # that the provider counts; 0 for one in each request

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read a batch, ignoring fields of a newer deployment."""
        values = _own_fields(cls, state)
        return cls(**{**values, "lacking": tuple(values.get("lacking", ()))})


@dataclass(frozen=True, kw_only=True)
class PreparedList:
    """What Prepare made of a list: its work files, and how many records it has.

    records = blank + duplicates + not_sent + remembered + sent.

    `key` is the submission file, which is sent instead of the source; a batch has none.
    It, the records and the description of the table are work files.
    """

    key: str = ""
    version_id: str = ""
    records_version_id: str = ""
    table_version_id: str = ""
    records: int = 0  # of the source, the header not counted
    blank: int = 0
    duplicates: int = 0
    not_sent: int = 0  # do not fit the type
    sent: int = 0  # are in the submission file, or in requests
    shards: int = 0  # into which the submission file is cut; 0 for one upload
    remembered: int = 0  # have a verdict of an earlier job
    remembered_version_id: str = ""
    send_unfit: str = ""  # of shards: "yes" where cuts have what does not fit, or "no"

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read a prepared list, ignoring fields of a newer deployment."""
        return cls(**_own_fields(cls, state))


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """When a job should end, in seconds since its submission, and from how many jobs.

    Four of five end between `low` and `high`. Without jobs, nothing is forecast.
    """

    seconds: int = 0
    low: int = 0
    high: int = 0
    jobs: int = 0

    def __bool__(self) -> bool:
        """Return whether anything is forecast."""
        return self.jobs > 0

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read a forecast, ignoring fields of a newer deployment."""
        return cls(**_own_fields(cls, state))


NO_FORECAST = Forecast()
#: The same for fields of members of a job as `_ABSENT_IF_EMPTY` for its own.
_ABSENT_WITHIN_IF_EMPTY: Mapping[str, tuple[str, ...]] = {
    "part": ("batch_since", "sending_seconds", "shard", "rows", "submission"),
    "batch": (
        *("resendable", "resumable", "sending_seconds", "files_key", "lacking"),
        "values",
    ),
    "prepared": ("remembered", "remembered_version_id", "shards", "send_unfit"),
}
#: Fields of a job that states have under the names of an earlier release.
_STORED_AS = {"suspected_error": "doubt", "suspicions": "doubts"}
#: Fields of a job whose values are words.
_ENUMS: Mapping[str, type[StrEnum]] = {
    "phase": Phase,
    "next": Next,
    "verdict": RowsVerdict,
    "outcome": Outcome,
}

#: Fields that a state has only where they are not empty: the input of an execution must
#: stay what an earlier release wrote, or starting it again would be an error.
_ABSENT_IF_EMPTY = (
    *("unsent_claims", "held_for", "held_since", "webhook_status"),
    *("wait_reason", "forecast"),
)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One verification, followed from intake to delivered results.

    Times are Unix seconds, waits are seconds. Fields are only ever added, and only with
    defaults, because a deployment meets states written by older code. A job never holds
    links, keys, provider answers or personal data: it is the state of an execution,
    whose history keeps it.
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
    failures: int = 0  # failed calls in a row
    suspected_error: str = ""  # an error that is not confirmed yet
    suspicions: int = 0  # how often it was reported in a row
    next: Next = Next.WAIT
    wait_seconds: int = 1
    wait_reason: str = ""  # a WaitReason; empty before the first check
    forecast: Forecast = NO_FORECAST  # of the end, from jobs of its sort
    finished_at: float = 0.0  # when we noticed the end, by our clock
    kinds: tuple[str, ...] = ()  # of the results to fetch
    absent: tuple[str, ...] = ()  # kinds that the provider reports without a result
    rows: int = 0  # rows submitted, the header not counted
    distinct_rows: int = 0  # different ones among them; 0 if they were not counted
    invalid: int = 0  # rows that the provider, or Prepare, found invalid
    files: tuple[File, ...] = ()
    joined: JoinedRows = NOT_JOINED  # what became of a list's records
    manifest_key: str = ""
    verdict: RowsVerdict = RowsVerdict.NONE  # the manifest's
    outcome: Outcome = Outcome.NONE
    error: str = ""
    advice: str = ""
    attempt: int = 1  # number of the execution: a retry starts the next one
    resumed_at: float = 0.0  # when a retry began to wait again
    late: bool = False  # the sweep started this attempt, after a time-out
    slot_at: float = 0.0  # when the rate limit allows the submission
    heard_at: float = 0.0  # when a webhook ended the last wait; below 0: a person
    phase_since: float = 0.0  # when a check first reported the phase; 0 if none did
    unsent_claims: tuple[str, ...] = ()  # of tries that surely submitted nothing
    held_for: str = ""  # an error that the job waits out, such as OutOfCredits
    held_since: float = 0.0
    error_key: str = ""  # of the object with the provider's words about a failure
    webhook_status: str = ""  # what the provider last said of its webhook
    part: BatchPosition = BatchPosition()  # of a job that is one request of a batch
    batch: Batch = Batch()  # of a job that is a batch
    prepared: PreparedList = PreparedList()  # of a list or batch, from Prepare on

    @property
    def is_batch_request(self) -> bool:
        """Whether the job is one request of a batch, or one shard of a list."""
        return bool(self.part.batch_id)

    @property
    def file_name(self) -> str:
        """The name under which we submit it; empty if another client did."""
        return f"{self.job_id}.csv" if self.key else ""

    @property
    def execution_name(self) -> str:
        """The name of this attempt's execution."""
        return self.job_id if self.attempt == 1 else f"{self.job_id}-{self.attempt}"

    @property
    def waiting_since(self) -> float:
        """The time from which waits grow and the deadline counts."""
        return max(self.submitted_at, self.resumed_at) or self.received_at

    def age(self, now: float) -> float:
        """Return for how many seconds the job has been waiting."""
        return max(0.0, now - self.waiting_since) if self.waiting_since else 0.0

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read a job, ignoring members of the state that are not its fields."""
        values = _own_fields(cls, state)
        for name, stored_as in _STORED_AS.items():
            if stored_as in state:
                values[name] = state[stored_as]
        for name, enum in _ENUMS.items():
            if name in values:
                values[name] = enum(values[name])
        for name in ("kinds", "absent", "unsent_claims"):
            values[name] = tuple(values.get(name, ()))
        values["part"] = BatchPosition.from_state(values.get("part", {}))
        values["batch"] = Batch.from_state(values.get("batch", {}))
        values["joined"] = JoinedRows.from_state(values.get("joined", {}))
        values["forecast"] = Forecast.from_state(values.get("forecast", {}))
        values["prepared"] = PreparedList.from_state(values.get("prepared", {}))
        values["files"] = tuple(map(File.from_state, values.get("files", ())))
        return cls(**values)

    def to_state(self) -> State:
        """Return the job as a JSON object."""
        state = {**vars(self), "files": [file.to_state() for file in self.files]}
        for name in ("part", "batch", "joined", "forecast", "prepared"):
            state[name] = {**vars(state[name])}  # asdict would copy each value: slow
        for name in ("kinds", "absent", "unsent_claims"):
            state[name] = list(state[name])
        for name, stored_as in _STORED_AS.items():
            state[stored_as] = state.pop(name)
        state["batch"]["lacking"] = list(self.batch.lacking)
        for name, absent in _ABSENT_WITHIN_IF_EMPTY.items():
            state[name] = _without_empty(state[name], absent)
        if self.joined == NOT_JOINED:
            del state["joined"]
        if not self.prepared.records_version_id:
            del state["prepared"]
        empty = {name for name in _ABSENT_IF_EMPTY if not getattr(self, name)}
        return {name: value for name, value in state.items() if name not in empty}

    def with_(self, **changes: Any) -> Self:  # noqa: ANN401 - replace checks the names
        """Return the job with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class StatusReport:
    """A provider's answer to one check.

    `kinds` are the results that can be fetched now, `absent` those that the provider
    lists without a link. `unknown_word` is a status word that the adapter does not
    know, reduced to letters; the job then counts as running. `final_error` names the
    error of a failure that the provider documents as final, which needs no
    confirmation. `provider_finished_at` is the time of the end by the provider's clock,
    in Unix seconds, or 0. `errors` have `class` and (personal) `message` by step.
    """

    phase: Phase
    kinds: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    invalid: int = 0
    unknown_word: str = ""
    final_error: str = ""
    provider_finished_at: float = 0.0
    errors: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    webhook_status: str = ""  # reduced to letters


def _without_empty(state: State, names: tuple[str, ...]) -> State:
    return {name: value for name, value in state.items() if value or name not in names}


@cache
def _field_names(cls: type) -> frozenset[str]:
    return frozenset(definition.name for definition in fields(cls))


def _own_fields(cls: type, state: Mapping[str, Any]) -> dict[str, Any]:
    names = _field_names(cls)
    return {name: value for name, value in state.items() if name in names}
