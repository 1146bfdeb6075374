"""Every route: whatever sort of job it is called for, it answers as it is described.

So does the client: no sort of job is one that its commands cannot show.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from verdict_courier.api_description import RETRYABLE, WITH_RESULTS
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.console.console import WebConsole
from verdict_courier.console.log_sources import AwsConsoleLinks

from functions.core import identity
from tests.unit import recordings
from tests.world.every_route import Routes, operation_ids
from tests.world.job_sorts import RECORDED, SORTS
from tests.world.site import Site
from tests.world.world import World

Document = Mapping[str, Any]
_DONE, _GONE = (200, 202), 410
#: In an order in which most can be done of most jobs.
_ACTIONS = ("check", "approve", "retry", "erase", "cancel", "retry")
#: Longer than a step may write after its execution was stopped.
_QUIET_SECONDS = 1_000.0


class Reader:
    """Who reads a job in every way that there is, and tries what it offers."""

    def __init__(self, routes: Routes, capsys: pytest.CaptureFixture[str]) -> None:
        self.routes = routes
        self._capsys = capsys

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command of the client; return its code, its output and its notes."""
        with self.routes.connected():
            code = main([*words, "--utc"])
        return code, *self._capsys.readouterr()

    def read(self, job_id: str) -> Document:
        """Read a job by all routes and commands, which agree on what it is."""
        job = self.routes.read(job_id)
        gone = self._follow(job)
        code, shown, _ = self.run("status", job_id)
        assert code == _code_of(job), (code, shown)
        facts = dict(line.partition("\t")[::2] for line in shown.splitlines())
        assert ("erased" in facts) == bool(job["erased_at"]), facts
        if job["erased_at"]:
            assert (job["retry"], job["error_key"]) == (None, None)
            assert not job["error"] or "was erased" in job["error"]["advice"]
        self._read_results(job, gone="results" in gone)
        code, words, note = self.run("results", job_id, "--errors")
        assert code == ExitCode.DONE
        assert bool(words) != bool(note), (words, note)
        assert ("erased" in note) == bool(job["erased_at"]), note
        assert ("results" in facts) == ("results" in job["links"])
        if "details" in facts:
            _, *command = facts["details"].split()
            assert self.run(*command)[1] == words, facts["details"]
        return job

    def _read_results(self, job: Document, *, gone: bool) -> None:
        code, shown, note = self.run("results", job["job_id"])
        if "results" in job["links"] and not gone:
            assert code in _SHOWN, note
        elif gone or job["erased_at"]:
            assert (code, shown) == (ExitCode.REFUSED, ""), note
            assert "deleted" in note or "erased" in note
        elif job["outcome"] is None:
            assert code == ExitCode.REFUSED
            assert "has not ended yet" in note
        else:
            assert code == ExitCode.NO_RESULTS
            assert shown or (job["error"] or {"name": job["outcome"]})["name"] in note

    def _follow(self, job: Document) -> set[str]:
        """Follow the links that a job shows; return those to what has expired."""
        gone = set()
        bucket = self.routes.world.s3.buckets[self.routes.world.results]
        for each in (job, *job["earlier_attempts"]):
            for name, answer in self.routes.follow(each["links"]):
                if answer.status == _GONE:
                    key = each["error_key"] if name == "error" else "manifest.json"
                    assert not any(stored.endswith(key) for stored in bucket)
                    gone.add(name)
                else:
                    assert answer.status == 200, (name, answer)
        return gone

    def _has_not_begun(self, job: Document, action: str) -> bool:
        """Return whether a job has no execution, which a retry starts."""
        names = self.routes.world.machine.executions
        is_known = any(name.startswith(job["job_id"]) for name in names)
        return action == "retry" and job["outcome"] is None and not is_known

    def ask_again(self, body: Document, job_id: str) -> None:
        """Ask for a job that is there already, as it is and with an option."""
        again = self.routes.call("POST", "/jobs", body)
        if again.status not in _DONE:  # it was asked for with another body
            assert self.routes.world.item(job_id)["request_hash"]
        assert again.document.get("job_id", job_id) == job_id
        assert self.routes.call("POST", "/jobs", {**body, "column": "9"}).status >= 400

    def read_lists(self, job_id: str) -> None:
        """Read what shows a job among others: lists, and the pages of the console."""
        job = self.routes.call("GET", f"/jobs/{job_id[:12]}").document
        filters = {"provider": job["provider"], "day": job["received_at"][:10]}
        query = {**filters, "outcome": job["outcome"] or "running", "limit": "100"}
        listed = self.routes.call("GET", "/jobs", query=query).document["jobs"]
        assert job in listed
        for words in (("list",), ("watch", "--once"), ("list", "--json")):
            code, shown, _ = self.run(*words)
            assert code == ExitCode.DONE
            assert job_id in shown
        with self.routes.connected() as api:
            console = WebConsole(
                api, stack="local", refresh_seconds=5.0, log_source=AwsConsoleLinks()
            )
            for page in ("data", f"results/{job_id}", f"error/{job_id}"):
                assert (response := console.respond(page))
                assert b"".join(response.chunks)

    def try_actions(self, job_id: str) -> None:
        """Try what can be done to jobs, and read what comes of it for this one."""
        job = self.read(job_id)
        for action in _ACTIONS:
            can_be_done = _offers(job, action) or self._has_not_begun(job, action)
            answer = self.routes.call("POST", f"/jobs/{job_id}/{action}")
            status = answer.status
            if action == "check" and (error := answer.document.get("error")):
                assert "courier results" not in error["advice"], error
            if action in ("approve", "retry"):
                assert (status in _DONE) == can_be_done, (action, job)
            if status in _DONE and action != "check":
                job = self.read(job_id)


