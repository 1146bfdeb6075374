"""Erasing: nothing is left of a job but its numbers, whatever fails meanwhile."""

import json
from collections.abc import Mapping

import pytest

from functions.aws import erasures
from functions.core.model import Job, Outcome
from tests.world.injection import FOUR_MODES, Fault, Mode, service_error
from tests.world.site import Site
from tests.world.world import World

_KEY = "ipqs/email/kunden von asha.csv"
_LIST = b"Kunde;E-Mail\nAsha;asha@rows.example\nBina;bina@rows.example\n"
_BATCH_KEY = "txncheck/full-check/people of asha.csv"
_BATCH = b"mobile,name\n+919800000000,Asha\n+919800000001,Bina\n12,Chand\n"
#: What the uploader has written, and nobody else has.
_WORDS = ("asha", "bina", "chand", "rows.example", "kunde", "+9198", "june")
_FIFTEEN_MINUTES = 900.0


def run(
    site: Site, *faults: Fault, key: str = _KEY, content: bytes = _LIST
) -> tuple[World, Job]:
    """Upload a list with a name and a label, and let its job end."""
    world = World(site, faults)
    site.ipqs.behave(columns=("Email Address", "Valid"))
    job = world.upload(key, content, announce=False)
    remarks = {"name": "Asha's list.csv", "label": "june"}
    body = {"key": job.key, "version_id": job.version_id, **remarks}
    assert world.call_api("POST", "/jobs", body).status == 202
    world.run()
    return world, job


def erase(world: World, job: Job) -> Mapping[str, object]:
    """Erase a job as the client does, and return the job."""
    for _ in range(30):
        response = world.call_api("POST", f"/jobs/{job.job_id}/erase")
        assert response.status == 200, response
        if response.document["erased_at"]:
            return response.document
    raise AssertionError("it is never done")


def stored(world: World) -> str:
    """Return everything that is stored: keys, contents of all versions, and items."""
    texts = [json.dumps(world.jobs.items), json.dumps(world.waits.items)]
    for bucket in world.s3.buckets.values():
        for key, versions in bucket.items():
            texts.append(key)
            texts += [(each.content or b"").decode("latin-1") for each in versions]
    return "\n".join(texts).casefold()


def found(world: World) -> list[str]:
    """Return the uploader's words that are still stored."""
    text = stored(world)
    return [word for word in _WORDS if word in text]


@pytest.mark.parametrize(("key", "content"), [(_KEY, _LIST), (_BATCH_KEY, _BATCH)])
def test_no_word_of_the_uploader_is_left(site: Site, key: str, content: bytes) -> None:
    """All versions go: of the source, the prepared files, the results, the names."""
    world, job = run(site, key=key, content=content)
    prepared = next(k for k in world.s3.buckets[world.inbox] if k.startswith("batches"))
    world.s3.call(
        "PutObject", {"Bucket": world.inbox, "Key": prepared, "Body": b"asha"}
    )
    result = next(iter(world.s3.buckets[world.results]))
    world.s3.call("DeleteObject", {"Bucket": world.results, "Key": result})
    before = world.call_api("GET", f"/jobs/{job.job_id}").document
    assert {"asha", "bina", "june"} <= {*found(world)}

    after = erase(world, job)

    assert found(world) == []
    assert not world.s3.buckets[world.results]
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"name", "label", "source", "quote", "links", "erased_at"}
    assert (after["outcome"], after["name"]) == (before["outcome"], None)
    assert erase(world, job) == after


def test_other_jobs_keep_what_they_have(site: Site) -> None:
    """Another version under the same key is somebody else's job."""
    world, job = run(site)
    other = world.upload(_KEY, b"E-Mail\nchand@rows.example\n")
    world.run()
    kept = {
        key: [version.content for version in versions]
        for bucket in world.s3.buckets.values()
        for key, versions in bucket.items()
        if other.job_id in key
    }

    erase(world, job)

    after = {
        key: [version.content for version in versions]
        for bucket in world.s3.buckets.values()
        for key, versions in bucket.items()
    }
    assert kept
    assert kept == {key: after[key] for key in kept}
    assert after[_KEY] == [b"E-Mail\nchand@rows.example\n"]
    assert len(after) == len(kept) + 1


def test_a_job_that_runs_is_not_erased(site: Site) -> None:
    """A step would write more; and what is stopped may write for a while."""
    world = World(site)
    job = world.upload(_KEY, _LIST)
    world.run(until_state="Wait")
    path = f"/jobs/{job.job_id}/erase"

    running = world.call_api("POST", path)
    world.cancel(job)
    world.run()
    stopped = world.call_api("POST", path)

    assert (running.status, stopped.status) == (409, 409)
    assert "Cancel it" in running.document["detail"]
    assert "erase it after" in stopped.document["detail"]
    assert {"asha", "bina"} <= {*found(world)}
    site.clock.advance(_FIFTEEN_MINUTES)
    erase(world, job)
    assert found(world) == []


