"""Promises: what holds after every run, whatever failed in it (I1 to I6)."""

import hashlib
import json
from collections.abc import Sequence

from functions.core.model import Job, Outcome, State
from tests.faults.harness import KINDS, StepHarness


def check_invariants(bench: StepHarness, ended: Job, told: Sequence[State]) -> None:
    """Hold the six invariants against what a run left behind.

    I5, that nothing leaks, is the canary's, over the whole session.
    """
    _visible_is_whole(bench, ended)
    _success_is_complete(bench, ended)
    _told_is_recorded(bench, ended, told)
    assert ended.outcome is Outcome.SUCCEEDED, f"I4: lost, by {ended.error}"
    assert bench.uploads(ended) == 1, "I6: paid once"


def _visible_is_whole(bench: StepHarness, job: Job) -> None:
    for name, versions in bench.versions(job).items():
        assert versions == 1, f"I1: {name} was written again"
        kind = name.removesuffix(".csv")
        if kind in KINDS:
            assert bench.result(job, name) == bench.expected[kind], f"I1: {name}"


def _success_is_complete(bench: StepHarness, job: Job) -> None:
    if job.outcome is not Outcome.SUCCEEDED:
        return
    content = bench.result(job, "manifest.json")
    assert content is not None, "I2: success without a manifest"
    listed = {file["kind"]: file for file in json.loads(content)["files"]}
    assert set(listed) == set(KINDS), "I2: the manifest lacks a result"
    for kind, file in listed.items():
        stored = bench.result(job, f"{kind}.csv")
        assert stored is not None, f"I2: {kind} is not there"
        assert hashlib.sha256(stored).hexdigest() == file["sha256"], f"I2: {kind}"
        assert len(stored) == file["bytes"], f"I2: {kind}"


def _told_is_recorded(bench: StepHarness, job: Job, told: Sequence[State]) -> None:
    item = bench.item(job)
    assert [notice["outcome"] for notice in told] == [item["outcome"]], "I3, I6"
    assert all(notice["job_id"] == job.job_id for notice in told), "I6"
