"""Names: people find a job by their file's name and their label, and nobody else does.

Both may be personal data. They are in the jobs table and in the results bucket, which
are encrypted with the stack's key, and in answers of the API.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from functions.core import keys
from functions.core.model import Job
from tests.canary import Canary
from tests.faults.scenarios import LIST
from tests.world.site import Site
from tests.world.world import World

_NAME = "Zubeida O'Canary (1) é.CSV"
_LABEL = "for Mr Wagtail + co"


@dataclass
class Submitted:
    """A file that was uploaded through the API, and its job."""

    world: World
    job: Job
    answer: Mapping[str, Any]

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the job."""
        document: dict[str, Any] = json.loads(
            self.world.objects(self.job)["manifest.json"]
        )
        return document


def submit(
    site: Site, *, shows: bool = True, early: bool = True, **remarks: str
) -> Submitted:
    """Upload a list through the API, ask for its job and let it end.

    `early` is whether the event of the upload comes before the request for its job.
    """
    world = World(site)
    world.lambdas.variables = {
        function: {**variables, keys.ENV_SHOW_FILE_NAMES: str(shows).lower()}
        for function, variables in world.lambdas.variables.items()
    }
    body = {"provider": "ipqs", "type": "email", "name": _NAME}
    form = world.call_api("POST", "/uploads", body).document
    job = world.upload(form["key"], LIST)
    if early:
        world.run(until_state="Wait")
    request = {**form["find_job"]["body"], "version_id": job.version_id, **remarks}
    answer = world.call_api("POST", "/jobs", request)
    assert answer.status == 202, answer
    world.run()
    return Submitted(world, job, answer.document)


@pytest.mark.parametrize("early", [True, False])
def test_a_name_and_a_label_are_where_people_look(site: Site, early: bool) -> None:
    """Whether the upload's event or the request for its job is the first to come."""
    submitted = submit(site, early=early, label=_LABEL)

    shown = submitted.world.call_api("GET", f"/jobs/{submitted.job.job_id}").document
    (listed,) = submitted.world.call_api("GET", "/jobs").document["jobs"]
    for job in (submitted.answer, shown, listed):
        assert (job["name"], job["label"]) == (_NAME, _LABEL)
    assert submitted.manifest["source"]["name"] == _NAME
    assert submitted.manifest["label"] == _LABEL


def test_names_and_labels_are_nowhere_else(site: Site) -> None:
    """Logs, histories and keys of objects are read by more people, and kept longer."""
    submitted = submit(site, label=_LABEL)
    world = submitted.world
    canary = Canary(("Zubeida", "O'Canary", "Wagtail"))

    for line in world.log.getvalue().splitlines():
        if '"statusCode": 20' not in line:  # an answer of the API
            canary.search("log", line)
    executions = world.machine.executions.values()
    canary.search("history", json.dumps([e.events for e in executions], default=str))
    canary.search("names", json.dumps([e.name for e in executions]))
    canary.search("notices", json.dumps(world.sns.messages))
    canary.search("waits", json.dumps([*world.waits.items.values()]))
    for objects in world.s3.buckets.values():
        for key, versions in objects.items():
            canary.search("object", f"{key} {[v.metadata for v in versions]}")

    assert set(canary.searched) == {
        *("log", "history", "names", "notices", "waits", "object")
    }
    assert not canary.found


def test_a_stage_that_hides_names_keeps_none(site: Site) -> None:
    """Where names are about people, they are not even in the table."""
    submitted = submit(site, shows=False, label=_LABEL)

    shown = submitted.world.call_api("GET", f"/jobs/{submitted.job.job_id}").document
    assert (shown["name"], shown["label"]) == (None, _LABEL)
    assert "name" not in submitted.manifest["source"]
    assert "Zubeida" not in json.dumps([*submitted.world.jobs.items.values()])


def test_the_first_remarks_are_kept(site: Site) -> None:
    """A repeated request changes nothing, whoever repeats it and whatever they say."""
    submitted = submit(site, early=False, label=_LABEL)
    request = {"key": submitted.job.key, "version_id": submitted.job.version_id}

    other = submitted.world.call_api(
        "POST", "/jobs", {**request, "name": "other.csv", "label": "other"}
    )

    assert other.status == 202
    assert (other.document["name"], other.document["label"]) == (_NAME, _LABEL)
    assert other.document["job_id"] == submitted.job.job_id


def test_a_job_without_a_name_has_that_of_its_object(site: Site) -> None:
    """Whoever drops a file into the bucket has named it by its key."""
    world = World(site)
    job = world.upload("ipqs/email/folder/june list.csv", LIST)
    world.run()

    shown = world.call_api("GET", f"/jobs/{job.job_id}").document
    manifest = json.loads(world.objects(job)["manifest.json"])

    assert shown["name"] == manifest["source"]["name"] == "june list.csv"
