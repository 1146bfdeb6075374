"""Invariants: what must be true of a world at every moment (docs/reliability.md)."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from functions.core.job_record import End
from functions.core.model import Outcome
from local.simulators.txncheck.behaviour import RequestOutcome
from tests.model.people import People, Upload, jobs, notices, requests
from tests.world.world import World

_FAILED = (RequestOutcome.TEMPORARY, RequestOutcome.BUSINESS_ERROR)
#: A call that fails after its effect, or whose process is killed, is made again.
_ANNOUNCING = ("sns.Publish", "finalize_execution: ")


@dataclass
class Memory:
    """The facts that were recorded, none of which may ever be undone."""

    ends: dict[tuple[str, int], End] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    unsent: set[tuple[str, int]] = field(default_factory=set)  # ended, never claimed


def violations(people: People, memory: Memory) -> Iterator[str]:
    """Yield everything that is not as it must be."""
    world = people.world
    yield from _jobs(people)
    yield from _payments(people)
    yield from _undone(world, memory)
    yield from _sent_after_the_end(world, memory)
    yield from _notices(world)
    yield from _results(world)


def _jobs(people: People) -> Iterator[str]:
    """Find jobs that nobody asked for, such as a second one of an object."""
    counts: Counter[int] = Counter()
    for record in jobs(people.world):
        upload = people.upload_of(record)
        if upload is None:
            yield f"the job {record.job_id:.8} is of no upload: {record.key}"
        else:
            counts[id(upload)] += 1
    for upload in people.uploads:
        if counts[id(upload)] > upload.wishes:
            yield (
                f"{upload.job.key} has {counts[id(upload)]} jobs, not {upload.wishes}"
            )
    known = {record.job_id for record in jobs(people.world)}
    for request in requests(people.world):
        if request.batch_id not in known:
            yield f"the request {request.job_id:.8} is of no batch"


def _payments(people: People) -> Iterator[str]:
    """Find what is paid for more often than somebody asked for it (I6)."""
    world = people.world
    known = {record.job_id for record in jobs(world)}
    names = Counter(csv.file_name for csv in world.site.ipqs.csvs)
    for name, count in names.items():
        if count > 1 or name.removesuffix(".csv") not in known:
            yield f"the list {name:.8} is paid {count} times"
    for upload in people.uploads:
        for mobile in upload.mobiles:
            yield from _paid_requests(world, upload, mobile)


def _paid_requests(world: World, upload: Upload, mobile: str) -> Iterator[str]:
    sent = [
        request
        for request in world.site.txncheck.accepted
        if request.fields["mobile"] == mobile
    ]
    unfailed = [
        request
        for request in sent
        if request.completion is None or request.completion.outcome not in _FAILED
    ]
    if len(unfailed) > upload.wishes:
        yield f"{mobile} is paid {len(unfailed)} times, wanted {upload.wishes} times"
    most = upload.wishes + (upload.retries if upload.kind == "batch" else 0)
    if len(sent) > most:
        yield f"{mobile} is sent {len(sent)} times, and was asked for {most} times"


def _undone(world: World, memory: Memory) -> Iterator[str]:
    """Find recorded facts that were changed."""
    for record in [*jobs(world), *requests(world)]:
        for attempt in range(1, record.attempt + 1):
            end = record.end_of(attempt)
            if end.outcome:
                first = memory.ends.setdefault((record.job_id, attempt), end)
                if first != end:
                    yield f"the end of {record.job_id:.8} was {first}, and is {end}"
        if record.provider_ref:
            first_ref = memory.references.setdefault(record.job_id, record.provider_ref)
            if first_ref != record.provider_ref:
                yield f"{record.job_id:.8} has another reference than before"


def _sent_after_the_end(world: World, memory: Memory) -> Iterator[str]:
    """Find what was sent although its job had ended before any try claimed it."""
    ended = {record.job_id: record for record in jobs(world) if record.outcome}
    for record in [*jobs(world), *requests(world)]:
        job = ended.get(record.batch_id or record.job_id)
        if job is None:
            continue
        if record.provider_ref:
            if (record.job_id, job.attempt) in memory.unsent:
                yield f"{record.job_id:.8} was sent after the end: {job.outcome}"
        elif "intent" not in world.jobs.items[record.job_id]:
            memory.unsent.add((record.job_id, job.attempt))


def _notices(world: World) -> Iterator[str]:
    """Find notices that say anything but the table, or say it twice (I3, I6)."""
    for text in world.early_notices:
        yield f"a notice came before its end was recorded: {text}"
    told: Counter[tuple[str, ...]] = Counter()
    for notice in notices(world):
        fields = ("job_id", "outcome", "error", "verdict", "manifest_key")
        told[tuple(notice[name] for name in fields)] += 1
    recorded: Counter[tuple[str, ...]] = Counter()
    for record in jobs(world):
        for attempt in range(1, record.attempt + 1):
            end = record.end_of(attempt)
            facts = (str(end.outcome), end.error, str(end.verdict), end.manifest_key)
            recorded[(record.job_id, *facts)] += bool(end.outcome)
    repeated = sum(
        any(name in injected for name in _ANNOUNCING)
        for injected in world.injector.injected
    )
    # An execution that was announced and is redriven announces its end once more.
    repeated += sum(each.redrives for each in world.machine.executions.values())
    for said, count in told.items():
        if not recorded[said]:
            yield f"a notice says {said[1:]}, which is not recorded"
        elif count > recorded[said] + repeated:
            yield f"{count} notices of {recorded[said]} ends {said[1:]}"


def _results(world: World) -> Iterator[str]:
    """Find results that are not whole, or not what a manifest says (I1, I2)."""
    objects = world.s3.buckets[world.results]
    for key, versions in objects.items():
        if len(versions) != 1:
            yield f"{key} was written {len(versions)} times"
    for record in jobs(world):
        for attempt in range(1, record.attempt + 1):
            end = record.end_of(attempt)
            if end.manifest_key:
                yield from _manifest(world, end.manifest_key)
            elif end.outcome in (Outcome.SUCCEEDED, Outcome.PARTIAL):
                yield f"{record.job_id:.8} is {end.outcome} without a manifest"
    for csv in world.site.ipqs.csvs:
        prefix = f"ipqs/{csv.type}/{csv.file_name.removesuffix('.csv')}/"
        for kind in csv.results:
            stored = world.s3.current(world.results, f"{prefix}{kind}.csv")
            if stored and stored.content != csv.content(kind).read():
                yield f"{kind} of {prefix} is not what the provider sent"


def _manifest(world: World, key: str) -> Iterator[str]:
    stored = world.s3.current(world.results, key)
    if stored is None or stored.content is None:
        yield f"the manifest {key} is missing"
        return
    for file in json.loads(stored.content)["files"]:
        result = world.s3.current(world.results, file["key"])
        if result is None or result.content is None:
            yield f"{file['key']} of a manifest is missing"
        elif hashlib.sha256(result.content).hexdigest() != file["sha256"]:
            yield f"{file['key']} has another hash than its manifest says"
