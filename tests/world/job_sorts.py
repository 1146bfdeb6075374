"""Job sorts: make a job of every sort, in every state that people can see it in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.core.model import Job
from local.simulators.faults import Answer
from local.simulators.txncheck import RequestOutcome
from tests.faults.scenarios import BATCH, LIST, REQUEST
from tests.unit import recordings
from tests.world.site import Site
from tests.world.world import World

_LIST_KEY = "ipqs/email/people.csv"
_REQUEST_KEY = "txncheck/full-check/person.json"
_BATCH_KEY = "txncheck/full-check/people.csv"
_QUOTE = {"courier-quote": "yes"}
_SHARDS: Mapping[str, Any] = {"ipqs": {"max_upload_rows": 1}}
_WEBHOOKS: Mapping[str, Any] = {"webhooks": True, "lost_webhooks": 99}
_AT_ONCE: Mapping[str, Any] = {"columns": ("Email Address", "Valid")}
_MIXED = (
    b"mobile,name\n+919800000009,Asha\n+919800000008,Bina\n+919800000000,Chand\n,\n"
)
#: A day in which a provider has not ended anything is over.
_FOREVER = 1e9


@dataclass(frozen=True, kw_only=True)
class Sort:
    """How a job of a sort comes about.

    `refusals` is how often the provider refuses what is sent, `until` the state in
    which the job is left, empty for its end. `then` is what happens after that; if it
    returns a job, it is that one.
    """

    key: str = _LIST_KEY
    content: bytes = LIST
    metadata: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    ipqs: Mapping[str, Any] = field(default_factory=dict)
    txncheck: Mapping[str, Any] = field(default_factory=dict)
    refusals: int = 0
    until: str = ""
    then: Callable[[World, Job], Job | None] = lambda _world, _job: None

    def made(self, site: Site) -> tuple[World, Job]:
        """Return a world with a job of this sort."""
        world = World(site, **self.options)
        site.ipqs.behave(**{**_AT_ONCE, **self.ipqs})
        site.txncheck.behave(**self.txncheck)
        _refuse(site, self.refusals)
        job = world.upload(self.key, self.content, metadata=self.metadata)
        world.run(until_state=self.until)
        return world, self.then(world, job) or job


def _refuse(site: Site, times: int) -> None:
    body = {"statusCode": 400, "message": ["Not today."], "error": "Bad Request"}
    site.ipqs.script("upload", [Answer.refusal("Not today.")] * times)
    site.txncheck.script("submit", [Answer.json(body, 400)] * times)


def _cancelled(world: World, job: Job) -> None:
    world.cancel(job)
    world.run()


def _stopped(world: World, job: Job) -> None:
    world.stop_execution(job.execution_name)
    world.run()


def _on(world: World, _job: Job) -> None:
    """Let the parts of a job be sent, and wait."""
    world.run(seconds=3.0)


def _recover(world: World, _job: Job) -> None:
    """Let the providers do their work again, for those who ask from now on."""
    world.site.ipqs.behave(seconds_processing=0.0, credits_back_at=0.0)
    world.site.txncheck.behave(seconds_processing=0.0)


def _timed_out(world: World, job: Job) -> None:
    """Let the time pass by which the provider must have ended the job."""
    _on(world, job)
    world.site.clock.advance(2 * 86_400.0)
    world.run()
    _recover(world, job)


def _late(world: World, job: Job) -> None:
    """Let the provider end what has timed out, and the sweep find it."""
    _timed_out(world, job)
    world.site.clock.advance(86_400.0)
    world.sweep()
    world.run()


def _again(world: World, job: Job) -> Job:
    """Upload the same bytes once more; return that job."""
    again = world.upload(job.key, LIST)
    world.run()
    return again


def _others(world: World, _job: Job) -> Job:
    """Upload other bytes with the same values; return that job."""
    again = world.upload("ipqs/email/others.csv", LIST + b"\n")
    world.run()
    return again


def _without_results(world: World, _job: Job) -> None:
    """Let the lifecycle rule of the results bucket delete what is there."""
    world.s3.buckets[world.results].clear()


def _without_files(world: World, _job: Job) -> None:
    """Delete the results by hand, all but the manifest."""
    bucket = world.s3.buckets[world.results]
    for key in [key for key in bucket if not key.endswith("manifest.json")]:
        del bucket[key]


def _unjoined(world: World, _job: Job) -> None:
    inbox = world.s3.buckets[world.inbox]
    kept = {name: inbox.pop(name) for name in [*inbox] if name.endswith("table.json")}
    world.run()
    inbox.update(kept)


def _forgotten(world: World, _job: Job) -> None:
    """Let Step Functions forget the executions, as it does after 90 days."""
    world.machine.executions.clear()


def _many_attempts(world: World, job: Job) -> None:
    for times in (1, 0):
        _refuse(world.site, times)
        world.retry(job)
        world.run()


SORTS: Mapping[str, Sort] = {
    "list": Sort(),
    "list whose execution is forgotten": Sort(then=_forgotten),
    "list whose results have expired": Sort(then=_without_results),
    "list whose files are deleted": Sort(then=_without_files),
    "list that waits": Sort(until="Wait"),
    "list on hold": Sort(
        ipqs={"credits_back_at": 10 * _FOREVER}, until="Hold", then=_recover
    ),
    "list that failed": Sort(ipqs={"statuses": ("ERROR",)}),
    "list that was refused": Sort(refusals=2),
    "list that was refused twice, and then was not": Sort(
        refusals=2, then=_many_attempts
    ),
    "list with an unclear column": Sort(content=b"a,b\n1,2\n3,4\n"),
    "list in shards": Sort(options=_SHARDS),
    "list in shards, a part of which was refused": Sort(options=_SHARDS, refusals=1),
    "list in shards, all of which were refused": Sort(options=_SHARDS, refusals=3),
    "list that was refused, whose words have expired": Sort(
        refusals=2, then=_without_results
    ),
    "list in shards that wait": Sort(options=_SHARDS, until="Requests", then=_on),
    "list in shards that was cancelled": Sort(
        options=_SHARDS, until="Requests", then=_cancelled
    ),
    "list that could not be joined": Sort(until="Wait", then=_unjoined),
    "quote": Sort(metadata=_QUOTE, until="Approve"),
    "quote that nobody has approved": Sort(metadata=_QUOTE),
    "list that is remembered": Sort(options={"remember_days": 30}, then=_others),
    "list that was uploaded twice": Sort(then=_again),
    "list that timed out": Sort(
        ipqs={"seconds_processing": _FOREVER}, until="Wait", then=_timed_out
    ),
    "list that ended late": Sort(
        ipqs={"seconds_processing": _FOREVER}, until="Wait", then=_late
    ),
    "list that was cancelled": Sort(until="Wait", then=_cancelled),
    "list that was stopped": Sort(until="Wait", then=_stopped),
    "request": Sort(key=_REQUEST_KEY, content=REQUEST),
    "request that waits": Sort(key=_REQUEST_KEY, content=REQUEST, until="Wait"),
    "request that listens": Sort(
        key=_REQUEST_KEY, content=REQUEST, options=_WEBHOOKS, until="Listen"
    ),
    "request that failed": Sort(
        key=_REQUEST_KEY,
        content=REQUEST,
        txncheck={"ends": RequestOutcome.TEMPORARY},
    ),
    "request that was declined": Sort(
        key=_REQUEST_KEY,
        content=REQUEST,
        txncheck={"ends": RequestOutcome.BUSINESS_ERROR},
    ),
    "request that timed out": Sort(
        key=_REQUEST_KEY,
        content=REQUEST,
        txncheck={"seconds_processing": _FOREVER},
        until="Wait",
        then=_timed_out,
    ),
    "batch": Sort(key=_BATCH_KEY, content=BATCH),
    "batch with failed rows": Sort(key=_BATCH_KEY, content=_MIXED),
    "batch that failed": Sort(
        key=_BATCH_KEY,
        content=_MIXED,
        txncheck={"ends": RequestOutcome.BUSINESS_ERROR},
    ),
    "batch that failed for now": Sort(
        key=_BATCH_KEY, content=_MIXED, txncheck={"ends": RequestOutcome.TEMPORARY}
    ),
    "batch that was refused": Sort(key=_BATCH_KEY, content=BATCH, refusals=4),
    "batch without requests": Sort(key=_BATCH_KEY, content=b"mobile,name\n"),
    "batch that waits": Sort(key=_BATCH_KEY, content=BATCH, until="Requests", then=_on),
    "batch that could not be joined": Sort(
        key=_BATCH_KEY, content=BATCH, until="Requests", then=_unjoined
    ),
}

#: Items of the jobs table that an earlier release has written.
RECORDED = frozenset(recordings.names("items/jobs"))