def test_an_erased_job_is_over(site: Site) -> None:
    """It has no results any more, and a retry would find nothing to read."""
    world, job = run(site)
    erase(world, job)

    for method, part in (("GET", "results"), ("GET", "error"), ("POST", "retry")):
        response = world.call_api(method, f"/jobs/{job.job_id}/{part}")
        assert (response.status, response.document["title"]) == (
            410,
            "What was stored of the job was erased.",
        )
    listed = world.call_api("GET", "/jobs").document["jobs"]
    assert [(each["job_id"], each["name"]) for each in listed] == [(job.job_id, None)]


def test_the_sweep_does_not_resume_an_erased_job(site: Site) -> None:
    """A late attempt would fetch the results again."""
    world = World(site)
    site.ipqs.behave(seconds_processing=1e9)
    job = world.upload(_KEY, _LIST)
    world.run(until_state="Wait")
    deadline = world.deployment.providers["ipqs"].poll.deadline_seconds
    site.clock.advance(deadline)
    world.run()
    assert world.item(job.job_id)["outcome"] == Outcome.TIMED_OUT
    erase(world, job)

    site.ipqs.behave(seconds_processing=0.0)
    site.clock.advance(deadline)
    world.sweep()
    world.run()

    assert found(world) == []
    assert world.item(job.job_id).get("attempt", "1") == "1"


def test_a_job_with_very_many_objects_takes_several_calls(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """API Gateway waits for half a minute."""
    monkeypatch.setattr(erasures, "_MOST_PAGES", 1)
    world, job = run(site)

    first = world.call_api("POST", f"/jobs/{job.job_id}/erase").document
    retried = world.retry(job)

    assert first["erased_at"] is None
    assert found(world)
    assert retried.status == 410
    erase(world, job)
    assert found(world) == []


@pytest.mark.parametrize("mode", FOUR_MODES)
def test_erasing_goes_on_where_it_was_cut_off(site: Site, mode: Mode) -> None:
    """Whichever call fails, the next request finds what is left."""
    world, job = run(site)
    first = len(world.injector.calls)
    erase(world, job)
    calls = range(first, len(world.injector.calls))
    assert len(calls) > 5

    for at in calls:
        again, same = run(site, Fault(at, mode))
        for _ in range(3):  # as a person does who is told that it failed
            again.call_api("POST", f"/jobs/{same.job_id}/erase", tries=1)

        document = erase(again, same)

        assert found(again) == []
        assert document["outcome"] == Outcome.SUCCEEDED


def test_what_was_cancelled_and_not_stopped_is_stopped(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its execution would store results after the job was erased."""
    world = World(site)
    site.ipqs.behave(columns=("Email Address", "Valid"), seconds_processing=5_000.0)
    job = world.upload(_KEY, _LIST)
    world.run(until_state="Wait")

    def refuse(call: str, _parameters: object) -> None:
        raise service_error("stepfunctions", call, "ThrottlingException")

    with monkeypatch.context() as patched:
        patched.setattr(world.machine, "call", refuse)
        assert world.cancel(job).status == 503
    site.clock.advance(_FIFTEEN_MINUTES + 1)

    refused = world.call_api("POST", f"/jobs/{job.job_id}/erase")
    site.clock.advance(_FIFTEEN_MINUTES + 1)
    erase(world, job)
    world.run()

    assert refused.status == 409
    assert [each.status for each in world.executions(job)] == ["ABORTED"]
    assert found(world) == []


def test_a_request_for_an_erased_job_writes_no_names(site: Site) -> None:
    """Somebody repeats what they asked before, with the file's name."""
    world, job = run(site)
    erase(world, job)
    remarks = {"name": "Asha's list.csv", "label": "june"}

    world.call_api(
        "POST", "/jobs", {"key": job.key, "version_id": job.version_id, **remarks}
    )

    assert found(world) == []


def test_the_job_of_an_upload_keeps_its_source(site: Site) -> None:
    """A fresh job of the same object is erased, and the other one is prepared anew."""
    world, job = run(site, key=_BATCH_KEY, content=_BATCH)
    body = {"key": job.key, "version_id": job.version_id, "fresh": True}
    fresh = world.call_api("POST", "/jobs", body).document["job_id"]
    world.run()

    assert world.call_api("POST", f"/jobs/{fresh}/erase").document["erased_at"]

    assert [each.content for each in world.s3.buckets[world.inbox][job.key]] == [_BATCH]
    erase(world, job)
    assert found(world) == []


def test_a_key_that_does_not_fit_into_xml_is_erased(site: Site) -> None:
    """S3 takes such a name, and refuses to delete it among others."""
    world = World(site)
    site.ipqs.behave(columns=("Email Address", "Valid"))
    job = world.upload("ipqs/email/asha\x01.csv", _LIST)
    world.run()

    erase(world, job)

    assert found(world) == []
