"""Cost: estimate what AWS charges for a job, from the states that it visits.

All is estimated on the high side: functions run as long as for a list of some
megabytes, each in a new environment, which reads its secret anew; every execution is
traced. Storage is not counted. Even so, most of the cost is state transitions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from functions.core.function_table import FUNCTIONS
from functions.core.model import Job
from functions.core.prices import usd_of
from functions.core.rows import JOINED_KINDS

#: Estimated run times by state, and of the states that are not listed.
RUN_SECONDS = {
    "Submit": 5.0,
    "Download": 5.0,
    "Prepare": 5.0,
    "Gather": 30.0,
    "Join": 5.0,
}
DEFAULT_RUN_SECONDS = 0.5
#: The size of one part of a multipart upload; each part is one request.
_PART_BYTES = 16 * 1024 * 1024
_PUTS_OF_PREPARE = 4  # the work files of a list, and a look for its earlier versions
_PUTS_OF_BATCH = 5  # those of a batch
_PUTS_PER_RESULT = 2  # create and complete the upload; its parts are added
_GETS_OF_LIST = 7  # Prepare's, Submit's and Join's reads, but for those of results
_GETS_PER_RESULT = 2  # a look for an earlier one, and Join's or Gather's read
#: Updates of the jobs table besides one for each check and wait. An item has up to
#: 2 KB, and stands in the table and in the index by month.
_UPDATES, _UNITS_OF_UPDATE = 8, 4
_READS = 3
#: States whose functions call a provider, and read its secret, which takes its key.
#: Prepare asks for the credits that are left.
_WITH_SECRET = ("Prepare", "Submit", "Check", "Download")
#: What a function logs in a run, with the lines of Lambda itself.
_LOG_BYTES = 2500
#: Events of the history for each transition, and what the state machine logs of one at
#: the level ALL.
_EVENTS, _EVENT_BYTES = 3.4, 450
_SQS_REQUESTS = 3  # of an upload, besides its event: sent, received, deleted


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a job used: visits of states by name, executions, and calls by service.

    A request of a batch has neither notifications nor calls of Intake. The memory's
    reads and writes are those of verdicts.
    """

    visits: Mapping[str, int]
    executions: int = 1
    s3_puts: int = 0
    s3_gets: int = 0
    notifications: int = 1
    intake_calls: int = 1
    memory_reads: int = 0
    memory_writes: int = 0

    @property
    def transitions(self) -> int:
        """State transitions: every state entered, and one for each execution."""
        return self.executions + sum(self.visits.values())

    @property
    def shares(self) -> Mapping[str, float]:
        """The cost in US dollars, by what it is paid for."""
        calls = {**self.visits, "Intake": self.intake_calls}
        invocations, gb_seconds = 0, 0.0
        for name, function in FUNCTIONS.items():
            state = name.capitalize()
            seconds = RUN_SECONDS.get(state, DEFAULT_RUN_SECONDS)
            invocations += calls.get(state, 0)
            gb_seconds += calls.get(state, 0) * seconds * function.memory / 1024
        updates = _UPDATES * self.executions
        updates += sum(calls.get(state, 0) for state in ("Check", "Listen"))
        secrets = sum(calls.get(state, 0) for state in _WITH_SECRET)
        log_bytes = self.transitions * _EVENTS * _EVENT_BYTES
        return {
            "state transitions": usd_of("transition", self.transitions),
            "functions": usd_of("invocation", invocations)
            + usd_of("gb_second", gb_seconds),
            "tables": usd_of("write", updates * _UNITS_OF_UPDATE + self.memory_writes)
            + usd_of("read", _READS * self.executions + self.memory_reads),
            "objects": usd_of("s3_put", self.s3_puts) + usd_of("s3_get", self.s3_gets),
            "secrets": usd_of("secret", secrets),
            "keys": usd_of("kms", secrets + self.executions + self.notifications),
            "functions' logs": usd_of("log_byte", invocations * _LOG_BYTES),
            "state machine's log": usd_of("log_byte", log_bytes),
            "traces": usd_of("trace", self.executions),
            "messages": usd_of("notification", self.notifications)
            + usd_of("message", self.intake_calls * _SQS_REQUESTS)
            + usd_of("s3_event", self.intake_calls),
        }

    @property
    def usd(self) -> float:
        """The cost in US dollars."""
        return sum(self.shares.values())