def _request_for(item: Document) -> Document:
    """Return the body of a request for a job that is there already."""
    of = ("key", "version_id") if item.get("key") else _KNOWN
    return {name: item[name] for name in of}


_KNOWN = ("provider", "type", "provider_ref")
_SHOWN = (ExitCode.DONE, ExitCode.ROWS_UNPROVEN)


def _code_of(job: Document) -> ExitCode:
    """Return the exit code that is documented for a job."""
    if job["outcome"] is not None and job["outcome"] not in WITH_RESULTS:
        return ExitCode.NO_RESULTS
    is_proven = job["verdict"] in (None, "complete")
    return ExitCode.DONE if is_proven else ExitCode.ROWS_UNPROVEN


def _offers(job: Document, action: str) -> bool:
    """Return whether a job says that it can be approved, or retried."""
    if action == "approve":
        return bool(job["approval"] or job["approved_at"])
    is_open = job["outcome"] is not None and bool(job["retry"])
    return not job["erased_at"] and (is_open or job["outcome"] in RETRYABLE)


def walk(world: World, job_id: str, capsys: pytest.CaptureFixture[str]) -> Routes:
    """Take a job through its life: read, act, let it end, read, erase, read, act."""
    reader = Reader(Routes(world), capsys)
    asked = _request_for(world.item(job_id))
    reader.try_actions(job_id)
    reader.ask_again(asked, job_id)
    world.run()
    world.site.clock.advance(_QUIET_SECONDS)
    reader.read(job_id)
    reader.read_lists(job_id)
    code, shown, _ = reader.run("erase", job_id, "--yes")
    assert (code, "erased\t" in shown) == (ExitCode.DONE, True)
    reader.try_actions(job_id)
    reader.ask_again(asked, job_id)
    return reader.routes


@pytest.mark.parametrize("sort", SORTS)
def test_each_route_answers_for_each_sort_of_job(
    site: Site, sort: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody has called every route for every job before those who use them."""
    world, job = SORTS[sort].made(site)
    parts = [part for part in world.jobs.items if world.item(part).get("batch_id")]
    jobs = Routes(world)
    for part in parts:
        assert jobs.call("GET", f"/jobs/{part}").status == 404

    walk(world, job.job_id, capsys)


@pytest.mark.parametrize("name", sorted(RECORDED - {"request"}))  # a part, of none
def test_each_route_answers_for_a_job_of_an_earlier_release(
    site: Site, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its execution and its objects are not there any more."""
    world = World(site)
    item: dict[str, Any] = recordings.item(f"jobs/{name}")
    job_id = item["job_id"]["S"]
    if "key" in item:  # its id is made of them, and of the bucket
        item["bucket"] = {"S": world.inbox}
        places = (item[name]["S"] for name in ("bucket", "key", "version_id"))
        job_id = identity.of_object(*places)
    world.jobs.items[job_id] = {**item, "job_id": {"S": job_id}}
    site.clock.advance(float(item["received_at"]["N"]) + 60.0 - site.clock.now())
    walk(world, job_id, capsys)


def test_no_route_is_left_out(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """A route that is added is called for every sort of job, too."""
    world, job = SORTS["list"].made(site)
    routes = walk(world, job.job_id, capsys)

    what = {"provider": "ipqs", "type": "email"}
    assert routes.call("POST", "/uploads", what).status == 201
    values = {**what, "values": ["a@rows.example"]}
    assert routes.call("POST", "/memory/forget", values).status == 200

    assert {operation for operation, _ in routes.calls} == operation_ids()
