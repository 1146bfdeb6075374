"""Invariants: what holds after every run, whatever failed in it (I1 to I6)."""

import hashlib
import json
from collections.abc import Sequence

from functions.core.errors import SubmitOutcomeUnknown
from functions.core.model import Job, Outcome, State
from tests.faults.harness import KINDS, StepHarness


def check_invariants(
    harness: StepHarness,
    ended: Job,
    notifications: Sequence[State],
    *,
    may_be_unknown: bool = False,
) -> None:
    """Assert the invariants I1 to I4 and I6 for a job that has ended.

    `may_be_unknown` is whether its submission broke off in such a way that only a
    person can decide. I5, that nothing leaks, is checked by the canary over the whole
    session.
    """
    _assert_visible_results_are_complete(harness, ended)
    _assert_success_has_all_results(harness, ended)
    _assert_recorded_and_notified_once(harness, ended, notifications)
    if may_be_unknown and ended.error == SubmitOutcomeUnknown.__name__:
        assert harness.paid_uploads(ended) == 0, "I6: it is listed"
        return
    assert ended.outcome is Outcome.SUCCEEDED, f"I4: lost, by {ended.error}"
    assert harness.paid_uploads(ended) == 1, "I6: paid once"


def _assert_visible_results_are_complete(harness: StepHarness, job: Job) -> None:
    for name, versions in harness.versions(job).items():
        assert versions == 1, f"I1: {name} was written again"
        kind = name.removesuffix(".csv")
        if kind in KINDS:
            assert harness.result(job, name) == harness.expected[kind], f"I1: {name}"


def _assert_success_has_all_results(harness: StepHarness, job: Job) -> None:
    if job.outcome is not Outcome.SUCCEEDED:
        return
    content = harness.result(job, "manifest.json")
    assert content is not None, "I2: success without a manifest"
    listed = {file["kind"]: file for file in json.loads(content)["files"]}
    assert set(listed) == set(KINDS), "I2: the manifest lacks a result"
    for kind, file in listed.items():
        stored = harness.result(job, f"{kind}.csv")
        assert stored is not None, f"I2: {kind} is not there"
        assert hashlib.sha256(stored).hexdigest() == file["sha256"], f"I2: {kind}"
        assert len(stored) == file["bytes"], f"I2: {kind}"


def _assert_recorded_and_notified_once(
    harness: StepHarness, job: Job, notifications: Sequence[State]
) -> None:
    outcomes = [notification["outcome"] for notification in notifications]
    assert outcomes == [harness.item(job)["outcome"]], "I3, I6"
    assert all(sent["job_id"] == job.job_id for sent in notifications), "I6"