def polled_job(
    *,
    checks: int,
    kinds: int,
    parts: int = 0,
    submits: int = 1,
    uses_webhook: bool = False,
    joined: int = 0,
) -> Usage:
    """Estimate a job that is submitted, checked and delivered.

    `kinds` is the number of results, `parts` the number of their multipart parts; 0 is
    counted as one for each result. A job without results visits neither Collect nor
    Manifest. Its records are joined into
    `joined` files. Submissions on hold
    are not counted.
    """
    visits = _polling_visits(checks, submits=submits, uses_webhook=uses_webhook)
    visits |= dict.fromkeys(
        ("Begin", "Known", "Conclude", "Notify", "Judge", "Delivered"), 1
    )
    s3_puts = 0
    s3_gets = 0
    if submits:
        visits["Prepare"] = 1
        visits["Route"] += 1
        s3_puts += _PUTS_OF_PREPARE
        s3_gets += _GETS_OF_LIST
    if kinds:
        visits |= {"Collect": 1, "Download": kinds, "Joinable": 1, "Manifest": 1}
        written = kinds + joined
        if joined:
            visits["Join"] = 1
        s3_puts += 1 + written * _PUTS_PER_RESULT + (parts or written)
        s3_gets += written * _GETS_PER_RESULT
    return Usage(visits=visits, s3_puts=s3_puts, s3_gets=s3_gets)


def remembered_job(*, joined: int) -> Usage:
    """Estimate a list of which nothing is sent, because all of it is remembered."""
    states = ("Begin", "Known", "Prepare", "Route", "Collect", "Joinable", "Join")
    ended = ("Manifest", "Conclude", "Notify", "Judge", "Delivered")
    return Usage(
        visits=dict.fromkeys((*states, *ended), 1),
        s3_puts=_PUTS_OF_PREPARE + 2 + joined * (_PUTS_PER_RESULT + 1),
        s3_gets=_GETS_OF_LIST + joined,
    )


def batch_request(*, checks: int, kinds: int = 1, uses_webhook: bool = False) -> Usage:
    """Estimate one request of a batch, which has an execution of its own.

    A shard of a list has results of several `kinds`.
    """
    visits = _polling_visits(checks, submits=1, uses_webhook=uses_webhook)
    visits |= {"Download": kinds, "Judge": 1, "Succeeded": 1}
    return Usage(
        visits=visits,
        s3_puts=kinds * (_PUTS_PER_RESULT + 1),
        s3_gets=1 + kinds * _GETS_PER_RESULT,
        notifications=0,
        intake_calls=0,
    )


def batch_job(*, requests: int, kinds: int = 1, joined: int = 0) -> Usage:
    """Estimate a batch, with one hold and one check per request.

    Its rows are joined into `joined` files, with a result of its own. A list in shards
    is one, too: each of its shards has results of several `kinds`, and so has the list.

    The batch's state does not contain the number of checks of its requests; each
    further check would be three more transitions.
    """
    visits = dict.fromkeys(
        (
            *("Begin", "Known", "Prepare", "Requests", "Gather", "Joinable"),
            *("Manifest", "Conclude", "Notify", "Judge", "Delivered"),
        ),
        1,
    )
    visits["Route"] = 2
    visits["Join"] = int(joined > 0)
    request = batch_request(checks=1, kinds=kinds)
    hold = {"Hold": 1, "Submit": 1, "Route": 1}
    for request_visits in (request.visits, hold):
        for state, times in request_visits.items():
            visits[state] = visits.get(state, 0) + times * requests
    result_puts, manifest_puts = (kinds + joined) * (_PUTS_PER_RESULT + 1), 1
    return Usage(
        visits=visits,
        executions=1 + requests,
        s3_puts=_PUTS_OF_BATCH
        + result_puts
        + manifest_puts
        + request.s3_puts * requests,
        s3_gets=_GETS_OF_LIST
        + (kinds + joined) * _GETS_PER_RESULT
        + request.s3_gets * requests,
    )


def usage_of(job: Job) -> Usage:
    """Return what an ended job used, estimated from its state."""
    usage = _usage_without_memory(job)
    if not job.prepared.remembered_version_id:
        return usage
    sent = job.prepared.sent
    return replace(
        usage, memory_reads=sent + job.prepared.remembered, memory_writes=sent
    )


def _usage_without_memory(job: Job) -> Usage:
    joined = sum(file.kind in JOINED_KINDS for file in job.files)
    kinds = len(job.files) - joined
    if job.batch.requests:
        return batch_job(
            requests=job.batch.requests, kinds=max(1, kinds), joined=joined
        )
    if job.prepared.remembered and not job.prepared.sent:
        return remembered_job(joined=joined)
    return polled_job(
        checks=job.polls,
        kinds=kinds,
        joined=joined,
        parts=sum(-(-file.bytes // _PART_BYTES) for file in job.files),
        # A retry starts with a check, and so does a job that the provider already has.
        submits=0 if job.attempt > 1 or not job.bucket else 1,
    )


def _polling_visits(checks: int, *, submits: int, uses_webhook: bool) -> dict[str, int]:
    return {
        "Submit": submits,
        "Listen" if uses_webhook else "Wait": max(0, checks - 1 + submits),
        "Check": checks,
        "Route": checks + submits,
    }
