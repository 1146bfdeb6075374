"""Cost: estimate what AWS charges for a job, from the states that it visits.

The run times of the functions are estimated on the high side, for a list of some
megabytes; even so, most of the cost is state transitions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.core import prices
from functions.core.function_table import FUNCTIONS
from functions.core.model import Job
from functions.core.rows import JOINED_KINDS

#: Estimated run times by state, and of the states that are not listed.
_RUN_SECONDS = {
    "Submit": 5.0,
    "Download": 5.0,
    "Prepare": 5.0,
    "Gather": 30.0,
    "Join": 5.0,
}
_DEFAULT_RUN_SECONDS = 0.5
#: The size of one part of a multipart upload; each part is one request.
_PART_BYTES = 16 * 1024 * 1024
_PUTS_OF_PREPARE = 3  # the work files of a list, or of a batch
_PUTS_PER_RESULT = 2  # create and complete the upload; its parts are added


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a job used: visits of states by name, executions, and calls by service.

    A request of a batch has neither notifications nor calls of Intake.
    """

    visits: Mapping[str, int]
    executions: int = 1
    s3_puts: int = 0
    notifications: int = 1
    intake_calls: int = 1

    @property
    def transitions(self) -> int:
        """State transitions: every state entered, and one for each execution."""
        return self.executions + sum(self.visits.values())

    @property
    def usd(self) -> float:
        """The cost in US dollars."""
        calls = {**self.visits, "Intake": self.intake_calls}
        usd = (
            self.transitions * prices.USD_PER_STATE_TRANSITION
            + self.notifications * prices.USD_PER_NOTIFICATION
            + self.s3_puts * prices.USD_PER_S3_PUT
        )
        for name, function in FUNCTIONS.items():
            state = name.capitalize()
            seconds = _RUN_SECONDS.get(state, _DEFAULT_RUN_SECONDS)
            gb_seconds = seconds * function.memory / 1024
            usd += calls.get(state, 0) * (
                prices.USD_PER_INVOCATION + gb_seconds * prices.USD_PER_GB_SECOND
            )
        table_writes = 7 + calls.get("Check", 0) + calls.get("Listen", 0)
        return usd + table_writes * prices.USD_PER_TABLE_WRITE


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
    if submits:
        visits["Prepare"] = 1
        visits["Route"] += 1
        s3_puts += _PUTS_OF_PREPARE
    if kinds:
        visits |= {"Collect": 1, "Download": kinds, "Joinable": 1, "Manifest": 1}
        written = kinds + joined
        if joined:
            visits["Join"] = 1
        s3_puts += 1 + written * _PUTS_PER_RESULT + (parts or written)
    return Usage(visits=visits, s3_puts=s3_puts)


def remembered_job(*, joined: int) -> Usage:
    """Estimate a list of which nothing is sent, because all of it is remembered."""
    states = ("Begin", "Known", "Prepare", "Route", "Collect", "Joinable", "Join")
    ended = ("Manifest", "Conclude", "Notify", "Judge", "Delivered")
    return Usage(
        visits=dict.fromkeys((*states, *ended), 1),
        s3_puts=_PUTS_OF_PREPARE + 2 + joined * (_PUTS_PER_RESULT + 1),
    )


def batch_request(*, checks: int, uses_webhook: bool = False) -> Usage:
    """Estimate one request of a batch, which has an execution of its own."""
    visits = _polling_visits(checks, submits=1, uses_webhook=uses_webhook)
    visits |= dict.fromkeys(("Download", "Judge", "Succeeded"), 1)
    return Usage(
        visits=visits, s3_puts=_PUTS_PER_RESULT + 1, notifications=0, intake_calls=0
    )


def batch_job(*, requests: int) -> Usage:
    """Estimate a batch, with one hold and one check per request.

    The batch's state does not contain the number of checks of its requests; each
    further check would be three more transitions.
    """
    visits = dict.fromkeys(
        (
            *("Begin", "Known", "Prepare", "Requests", "Gather"),
            *("Manifest", "Conclude", "Notify", "Judge", "Delivered"),
        ),
        1,
    )
    visits["Route"] = 2
    request = batch_request(checks=1)
    hold = {"Hold": 1, "Submit": 1, "Route": 1}
    for request_visits in (request.visits, hold):
        for state, times in request_visits.items():
            visits[state] = visits.get(state, 0) + times * requests
    result_puts, manifest_puts = _PUTS_PER_RESULT + 1, 1
    return Usage(
        visits=visits,
        executions=1 + requests,
        s3_puts=_PUTS_OF_PREPARE
        + result_puts
        + manifest_puts
        + request.s3_puts * requests,
    )


def usage_of(job: Job) -> Usage:
    """Return what an ended job used, estimated from its state."""
    if job.batch.requests:
        return batch_job(requests=job.batch.requests)
    joined = sum(file.kind in JOINED_KINDS for file in job.files)
    if job.prepared.remembered and not job.prepared.sent:
        return remembered_job(joined=joined)
    return polled_job(
        checks=job.polls,
        kinds=len(job.files) - joined,
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
