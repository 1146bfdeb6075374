"""Findings: what must not be after a run, whatever failed in it (I1 to I6)."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from functions.core.errors import SubmitOutcomeUnknown
from functions.core.model import Job, Outcome
from tests.canary import Canary
from tests.world.injection import Mode
from tests.world.world import World

_BAD_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")
_POSTS = ("submit: ipqs.upload", "submit: txncheck.submit")
_CLAIM = "submit: dynamodb.UpdateItem"
#: Members of a result that differ from run to run.
_OF_THE_PROVIDER = frozenset(("requestId", "createdAt", "completedAt"))


class Column(StrEnum):
    """The columns of the table of runs; all but the last have to be 0."""

    LOST = "lost"
    TRUNCATED = "truncated but visible"
    EARLY = "early notices"
    DOUBLE = "double submissions"
    LEAK = "leaks"
    STUCK = "stuck"
    PERSON = "left to a person"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    column: Column
    text: str


@dataclass(frozen=True)
class Clean:
    """A run without faults: its calls, and the content of each result by its name."""

    calls: Sequence[str]
    contents: Mapping[str, object]

    @property
    def claiming(self) -> Sequence[str]:
        """The call before the claim, the claim, and what follows it before the POST."""
        post = next(at for at, call in enumerate(self.calls) if call in _POSTS)
        claim = max(at for at in range(post) if self.calls[at] == _CLAIM)
        return self.calls[claim - 1 : post]


def findings(world: World, job: Job, clean: Clean, canary: Canary) -> list[Finding]:
    """Return everything that is not as it should be after a run."""
    return [
        *_fate(world, job, clean),
        *_visible_objects(world, job, clean.contents),
        *(Finding(Column.EARLY, text) for text in world.early_notices),
        *_submissions(world),
        *leaks(world, canary),
    ]


def contents(world: World, job: Job) -> dict[str, object]:
    """Return the content of each visible result, without what differs between runs."""
    objects = world.objects(job)
    is_batch = any(name.endswith(".jsonl") for name in objects)
    return {
        name: _joined(content)
        if is_batch and name.startswith("joined")
        else _comparable(content)
        for name, content in objects.items()
        if not name.startswith("manifest")  # that of a retry has a number
    }


def _joined(content: bytes) -> object:
    """Return the joined records of a batch, without the times of its answers."""
    if content.startswith(b"PAR1") and content.endswith(b"PAR1"):
        return "a whole Parquet file"
    file = io.StringIO(content.decode(), newline="")
    return [
        {
            name: text
            for name, text in record.items()
            if name.removeprefix("txncheck_") not in _OF_THE_PROVIDER
        }
        for record in csv.DictReader(file, strict=True)
    ]


def _comparable(content: bytes) -> object:
    """Return a result without the ids and times that the provider gave it."""
    if not content.startswith(b"{"):
        return content
    lines = []
    for line in content.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            return content  # it is cut
        lines.append(_without(document, _OF_THE_PROVIDER))
    return lines


def _without(document: object, names: frozenset[str]) -> object:
    if isinstance(document, dict):
        return {
            name: _without(value, names)
            for name, value in document.items()
            if name not in names
        }
    return document


def _fate(world: World, job: Job, clean: Clean) -> Iterator[Finding]:
    """Find a job without its result, or one of which nobody hears."""
    item, executions = world.item(job.job_id), world.executions(job)
    outcome = item.get("outcome", "")
    running = [each.name for each in executions if not each.is_over]
    seen = [each.status for each in executions if each.status in _BAD_STATUSES]
    if running or (not outcome and not seen and not world.dead_letters):
        state = [each.state[0] for each in executions]
        yield Finding(Column.STUCK, f"no outcome, no failure to be seen: {state}")
        return
    notices = [notice["outcome"] for notice in world.notices(job)]
    if outcome and outcome not in notices:
        yield Finding(Column.STUCK, f"{outcome}, and nobody was told: {notices}")
    if outcome == Outcome.SUCCEEDED:
        yield from _manifest(world, job)
        return
    if outcome == Outcome.PARTIAL:
        errors = {str(error) for error in _row_errors(world, job)}
    else:
        errors = {str(item.get("error", ""))}
    if errors == {SubmitOutcomeUnknown.__name__} and _is_explained(
        world, clean.claiming
    ):
        yield Finding(Column.PERSON, "the answer to the submission was lost")
        return
    yield Finding(
        Column.LOST, f"{outcome or 'no outcome'} {sorted(errors)} {world.dead_letters}"
    )


def _row_errors(world: World, job: Job) -> Iterator[object]:
    for name, content in world.objects(job).items():
        if name.startswith("result") and name.endswith(".jsonl"):
            for line in content.splitlines():
                document = json.loads(line)
                if document["outcome"] != Outcome.SUCCEEDED:
                    yield document.get("error", document["outcome"])


def _is_explained(world: World, claiming: Sequence[str]) -> bool:
    """Whether a fault explains that nobody knows if something was submitted.

    The call to submit itself failed; or its process was killed right before it, when
    what is recorded is the same, or right after it, when the answer died with it.
    """
    calls = world.injector.calls
    for at, fault in world.injector.faults.items():
        if at >= len(calls):
            continue
        if calls[at] in _POSTS:
            return True
        if (
            at
            and calls[at - 1] in _POSTS
            and (
                fault.mode is Mode.KILLED_BEFORE
                or (fault.mode is Mode.ERROR_BEFORE and _is_answer_lost(world, at))
            )
        ):
            return True
        if fault.mode is Mode.KILLED_BEFORE and _is_claim_unremoved(
            world, at, claiming
        ):
            return True
        claimed = fault.mode is Mode.KILLED_AFTER
        for length in range(2, len(claiming) + 1):
            begun = [*claiming[:length]]
            is_there = any(own[-length:] == begun for own in _ways_to(world, at))
            if is_there and (
                claimed or (fault.mode is Mode.KILLED_BEFORE and length > 2)
            ):
                return True
    return False


def _ways_to(world: World, at: int) -> Iterator[list[str]]:
    """Yield the calls up to one: all, and those of a process that had stalled.

    While it stalled, others made calls in between.
    """
    calls = [*world.injector.calls]
    yield calls[: at + 1]
    for stalled, fault in world.injector.faults.items():
        if fault.mode is Mode.ZOMBIE and stalled < at:
            yield [*calls[: stalled + 1], calls[at]]


def _is_claim_unremoved(world: World, at: int, claiming: Sequence[str]) -> bool:
    """Whether a call removes a claim that was written, though an error came then.

    A process that was killed before it leaves what one leaves that was killed after it
    had claimed the submission.
    """
    calls, before = world.injector.calls, world.injector.faults.get(at - 1)
    if calls[at] != _CLAIM or before is None:
        return False
    if calls[at - 1] == _CLAIM:
        return before.mode is Mode.ERROR_AFTER
    errors = (Mode.ERROR_BEFORE, Mode.ERROR_AFTER)
    return calls[at - 1] in claiming[2:] and before.mode in errors


def _is_answer_lost(world: World, at: int) -> bool:
    """Whether the process that made a call was killed later, or its answer was lost.

    What the table did not take is then in the log only. Nobody waits for the answer of
    a process that stalled.
    """
    calls, faults = world.injector.calls, world.injector.faults
    function = calls[at].partition(" ")[0]
    if any(
        fault.mode is Mode.ZOMBIE and number < at and calls[number].startswith(function)
        for number, fault in faults.items()
    ):
        return True
    begins = [number for number, call in enumerate(calls) if call.startswith("aws: ")]
    begin = max(number for number in begins if number < at)
    end = min((number for number in begins if number > at), default=len(calls))
    killed = (Mode.KILLED_BEFORE, Mode.KILLED_AFTER)
    return any(
        fault.mode is not Mode.ERROR_BEFORE
        if number == begin
        else number > at and fault.mode in killed
        for number, fault in faults.items()
        if begin <= number < end
    )


def _manifest(world: World, job: Job) -> Iterator[Finding]:
    """Find a success without everything that its manifest names (I2)."""
    stored = world.s3.current(world.results, world.item(job.job_id)["manifest_key"])
    if stored is None or stored.content is None:
        yield Finding(Column.LOST, "success without a manifest")
        return
    for file in json.loads(stored.content)["files"]:
        result = world.s3.current(world.results, file["key"])
        if result is None or result.content is None:
            yield Finding(Column.LOST, f"success without {file['kind']}")
        elif hashlib.sha256(result.content).hexdigest() != file["sha256"]:
            yield Finding(Column.TRUNCATED, f"{file['kind']} has another hash")


def _visible_objects(
    world: World, job: Job, expected: Mapping[str, object]
) -> Iterator[Finding]:
    """Find results that are visible and not whole (I1), or were written again."""
    for name, content in contents(world, job).items():
        if name in expected and content != expected[name]:
            is_of_rows = name.endswith(".jsonl") or (
                name.startswith("joined") and job.provider == "txncheck"
            )
            if is_of_rows and world.outcome(job) is Outcome.PARTIAL:
                continue  # rows that are left to a person have no result
            yield Finding(Column.TRUNCATED, f"{name}: {content!r:.200}")
    for key, versions in world.s3.buckets[world.results].items():
        if len(versions) != 1:
            yield Finding(Column.TRUNCATED, f"{key} was written again")
    is_told = any(
        notice["outcome"] in (Outcome.SUCCEEDED, Outcome.PARTIAL)
        for notice in world.notices(job)
    )
    manifest = world.item(job.job_id).get("manifest_key", "")
    if is_told and world.s3.current(world.results, manifest) is None:
        yield Finding(Column.EARLY, "a notice without a manifest")


def _submissions(world: World) -> Iterator[Finding]:
    """Find what the provider was paid for twice (I6)."""
    names = [csv.file_name for csv in world.site.ipqs.csvs]
    names += [
        json.dumps(request.fields, sort_keys=True)
        for request in world.site.txncheck.accepted
    ]
    for name in {*names}:
        if names.count(name) > 1:
            yield Finding(Column.DOUBLE, f"submitted {names.count(name)} times")


def leaks(world: World, canary: Canary) -> Iterator[Finding]:
    """Find secrets and personal data outside of the results (I5)."""
    for sink, text in sinks(world).items():
        canary.search(sink, text)
    for found in canary.found:
        yield Finding(Column.LEAK, found)
    canary.found.clear()


def sinks(world: World) -> dict[str, str]:
    """Return all that leaves the functions, but the results, as text by its place.

    The log has the functions' metrics, answers (also those of the API) and errors. All
    other places have each text once: states go from event to event, and settings to all
    functions.
    """
    executions = world.machine.executions.values()
    versions = [
        (key, version)
        for objects in world.s3.buckets.values()
        for key, versions in objects.items()
        for version in versions
    ]
    places = {
        "history": [[each.input, each.events, each.children] for each in executions],
        "causes": [[each.error, each.cause] for each in executions],
        "notices": world.sns.messages,
        "dead letters": world.dead_letters,
        "table": [*world.jobs.items.values(), *world.waits.items.values()],
        "objects": [[key, {**version.metadata}] for key, version in versions],
        "manifests": [
            (version.content or b"").decode()
            for key, version in versions
            if "/manifest" in key
        ],
        "environment": [world.deployment.variables],
    }
    texts = {place: "\n".join(_texts(each)) for place, each in places.items()}
    return {"log": world.log.getvalue(), **texts}


def _texts(place: object) -> Iterable[str]:
    """Return the names and values in nested data, each once, as texts."""
    found: dict[str, None] = {}  # as a set, in order

    def collect(value: object) -> None:
        if isinstance(value, str):
            found[value] = None
        elif isinstance(value, dict):
            for name, each in value.items():
                collect(name)
                collect(each)
        elif isinstance(value, (list, tuple)):
            for each in value:
                collect(each)
        else:
            found[str(value)] = None

    collect(place)
    return found
