"""Shards: a list that takes several uploads is one job, whatever fails on the way."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from functions.core.model import Job, Outcome
from local.simulators.faults import Answer
from tests.world.injection import FOUR_MODES, Fault
from tests.world.site import Site
from tests.world.world import World

_KEY = "ipqs/email/export.csv"
_SHARDS, _ROWS = 4, 3
_NAMES = "abcdefghijkl"
#: Each upload takes three of the twelve values; one is there twice, and one is none.
_LIST = "Nr;E-Mail\n" + "".join(
    f"{number};{name}@rows.example\n" for number, name in enumerate(_NAMES, 1)
)
_LIST += "13;A@rows.example\n14;no address\n"


def world_of(
    site: Site, faults: Sequence[Fault] = (), *, send_unfit: bool = False
) -> World:
    """Return a world in which an upload takes three values."""
    settings = {"max_upload_rows": _ROWS, "send_unfit": send_unfit}
    world = World(site, faults, ipqs=settings)
    site.ipqs.behave(columns=("Email Address", "Valid"))
    return world


def run(
    site: Site, content: bytes = _LIST.encode(), faults: Sequence[Fault] = ()
) -> tuple[World, Job]:
    """Upload the list, and let its job end."""
    world = world_of(site, faults)
    job = world.upload(_KEY, content)
    world.run()
    return world, job


def paid(site: Site) -> Counter[str]:
    """Return how often each value was accepted by the provider."""
    uploads = [csv_.upload.read_text() for csv_ in site.ipqs.csvs if csv_.upload]
    assert {text.splitlines()[0] for text in uploads} <= {"email"}
    return Counter(line for text in uploads for line in text.splitlines()[1:])


def joined(world: World, job: Job, name: str = "joined.csv") -> list[list[str]]:
    """Return the records of a joined file, with its header."""
    text = world.objects(job)[name].decode()
    return [*csv.reader(io.StringIO(text, newline=""), strict=True)]


def manifest_of(world: World, job: Job, name: str = "manifest.json") -> dict[str, Any]:
    """Return a manifest."""
    manifest: dict[str, Any] = json.loads(world.objects(job)[name])
    return manifest


def verdicts(world: World, job: Job, name: str = "joined.csv") -> Counter[str]:
    """Return how many records have which status."""
    return Counter(row[1] for row in joined(world, job, name)[1:])


ALL = {f"{name}@rows.example": 1 for name in _NAMES}


def test_a_list_in_shards_comes_back_as_one(site: Site) -> None:
    """A file of each kind has the rows of all shards, and each record is joined."""
    world, job = run(site)

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert len(site.ipqs.csvs) == _SHARDS
    assert paid(site) == ALL
    assert verdicts(world, job) == {"verified": 12, "duplicate": 1, "not_sent": 1}
    objects, manifest = world.objects(job), manifest_of(world, job)
    assert manifest["rows"]["verdict"] == "complete"
    files = {file["kind"]: file for file in manifest["files"]}
    whole = objects["all.csv"].splitlines()
    assert sorted(line.split(b",")[0].decode() for line in whole[1:]) == sorted(ALL)
    shards = [f"all-{number:04}" for number in range(1, _SHARDS + 1)]
    assert sum(files[shard]["rows"] for shard in shards) == files["all"]["rows"] == 12
    parts = [objects[f"{shard}.csv"].splitlines() for shard in shards]
    assert whole == [parts[0][0], *(line for part in parts for line in part[1:])]
    assert manifest["batch"] == {"requests": _SHARDS, "outcomes": {"succeeded": 12}}
    quote = world.call_api("GET", f"/jobs/{job.job_id}").document["quote"]
    assert (quote["to_send"], quote["uploads"]) == (12, _SHARDS)
    assert len(world.notices(job)) == 1
    # Places travel through the states, not one file of a shard.
    (execution,) = world.executions(job)
    assert "-0001" not in execution.output


def test_only_shards_that_failed_are_sent_again(site: Site) -> None:
    """The others are paid for: their results are merged again, with the new ones.

    The credits that they took are no reason to ask whether the rest may be sent.
    """
    world = world_of(site)
    site.ipqs.behave(credits=12)
    site.ipqs.script("upload", [Answer.refusal("Not today.")] * 2)
    job = world.upload(_KEY, _LIST.encode())
    world.run()

    assert world.outcome(job) is Outcome.PARTIAL
    assert len(site.ipqs.csvs) == _SHARDS - 2
    statuses = verdicts(world, job)
    assert (statuses["verified"], statuses["missing"]) == (6, 6)
    manifest = manifest_of(world, job)
    assert manifest["batch"]["outcomes"] == {"failed": 6, "succeeded": 6}
    assert set(manifest["batch"]["errors"].values()) == {"ProviderRejected"}

    assert world.retry(job).status == 202
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert paid(site) == ALL
    assert verdicts(world, job, "joined-2.csv")["verified"] == 12
    second = manifest_of(world, job, "manifest-2.json")
    assert second["rows"]["verdict"] == "complete"
    assert {file["rows"] for file in second["files"] if file["kind"] == "all"} == {12}
    assert len(world.notices(job)) == 2


@pytest.mark.parametrize(
    ("refused", "outcome"), [(1, Outcome.PARTIAL), (_SHARDS, Outcome.FAILED)]
)
def test_a_list_leads_to_what_the_provider_says_of_a_shard(
    site: Site, refused: int, outcome: Outcome
) -> None:
    """Whoever gets only a part of a list, or nothing, asks why."""
    world = world_of(site)
    site.ipqs.script("upload", [Answer.refusal("Not today.")] * refused)
    job = world.upload(_KEY, _LIST.encode())
    world.run()
    assert world.outcome(job) is outcome
    world.retry(job)
    world.run()

    first, second = (notice["error_key"] for notice in world.notices(job))
    details = json.loads(world.objects(job)[first.rpartition("/")[2]])
    assert details["message"] == "Not today."
    assert second == ""
    shown = world.call_api("GET", f"/jobs/{job.job_id}/error", query={"attempt": "1"})
    assert (shown.status, shown.document.get("key")) == (200, first)


@pytest.mark.parametrize(
    ("before", "is_recorded"), [(False, True), (True, True), (False, False)]
)
def test_a_retry_sends_what_was_cut_whatever_the_settings_are(
    site: Site, *, before: bool, is_recorded: bool
) -> None:
    """What does not fit would be in records and numbers, and in no shard that is kept.

    A list that an earlier release has cut does not say what was in its shards.
    """
    world = world_of(site, send_unfit=before)
    site.ipqs.script("upload", [Answer.refusal("Not today.")] * (_SHARDS - 1))
    job = world.upload(_KEY, _LIST.encode())
    world.run()
    first = json.loads(str(world.item(job.job_id)["prepared"]))
    if not is_recorded:
        first["send_unfit"] = ""
        world.jobs.items[job.job_id]["prepared"] = {"S": json.dumps(first)}

    changed = {"ipqs": {"max_upload_rows": _ROWS, "send_unfit": not before}}
    world.lambdas.variables = world.deployment.with_changes(changed).variables
    assert world.retry(job).status == 202
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    if is_recorded:
        second = json.loads(str(world.item(job.job_id)["prepared"]))
        for name in ("sent", "not_sent", "send_unfit"):
            assert second[name] == first[name]
        assert paid(site) == ALL | ({"no address": 1} if before else {})
        statuses = verdicts(world, job, "joined-2.csv")
        assert statuses["verified"] == paid(site).total()
        assert statuses["not_sent"] == (0 if before else 1)
        rows = manifest_of(world, job, "manifest-2.json")["rows"]
        assert (rows["sent"], rows["verdict"]) == (paid(site).total(), "complete")


def test_a_list_whose_shards_all_fail_has_failed(site: Site) -> None:
    """It is paid for by a retry, and by nothing before."""
    world = world_of(site)
    site.ipqs.script("upload", [Answer.refusal("Not today.")] * _SHARDS)
    job = world.upload(_KEY, _LIST.encode())
    world.run()

    assert (world.outcome(job), site.ipqs.csvs) == (Outcome.FAILED, [])
    assert world.item(job.job_id)["error"] == "ProviderRejected"

    world.retry(job)
    world.run()

    assert (world.outcome(job), paid(site)) == (Outcome.SUCCEEDED, ALL)


def test_a_cancelled_list_pays_for_no_further_shard(site: Site) -> None:
    """A shard that waits to be sent finds that its list has ended."""
    world = world_of(site)
    site.ipqs.script("upload", [Answer.json({}, 503)] * _SHARDS)
    job = world.upload(_KEY, _LIST.encode())
    world.run(seconds=2)
    assert site.ipqs.csvs == []

    assert world.cancel(job).status == 200
    world.run()

    assert (world.outcome(job), site.ipqs.csvs) == (Outcome.CANCELLED, [])
    assert [notice["outcome"] for notice in world.notices(job)] == ["cancelled"]


def test_nothing_is_paid_twice_or_lost_whatever_fails(site: Site) -> None:
    """Every call of Prepare and of Gather may fail, before or after its effect."""
    few = _LIST.partition("7;")[0].encode()  # two shards
    world, job = run(site, few)
    expected, values = world.objects(job), paid(site)
    calls = world.injector.calls
    ranges = [
        range(calls.index("aws: lambda.prepare"), calls.index("aws: lambda.submit")),
        range(calls.index("aws: lambda.gather"), calls.index("aws: lambda.join")),
    ]

    for number, at in enumerate(at for each in ranges for at in each):
        mode = FOUR_MODES[number % len(FOUR_MODES)]
        world, job = run(site, few, [Fault(at, mode)])

        assert world.outcome(job) is Outcome.SUCCEEDED, (calls[at], mode)
        assert paid(site) == values
        assert world.objects(job).keys() == expected.keys()
        assert verdicts(world, job) == {"verified": 6}
