"""Cost: what AWS takes for a job, counted from the states that it passes.

List prices of us-east-1, noted on the day below: look them up before you rely on
them. How long the functions run is a guess on the high side, for a list of some
megabytes: at 25 USD a million, transitions decide all the same.
"""

from dataclasses import dataclass

from functions.core.model import Job

PRICES_NOTED_ON = "2026-11-22"
_USD_TRANSITION = 25e-6
_USD_GB_SECOND = 13.3334e-6
_USD_INVOCATION = 0.2e-6
_USD_TABLE_WRITE = 0.625e-6
_USD_S3_PUT = 5e-6
_USD_NOTICE = 0.5e-6

#: What a function has of memory, in MB; `infra.functions` gives it that.
MEMORY = {
    "Intake": 256,
    "Submit": 512,
    "Check": 256,
    "Download": 1024,
    "Manifest": 512,
    "Conclude": 256,
    "Prepare": 1024,
    "Gather": 1024,
}
_RUNS_SECONDS = {"Submit": 5.0, "Download": 5.0, "Prepare": 5.0, "Gather": 30.0}
_RUNS_OTHERWISE = 0.5
#: Of a multipart upload; the bytes of one request.
_PART_BYTES = 16 * 1024 * 1024
_PUTS_OF_A_RESULT = 2  # begin and complete; the parts come on top
#: The last state: Delivered or Failed.
_END = "End"


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a job made the stack do: `visits` of states, by name, and S3's part."""

    visits: dict[str, int]
    starts: int = 1  # of executions, each of which counts as a transition
    puts: int = 0  # to S3

    @property
    def transitions(self) -> int:
        """Every state entered, and every start."""
        return self.starts + sum(self.visits.values())

    @property
    def usd(self) -> float:
        """What it costs."""
        usd = self.transitions * _USD_TRANSITION + self.puts * _USD_S3_PUT
        usd += _USD_NOTICE
        calls = {"Intake": 1, **self.visits}
        for name, memory in MEMORY.items():
            seconds = _RUNS_SECONDS.get(name, _RUNS_OTHERWISE)
            each = _USD_INVOCATION + seconds * memory / 1024 * _USD_GB_SECOND
            usd += calls.get(name, 0) * each
        writes = calls.get("Check", 0) + 3
        return usd + writes * _USD_TABLE_WRITE


def of_a_poll(*, checks: int, kinds: int, parts: int = 0, submits: int = 1) -> Work:
    """Count what a job takes that is submitted, checked and delivered.

    One without results is neither collected nor has it a manifest. A Listen counts
    as the Wait that it stands for, and what a provider puts off is not counted.
    """
    visits = dict.fromkeys(("Known", "Conclude", "Notify", "Judge", _END), 1)
    visits |= {"Submit": submits, "Wait": max(0, checks - 1 + submits), "Check": checks}
    visits["Route"] = checks + submits
    puts = 0
    if kinds:
        visits |= {"Collect": 1, "Download": kinds, "Manifest": 1}
        puts = 1 + kinds * _PUTS_OF_A_RESULT + (parts or kinds)
    return Work(visits=visits, puts=puts)


def of_a_batch(*, requests: int) -> Work:
    """Count what a batch takes whose requests each wait once for their turn and end.

    The batch's state does not say how often each of them was checked: one more check
    is three transitions more.
    """
    once = ("Known", "Submit", "Prepare", "Requests", "Gather", "Manifest")
    visits = dict.fromkeys((*once, "Conclude", "Notify", "Judge", _END), 1)
    of_each = {"Submit": 2, "Hold": 1, "Route": 3, "Wait": 1, "Check": 1}
    of_each |= {"Download": 1, "Judge": 1, "Tell": 1}
    for name, times in of_each.items():
        visits[name] = visits.get(name, 0) + times * requests
    visits["Route"] += 2
    return Work(visits=visits, starts=1 + requests, puts=4 + 3 * requests)


def of_job(job: Job) -> Work:
    """Count what a job took, by what it knows of itself when it ends."""
    if job.batch.requests:
        return of_a_batch(requests=job.batch.requests)
    return of_a_poll(
        checks=job.polls,
        kinds=len(job.files),
        parts=sum(-(-file.bytes // _PART_BYTES) for file in job.files),
        # A retry, or a job that the provider had already, is checked first.
        submits=0 if job.attempt > 1 or not job.bucket else 1,
    )
