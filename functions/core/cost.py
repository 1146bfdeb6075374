"""Cost: what AWS takes for a job, counted from the states that it passes.

List prices of us-east-1, noted on the day below: look them up before you rely on
them. How long the functions run is a guess on the high side, for a list of some
megabytes: at 25 USD a million, transitions decide all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.core.function_table import FUNCTIONS
from functions.core.model import Job

PRICES_NOTED_ON = "2026-11-22"
_USD_TRANSITION = 25e-6
_USD_GB_SECOND = 13.3334e-6
_USD_INVOCATION = 0.2e-6
_USD_TABLE_WRITE = 0.625e-6
_USD_S3_PUT = 5e-6
_USD_NOTICE = 0.5e-6

_RUNS_SECONDS = {"Submit": 5.0, "Download": 5.0, "Prepare": 5.0, "Gather": 30.0}
_RUNS_OTHERWISE = 0.5
#: Of a multipart upload; the bytes of one request.
_PART_BYTES = 16 * 1024 * 1024
_PUTS_OF_A_RESULT = 2  # begin and complete; the parts come on top


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a job made the stack do: `visits` of states by name, and what S3 took."""

    visits: Mapping[str, int]
    starts: int = 1  # of executions, each of which counts as a transition
    puts: int = 0
    notices: int = 1

    @property
    def transitions(self) -> int:
        """Every state entered, those of a Map's items too, and every start."""
        return self.starts + sum(self.visits.values())

    @property
    def usd(self) -> float:
        """What it costs."""
        calls = {**self.visits, "Intake": self.notices}
        usd = self.transitions * _USD_TRANSITION + self.notices * _USD_NOTICE
        for name, function in FUNCTIONS.items():
            state = name.capitalize()
            seconds = _RUNS_SECONDS.get(state, _RUNS_OTHERWISE)
            each = _USD_INVOCATION + seconds * function.memory / 1024 * _USD_GB_SECOND
            usd += calls.get(state, 0) * each
        writes = 3 + calls.get("Check", 0) + calls.get("Listen", 0)
        return usd + writes * _USD_TABLE_WRITE + self.puts * _USD_S3_PUT


def polled_job(
    *,
    checks: int,
    kinds: int,
    parts: int = 0,
    submits: int = 1,
    listens: bool = False,
) -> Usage:
    """Count what a job takes that is submitted, checked and delivered.

    One without results is neither collected nor has it a manifest; what a provider
    puts off is not counted.
    """
    visits = _polled(checks, submits=submits, listens=listens)
    visits |= dict.fromkeys(("Known", "Conclude", "Notify", "Judge", "Delivered"), 1)
    puts = 0
    if kinds:
        visits |= {"Collect": 1, "Download": kinds, "Manifest": 1}
        puts = 1 + kinds * _PUTS_OF_A_RESULT + (parts or kinds)
    return Usage(visits=visits, puts=puts)


def batch_request(*, checks: int, listens: bool = False) -> Usage:
    """Count what one request of a batch takes, in an execution of its own."""
    visits = _polled(checks, submits=1, listens=listens)
    visits |= dict.fromkeys(("Download", "Judge", "Succeeded"), 1)
    return Usage(visits=visits, puts=_PUTS_OF_A_RESULT + 1, notices=0)


def batch_job(*, requests: int) -> Usage:
    """Count what a batch takes whose requests each wait once for their turn and end.

    Its state does not say how often each was checked: a check more of each is three
    transitions more.
    """
    once = ("Known", "Prepare", "Requests", "Gather", "Manifest", "Conclude", "Notify")
    visits = {
        "Submit": 1,
        "Route": 2,
        **dict.fromkeys((*once, "Judge", "Delivered"), 1),
    }
    each = batch_request(checks=1)
    again = {"Hold": 1, "Submit": 1, "Route": 1}
    for more in (each.visits, again):
        for name, times in more.items():
            visits[name] = visits.get(name, 0) + times * requests
    own = 3 + _PUTS_OF_A_RESULT + 1 + 1  # prepared, the result, the manifest
    return Usage(visits=visits, starts=1 + requests, puts=own + each.puts * requests)


def usage_of(job: Job) -> Usage:
    """Count what a job took, by what it knows of itself when it ends."""
    if job.batch.requests:
        return batch_job(requests=job.batch.requests)
    return polled_job(
        checks=job.polls,
        kinds=len(job.files),
        parts=sum(-(-file.bytes // _PART_BYTES) for file in job.files),
        # A retry, or a job that the provider had already, is checked first.
        submits=0 if job.attempt > 1 or not job.bucket else 1,
    )


def _polled(checks: int, *, submits: int, listens: bool) -> dict[str, int]:
    waits = max(0, checks - 1 + submits)
    waiting = "Listen" if listens else "Wait"
    return {
        "Submit": submits,
        waiting: waits,
        "Check": checks,
        "Route": checks + submits,
    }
